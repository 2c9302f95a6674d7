//! Background work, and what workers and start-up read without a caller. No handler uses this module.
//!
//! A file has one worker at a time. Whoever leased a job ends it with [`Store::finish_job`] or [`Store::retry_job`], also when it was
//! cancelled: what waits for the same file (the erasing of a deleted one, say) does not begin before that, or before the lease runs out.
//! A worker whose lease ran out and was taken by another one changes nothing any more, neither the job nor the file.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use transom_domain::{File, FileId, FileStatus, Fingerprint, JobId, Text, UserId, WorkerId};

use crate::entity::{file, job};
use crate::query::IDS_AT_ONCE;
use crate::{Store, StoreError, leases, queue, texts};

/// What a job does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Extract, split, embed and store a file.
    Process(FileId),
    /// Split, embed and store the text that a file has already.
    Index(FileId),
    /// Remove a deleted file's bytes (at this object path) and vectors.
    Erase(FileId, String),
}

impl JobKind {
    /// The file it is about.
    pub fn file(&self) -> &FileId {
        match self {
            JobKind::Process(id) | JobKind::Index(id) | JobKind::Erase(id, _) => id,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            JobKind::Process(_) => "process",
            JobKind::Index(_) => "index",
            JobKind::Erase(..) => "erase",
        }
    }
}

/// A leased job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The worker that holds its lease.
    pub owner: WorkerId,
    /// What to do.
    pub kind: JobKind,
    /// How often it was tried, this time included.
    pub attempt: u32,
}

/// What a worker's result is about.
///
/// With a [`Job`], the result counts only while that worker holds that job's lease; with a [`FileId`] alone, whoever holds it.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    file: &'a FileId,
    job: Option<&'a Job>,
}

impl<'a> From<&'a Job> for Work<'a> {
    fn from(job: &'a Job) -> Self {
        Self { file: job.kind.file(), job: Some(job) }
    }
}

impl<'a> From<&'a FileId> for Work<'a> {
    fn from(file: &'a FileId) -> Self {
        Self { file, job: None }
    }
}

impl Store {
    /// How many jobs wait or run.
    pub async fn count_jobs(&self) -> Result<u64, StoreError> {
        Ok(job::Entity::find().count(&self.read).await?)
    }

    /// Where the bytes of deleted files are that a job is still to erase.
    pub async fn paths_to_erase(&self) -> Result<Vec<String>, StoreError> {
        let paths = job::Entity::find().select_only().column(job::Column::ObjectPath).filter(job::Column::ObjectPath.is_not_null());
        Ok(paths.into_tuple().all(&self.read).await?)
    }

    /// A file, for the worker that processes it.
    pub async fn job_file(&self, id: &FileId) -> Result<Option<File>, StoreError> {
        file::Entity::find_by_id(id.as_str()).one(&self.read).await?.map(File::try_from).transpose()
    }

    /// Its text.
    pub async fn job_text(&self, id: &FileId) -> Result<Option<Text>, StoreError> {
        texts::of(&self.read, id).await
    }

