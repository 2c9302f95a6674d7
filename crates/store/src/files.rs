//! Uploaded files: rows and extracted text.
//!
//! A caller reads a file that is its own, or that a collection opens which it may read; it changes its own, or one that a collection opens
//! which it may write (`links` says when a collection does); administrators read and change all.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use transom_domain::{Caller, File, FileId, FileStatus, NewFile, Permission, Role, Text, now};

use crate::entity::{file, file_text, job};
use crate::jobs::JobKind;
use crate::json;
use crate::query::{IDS_AT_ONCE, Whose, fits, fold, never, ordinal, page};
use crate::texts::{self, status};
use crate::{Direction, Store, StoreError, access, queue};

/// What files can be ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileOrder {
    /// When they were uploaded.
    #[default]
    CreatedAt,
    /// When they were changed.
    UpdatedAt,
    /// By name.
    Name,
}

/// Which files to list.
#[derive(Clone, Debug, Default)]
pub struct FileQuery {
    /// A pattern for the name: `*` any text, `?` one character; case-insensitive. `None` for all.
    pub name: Option<String>,
    /// Only the caller's own, also for administrators.
    pub own: bool,
    /// Whose, of the files in a collection.
    pub whose: Whose,
    /// Order.
    pub order: FileOrder,
    /// Direction.
    pub direction: Direction,
    /// How many to pass over.
    pub skip: u64,
    /// How many at most; `None` for all.
    pub limit: Option<u64>,
}

impl FileQuery {
    pub(crate) fn filter(&self, select: Select<file::Entity>) -> Select<file::Entity> {
        select.filter(Condition::all().add_option(self.name.as_deref().map(|name| fits((file::Entity, file::Column::Folded), name))))
    }

    pub(crate) fn page(&self, select: Select<file::Entity>) -> Select<file::Entity> {
        let column = match self.order {
            FileOrder::CreatedAt => file::Column::CreatedAt,
            FileOrder::UpdatedAt => file::Column::UpdatedAt,
            FileOrder::Name => file::Column::Folded,
        };
        let select = select.order_by(column, self.direction.into()).order_by(file::Column::Ordinal, self.direction.into());
        page(select, self.skip, self.limit)
    }
}

impl Store {
    /// Makes a file row of the caller's; with `process`, its job in the same transaction.
    pub async fn create_file(&self, caller: &Caller, new: NewFile, process: bool) -> Result<File, StoreError> {
        let tx = self.begin().await?;
        let made = insert(&tx, caller, new, process).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// A file that the caller may read, or change.
    pub async fn file(&self, caller: &Caller, id: &FileId, needed: Permission) -> Result<Option<File>, StoreError> {
        let row = file::Entity::find_by_id(id.as_str()).filter(access::files(caller, needed)).one(&self.read).await?;
        row.map(File::try_from).transpose()
    }

    /// The files that are the caller's (all, for administrators), and how many the query has without skip and limit.
    pub async fn list_files(&self, caller: &Caller, query: &FileQuery) -> Result<(Vec<File>, u64), StoreError> {
        let whose = match caller.role {
            Role::Pending => Condition::all().add(never()),
            Role::Admin if !query.own => Condition::all(),
            Role::Admin | Role::User => Condition::all().add(file::Column::UserId.eq(caller.id.as_str())),
        };
        let select = query.filter(file::Entity::find().filter(whose));
        let total = select.clone().count(&self.read).await?;
        let rows = query.page(select).all(&self.read).await?;
        Ok((rows.into_iter().map(File::try_from).collect::<Result<_, _>>()?, total))
    }

    /// The extracted text of a file that the caller may read; `None` where the file or its text is missing.
    pub async fn file_text(&self, caller: &Caller, id: &FileId) -> Result<Option<Text>, StoreError> {
        if self.file(caller, id, Permission::Read).await?.is_none() {
            return Ok(None);
        }
        texts::of(&self.read, id).await
    }

    /// The extracted texts of files that the caller may read, by id; for lists.
    pub async fn file_texts(&self, caller: &Caller, ids: &[FileId]) -> Result<HashMap<FileId, String>, StoreError> {
        let mut found = HashMap::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let readable = file::Entity::find()
                .select_only()
                .column(file::Column::Id)
                .filter(file::Column::Id.is_in(ids.iter().map(FileId::as_str)))
                .filter(access::files(caller, Permission::Read))
                .into_tuple::<String>()
                .all(&self.read)
                .await?;
            let rows = file_text::Entity::find().filter(file_text::Column::FileId.is_in(readable)).all(&self.read).await?;
            found.extend(rows.into_iter().map(|row| (FileId::from(row.file_id), row.text)));
        }
        Ok(found)
    }

