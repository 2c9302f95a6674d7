//! Which files are in which collections.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use transom_domain::{Caller, File, FileId, KnowledgeId, NewFile, Permission, now};

use crate::entity::{file, knowledge, knowledge_file};
use crate::knowledge::{changeable, put};
use crate::query::{IDS_AT_ONCE, Whose};
use crate::{FileQuery, Store, StoreError, access, files, links};

impl Store {
    /// The files that the caller may read in a collection that it may read, and how many there are; `None` where it may not read the
    /// collection.
    pub async fn knowledge_files(
        &self,
        caller: &Caller,
        id: &KnowledgeId,
        query: &FileQuery,
    ) -> Result<Option<(Vec<File>, u64)>, StoreError> {
        if self.knowledge(caller, id, Permission::Read).await?.is_none() {
            return Ok(None);
        }
        let mut members = Query::select();
        members
            .column(knowledge_file::Column::FileId)
            .from(knowledge_file::Entity)
            .and_where(knowledge_file::Column::KnowledgeId.eq(id.as_str()));
        // A collection that may be read can hold files that may not.
        let readable = access::files(caller, Permission::Read);
        let mut select = file::Entity::find().filter(file::Column::Id.in_subquery(members)).filter(readable);
        let whose = if query.own { Whose::Own } else { query.whose };
        select = select.filter(Condition::all().add_option(whose.filter((file::Entity, file::Column::UserId), caller)));
        let select = query.filter(select);
        let total = select.clone().count(&self.read).await?;
        let rows = query.page(select).all(&self.read).await?;
        Ok(Some((rows.into_iter().map(File::try_from).collect::<Result<_, _>>()?, total)))
    }

    /// Puts files that the caller may change into a collection that it may change; succeeds where they are in it already.
    /// `false`, and nothing is done, where any of this is missing, or where the caller's right to a file is not one to pass on.
    pub async fn add_to_knowledge(&self, caller: &Caller, id: &KnowledgeId, files: &[FileId]) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, id).await? else { return Ok(false) };
        let wanted: Vec<&FileId> = files.iter().collect::<HashSet<_>>().into_iter().collect();
        if permitted(&tx, caller, &wanted).await? < wanted.len() || !link(&tx, caller, id, &wanted).await? {
            return Ok(false);
        }
        put(&tx, row, None).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Makes a file row of the caller's, as [`Store::create_file`] does, in a collection that the caller may change: all in one transaction.
    /// `None`, and nothing is done, where it may not.
    pub async fn create_file_in_knowledge(
        &self,
        caller: &Caller,
        new: NewFile,
        process: bool,
        id: &KnowledgeId,
    ) -> Result<Option<File>, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        let made = files::insert(&tx, caller, new, process).await?;
        link(&tx, caller, id, &[&made.id]).await?;
        put(&tx, row, None).await?;
        tx.commit().await?;
        Ok(Some(made))
    }

    /// Takes a file out of a collection that the caller may change; whether it was in it.
    pub async fn remove_from_knowledge(&self, caller: &Caller, id: &KnowledgeId, file: &FileId) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, id).await? else { return Ok(false) };
        let member = (id.as_str().to_owned(), file.as_str().to_owned());
        let removed = knowledge_file::Entity::delete_by_id(member).exec(&tx).await?.rows_affected > 0;
        if removed {
            put(&tx, row, None).await?;
        }
        tx.commit().await?;
        Ok(removed)
    }
}

/// How many of the files the caller may change. They are locked until the transaction ends.
async fn permitted(tx: &DatabaseTransaction, caller: &Caller, files: &[&FileId]) -> Result<usize, StoreError> {
    let mut permitted = 0;
    for files in files.chunks(IDS_AT_ONCE) {
        let rows = file::Entity::find()
            .filter(file::Column::Id.is_in(files.iter().map(|file| file.as_str())))
            .filter(access::files(caller, Permission::Write))
            .lock_shared()
            .all(tx)
            .await?;
        permitted += rows.len();
    }
    Ok(permitted)
}

/// Links files that the caller may change. `false` where a link would not open its file.
///
/// A link that is there keeps its adder, so that it does not depend on a weaker right than before, unless it opens nothing.
async fn link(tx: &DatabaseTransaction, caller: &Caller, id: &KnowledgeId, files: &[&FileId]) -> Result<bool, StoreError> {
    use knowledge_file::Column;
    let at = now();
    for files in files.chunks(IDS_AT_ONCE) {
        let ids = || files.iter().map(|file| file.as_str());
        let rows = files.iter().map(|file| knowledge_file::ActiveModel {
            knowledge_id: Set(id.as_str().to_owned()),
            file_id: Set(file.as_str().to_owned()),
            changeable: Set(true),
            created_at: Set(at),
            added_by: Set(caller.id.as_str().to_owned()),
        });
        let mut again = OnConflict::columns([Column::KnowledgeId, Column::FileId]);
        knowledge_file::Entity::insert_many(rows).on_conflict(again.do_nothing().to_owned()).exec_without_returning(tx).await?;
        let is_owner = Expr::col((file::Entity, file::Column::UserId)).eq(caller.id.as_str());
        let by_owner = Expr::col(("knowledge_file", Column::AddedBy)).equals((file::Entity, file::Column::UserId));
        let is_admin = caller.is_admin().then(|| by_owner.not());
        let opens = links::open(Permission::Write);
        let replaced = linked(id, ids(), Condition::any().add(is_owner).add_option(is_admin).add(opens.clone().not()));
        knowledge_file::Entity::update_many()
            .col_expr(Column::AddedBy, Expr::value(caller.id.as_str()))
            .col_expr(Column::Changeable, Expr::value(true))
            .filter(Column::KnowledgeId.eq(id.as_str()))
            .filter(Column::FileId.in_subquery(replaced))
            .exec(tx)
            .await?;
        let open = knowledge_file::Entity::find()
            .filter(Column::KnowledgeId.eq(id.as_str()))
            .filter(Column::FileId.in_subquery(linked(id, ids(), Condition::all().add(opens))))
            .count(tx)
            .await?;
        if open < files.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The ids of the files whose links in this collection fulfil a condition.
fn linked<'a>(id: &KnowledgeId, files: impl Iterator<Item = &'a str>, which: Condition) -> SelectStatement {
    let link = |column| ("knowledge_file", column);
    let mut select = Query::select();
    select
        .column(link(knowledge_file::Column::FileId))
        .from(knowledge_file::Entity)
        .inner_join(file::Entity, Expr::col((file::Entity, file::Column::Id)).equals(link(knowledge_file::Column::FileId)))
        .inner_join(
            knowledge::Entity,
            Expr::col((knowledge::Entity, knowledge::Column::Id)).equals(link(knowledge_file::Column::KnowledgeId)),
        )
        .and_where(Expr::col(link(knowledge_file::Column::KnowledgeId)).eq(id.as_str()))
        .and_where(Expr::col(link(knowledge_file::Column::FileId)).is_in(files))
        .cond_where(which);
    select
}
