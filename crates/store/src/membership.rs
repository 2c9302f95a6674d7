//! Which files are in which collections.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use transom_domain::{Caller, File, FileId, KnowledgeId, Permission, now};

use crate::entity::{file, knowledge_file};
use crate::knowledge::{changeable, put};
use crate::query::IDS_AT_ONCE;
use crate::{FileQuery, Store, StoreError, access};

impl Store {
    /// The files in a collection that the caller may read, and how many there are; `None` where it may not.
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
        let mut select = file::Entity::find().filter(file::Column::Id.in_subquery(members));
        if query.own {
            select = select.filter(file::Column::UserId.eq(caller.id.as_str()));
        }
        let select = query.filter(select);
        let total = select.clone().count(&self.read).await?;
        let rows = query.page(select).all(&self.read).await?;
        Ok(Some((rows.into_iter().map(File::try_from).collect::<Result<_, _>>()?, total)))
    }

    /// Puts files that the caller may read into a collection that it may change; succeeds where they are in it already.
    /// `false`, and nothing is done, where the caller may not, or any of them is missing.
    pub async fn add_to_knowledge(&self, caller: &Caller, id: &KnowledgeId, files: &[FileId]) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, id).await? else { return Ok(false) };
        let wanted: Vec<&FileId> = files.iter().collect::<HashSet<_>>().into_iter().collect();
        let readable = permitted(&tx, caller, &wanted, Permission::Read).await?;
        if readable.len() < wanted.len() {
            return Ok(false);
        }
        let changeable = permitted(&tx, caller, &wanted, Permission::Write).await?;
        let (changeable, others) = wanted.into_iter().partition::<Vec<_>, _>(|file| changeable.contains(file.as_str()));
        insert(&tx, id, &changeable, true).await?;
        insert(&tx, id, &others, false).await?;
        put(&tx, row, None).await?;
        tx.commit().await?;
        Ok(true)
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

/// Which of the files the caller may read or change. They are locked until the transaction ends.
async fn permitted(
    tx: &DatabaseTransaction,
    caller: &Caller,
    files: &[&FileId],
    needed: Permission,
) -> Result<HashSet<String>, StoreError> {
    let mut permitted = HashSet::new();
    for files in files.chunks(IDS_AT_ONCE) {
        let rows = file::Entity::find()
            .filter(file::Column::Id.is_in(files.iter().map(|file| file.as_str())))
            .filter(access::files(caller, needed))
            .lock_shared()
            .all(tx)
            .await?;
        permitted.extend(rows.into_iter().map(|row| row.id));
    }
    Ok(permitted)
}

/// `changeable` as the column says. A file that somebody puts in again who can change it becomes changeable; it never stops being so.
async fn insert(tx: &DatabaseTransaction, id: &KnowledgeId, files: &[&FileId], changeable: bool) -> Result<(), StoreError> {
    use knowledge_file::Column;
    let at = now();
    for files in files.chunks(IDS_AT_ONCE) {
        let rows = files.iter().map(|file| knowledge_file::ActiveModel {
            knowledge_id: Set(id.as_str().to_owned()),
            file_id: Set(file.as_str().to_owned()),
            changeable: Set(changeable),
            created_at: Set(at),
        });
        let mut again = OnConflict::columns([Column::KnowledgeId, Column::FileId]);
        if changeable {
            again.value(Column::Changeable, Expr::value(true));
        } else {
            again.do_nothing();
        }
        knowledge_file::Entity::insert_many(rows).on_conflict(again).exec_without_returning(tx).await?;
    }
    Ok(())
}