    /// Keeps the extracted text and its SHA-256 (hex); `false` where the file is gone, the work was cancelled or its lease was lost.
    pub async fn keep_text(&self, work: impl Into<Work<'_>>, text: &Text, text_hash: &str) -> Result<bool, StoreError> {
        let work = work.into();
        let tx = self.begin().await?;
        if !wanted(&tx, work).await? {
            return Ok(false);
        }
        texts::keep(&tx, work.file, text, text_hash).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Sets a file's status and the reason of a failure; `false` where the file is gone, the work was cancelled or its lease was lost.
    pub async fn set_status(&self, work: impl Into<Work<'_>>, status: FileStatus, error: Option<&str>) -> Result<bool, StoreError> {
        let work = work.into();
        let tx = self.begin().await?;
        let wanted = wanted(&tx, work).await? && texts::status(&tx, work.file, status, error).await?;
        tx.commit().await?;
        Ok(wanted)
    }

    /// Notes whose vectors of the file are stored, which languages (ISO 639-3) its text is in, and that it is completed; `false` where
    /// the file is gone, the work was cancelled or its lease was lost.
    pub async fn set_indexed(&self, work: impl Into<Work<'_>>, fingerprint: &Fingerprint, languages: &[&str]) -> Result<bool, StoreError> {
        let work = work.into();
        let tx = self.begin().await?;
        if !wanted(&tx, work).await? {
            return Ok(false);
        }
        file::Entity::update_many()
            .col_expr(file::Column::Fingerprint, Expr::value(fingerprint.0.as_str()))
            .col_expr(file::Column::Languages, Expr::value((!languages.is_empty()).then(|| languages.join(" "))))
            .filter(file::Column::Id.eq(work.file.as_str()))
            .exec(&tx)
            .await?;
        texts::status(&tx, work.file, FileStatus::Completed, None).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Every file's id, object path and fingerprint: for `doctor` and repair.
    pub async fn all_files(&self) -> Result<Vec<File>, StoreError> {
        let rows = file::Entity::find().order_by_asc(file::Column::Ordinal).all(&self.read).await?;
        rows.into_iter().map(File::try_from).collect()
    }

    /// Leaves an [`JobKind::Index`] job for each completed file whose fingerprint is not `keep` (for all of them where `keep` is `None`). How many.
    /// A file that has such a job already gets no second one.
    pub async fn reindex_files(&self, keep: Option<&Fingerprint>) -> Result<u64, StoreError> {
        let stale = keep.map(|keep| file::Column::Fingerprint.is_null().or(file::Column::Fingerprint.ne(keep.0.as_str())));
        let mut waiting = Query::select();
        waiting.column(job::Column::FileId).from(job::Entity).and_where(job::Column::Cancelled.eq(false));
        let tx = self.begin().await?;
        let ids = file::Entity::find()
            .select_only()
            .columns([file::Column::Id, file::Column::UserId])
            .filter(file::Column::Status.eq(FileStatus::Completed.as_str()))
            .filter(Condition::all().add_option(stale))
            .filter(file::Column::Id.not_in_subquery(waiting))
            .order_by_asc(file::Column::Ordinal)
            .into_tuple::<(String, String)>()
            .all(&tx)
            .await?;
        for ids in ids.chunks(IDS_AT_ONCE) {
            queue::leave_all(&tx, index_jobs(ids)).await?;
        }
        tx.commit().await?;
        Ok(ids.len() as u64)
    }

    /// Leaves an [`JobKind::Index`] job for each of these files that is completed, and makes its status pending: for vectors that are lost. How many.
    pub async fn index_files(&self, ids: &[FileId]) -> Result<u64, StoreError> {
        let tx = self.begin().await?;
        let mut left = 0;
        for ids in ids.chunks(IDS_AT_ONCE) {
            let completed: Vec<(String, String)> = file::Entity::find()
                .select_only()
                .columns([file::Column::Id, file::Column::UserId])
                .filter(file::Column::Id.is_in(ids.iter().map(FileId::as_str)))
                .filter(file::Column::Status.eq(FileStatus::Completed.as_str()))
                .into_tuple()
                .all(&tx)
                .await?;
            file::Entity::update_many()
                .col_expr(file::Column::Status, Expr::value(FileStatus::Pending.as_str()))
                .filter(file::Column::Id.is_in(completed.iter().map(|(id, _)| id.as_str())))
                .exec(&tx)
                .await?;
            left += completed.len() as u64;
            queue::leave_all(&tx, index_jobs(&completed)).await?;
        }
        tx.commit().await?;
        Ok(left)
    }
}

/// A job to index each of these files, given with their accounts.
fn index_jobs(files: &[(String, String)]) -> Vec<(UserId, JobKind)> {
    files.iter().map(|(file, account)| (account.as_str().into(), JobKind::Index(file.as_str().into()))).collect()
}

/// Whether a worker's result still counts: the file is there, the work was not cancelled, and the worker still holds its lease.
/// Locks the rows until the transaction ends.
async fn wanted(tx: &DatabaseTransaction, work: Work<'_>) -> Result<bool, StoreError> {
    if file::Entity::find_by_id(work.file.as_str()).lock_exclusive().one(tx).await?.is_none() {
        return Ok(false);
    }
    if let Some(job) = work.job {
        return Ok(job::Entity::find().filter(leases::held(job)).lock_exclusive().one(tx).await?.is_some_and(|row| !row.cancelled));
    }
    let cancelled = job::Entity::find().filter(job::Column::FileId.eq(work.file.as_str())).filter(job::Column::Cancelled.eq(true));
    Ok(cancelled.one(tx).await?.is_none())
}