    /// Replaces the text of a file that the caller may change, and leaves a job to index it again. Its status becomes pending.
    /// Work on the file's earlier text is cancelled.
    pub async fn replace_file_text(&self, caller: &Caller, id: &FileId, text: &Text) -> Result<Option<File>, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        texts::keep(&tx, id, text, &hex::encode(Sha256::digest(&text.text))).await?;
        let file = put_back(&tx, row, JobKind::Index(id.clone())).await?;
        tx.commit().await?;
        Ok(file)
    }

    /// Renames a file that the caller may change.
    pub async fn rename_file(&self, caller: &Caller, id: &FileId, name: &str) -> Result<Option<File>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        row.filename = name.to_owned();
        row.folded = fold(name);
        row.updated_at = now();
        file::Entity::update_many()
            .col_expr(file::Column::Filename, Expr::value(row.filename.as_str()))
            .col_expr(file::Column::Folded, Expr::value(row.folded.as_str()))
            .col_expr(file::Column::UpdatedAt, Expr::value(row.updated_at))
            .filter(file::Column::Id.eq(id.as_str()))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        row.try_into().map(Some)
    }

    /// Leaves a job to extract and index a file that the caller may change (again). Its status becomes pending.
    /// Earlier work on it is cancelled.
    pub async fn process_file(&self, caller: &Caller, id: &FileId) -> Result<Option<File>, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        let file = put_back(&tx, row, JobKind::Process(id.clone())).await?;
        tx.commit().await?;
        Ok(file)
    }

    /// Leaves a job to index the text of a file that the caller may change again, or to extract it where there is none.
    /// Its status becomes pending. Earlier work on it is cancelled.
    pub async fn index_file(&self, caller: &Caller, id: &FileId) -> Result<Option<File>, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        let file = put_back(&tx, row, JobKind::Index(id.clone())).await?;
        tx.commit().await?;
        Ok(file)
    }

    /// Deletes a file that the caller may change: row, text, memberships and waiting jobs, and leaves a job to erase bytes and vectors.
    pub async fn delete_file(&self, caller: &Caller, id: &FileId) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        if changeable(&tx, caller, id).await?.is_none() {
            return Ok(false);
        }
        let deleted = erase(&tx, Condition::all().add(file::Column::Id.eq(id.as_str()))).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }

    /// The same for every file there is; nothing unless the caller is an administrator. How many.
    pub async fn delete_all_files(&self, caller: &Caller) -> Result<u64, StoreError> {
        if !caller.is_admin() {
            return Ok(0);
        }
        let tx = self.begin().await?;
        let deleted = erase(&tx, Condition::all()).await?;
        tx.commit().await?;
        Ok(deleted)
    }
}

/// Inserts a row of the caller's; with `process`, its job too.
pub(crate) async fn insert(tx: &DatabaseTransaction, caller: &Caller, new: NewFile, process: bool) -> Result<File, StoreError> {
    let at = now();
    let row = file::Model {
        id: new.id.into(),
        user_id: caller.id.as_str().to_owned(),
        folded: fold(&new.filename),
        filename: new.filename,
        object_path: new.object_path,
        file_hash: new.file_hash,
        text_hash: None,
        size: i64::try_from(new.size).unwrap_or(i64::MAX),
        content_type: new.content_type,
        status: if process { FileStatus::Pending } else { FileStatus::Unprocessed }.as_str().to_owned(),
        error: None,
        fingerprint: None,
        languages: None,
        pages: None,
        metadata: json::FILE_METADATA.keep(new.metadata)?,
        created_at: at,
        updated_at: at,
        ordinal: ordinal(),
    };
    let made = File::try_from(row.clone())?;
    file::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    if process {
        queue::leave(tx, &made.user_id, JobKind::Process(made.id.clone())).await?;
    }
    Ok(made)
}

/// The row of a file that the caller may change, locked until the transaction ends.
async fn changeable(tx: &DatabaseTransaction, caller: &Caller, id: &FileId) -> Result<Option<file::Model>, StoreError> {
    let select = file::Entity::find_by_id(id.as_str()).filter(access::files(caller, Permission::Write));
    Ok(select.lock_exclusive().one(tx).await?)
}

/// Cancels the work on a file, leaves this job instead, and makes the file wait for it.
async fn put_back(tx: &DatabaseTransaction, row: file::Model, kind: JobKind) -> Result<Option<File>, StoreError> {
    queue::cancel(tx, Condition::all().add(job::Column::FileId.eq(row.id.as_str()))).await?;
    queue::leave(tx, &row.user_id.into(), kind).await?;
    status(tx, &row.id.as_str().into(), FileStatus::Pending, None).await?;
    file::Entity::find_by_id(row.id).one(tx).await?.map(File::try_from).transpose()
}

/// Deletes files with their texts, memberships and work, and leaves a job for each to erase its bytes and vectors.
pub(crate) async fn erase(tx: &DatabaseTransaction, which: Condition) -> Result<u64, StoreError> {
    let mut erased = 0;
    loop {
        let rows = file::Entity::find().filter(which.clone()).limit(IDS_AT_ONCE as u64).lock_exclusive().all(tx).await?;
        if rows.is_empty() {
            return Ok(erased);
        }
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        queue::cancel(tx, Condition::all().add(job::Column::FileId.is_in(ids.iter().copied()))).await?;
        // Texts and memberships go with the row.
        erased += file::Entity::delete_many().filter(file::Column::Id.is_in(ids)).exec(tx).await?.rows_affected;
        let jobs = rows.into_iter().map(|row| (queue::nobody(), JobKind::Erase(row.id.into(), row.object_path)));
        queue::leave_all(tx, jobs.collect()).await?;
    }
}

impl TryFrom<file::Model> for File {
    type Error = StoreError;

    fn try_from(row: file::Model) -> Result<Self, StoreError> {
        let Value::Object(metadata) = row.metadata.into_value() else { return Err(StoreError::unreadable("metadata")) };
        Ok(File {
            id: row.id.into(),
            user_id: row.user_id.into(),
            filename: row.filename,
            object_path: row.object_path,
            file_hash: row.file_hash,
            text_hash: row.text_hash,
            size: u64::try_from(row.size).unwrap_or(0),
            content_type: row.content_type,
            status: serde_json::from_value(row.status.into()).map_err(|_| StoreError::unreadable("status"))?,
            error: row.error,
            fingerprint: row.fingerprint.map(transom_domain::Fingerprint),
            pages: row.pages.and_then(|pages| u32::try_from(pages).ok()),
            languages: row.languages.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            metadata,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
