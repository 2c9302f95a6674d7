//! Background work, and what workers and start-up read without a caller. No handler uses this module.
//!
//! A file has one worker at a time. Whoever leased a job ends it with [`Store::finish_job`] or [`Store::retry_job`], also when it was
//! cancelled: what waits for the same file (the erasing of a deleted one, say) does not begin before that, or before the lease runs out.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use transom_domain::{File, FileId, FileStatus, Fingerprint, JobId, Text, Timestamp, UserId};

use crate::connect::Lock;
use crate::entity::{file, job};
use crate::query::IDS_AT_ONCE;
use crate::{Store, StoreError, queue, texts};

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
    /// What to do.
    pub kind: JobKind,
    /// How often it was tried, this time included.
    pub attempt: u32,
}

impl Store {
    /// Takes the job whose turn it is of those that are due and that nobody holds, until `now + lease_seconds`. Accounts take turns; an
    /// account's jobs come oldest first. A lease that ran out is free again.
    /// Passes over jobs of a file that another job is being done for, and over those of an account that has `at_once` leased already.
    pub async fn lease_job(&self, now: Timestamp, lease_seconds: i64, at_once: usize) -> Result<Option<Job>, StoreError> {
        // Workers ask often and mostly in vain: that must not take the writer.
        if job::Entity::find().filter(free(now)).limit(1).one(&self.read).await?.is_none() {
            return Ok(None);
        }
        let tx = self.begin_locked(Lock::Jobs).await?;
        job::Entity::delete_many().filter(free(now)).filter(job::Column::Cancelled.eq(true)).exec(&tx).await?;
        let busy = busy_accounts(&tx, now, at_once).await?;
        let first = job::Entity::find()
            .filter(free(now))
            .filter(file_is_free(now))
            .filter(job::Column::UserId.is_not_in(busy))
            .order_by_asc(job::Column::Turn)
            .order_by_asc(job::Column::Ordinal)
            .lock_exclusive()
            .one(&tx)
            .await?;
        if let Some(row) = &first {
            job::Entity::update_many()
                .col_expr(job::Column::LeaseUntil, Expr::value(now.saturating_add(lease_seconds)))
                .col_expr(job::Column::Attempts, Expr::value(row.attempts.saturating_add(1)))
                .filter(job::Column::Id.eq(row.id.as_str()))
                .exec(&tx)
                .await?;
        }
        tx.commit().await?;
        first.map(leased).transpose()
    }

    /// Keeps a leased job for longer; `false` where it is gone (cancelled).
    pub async fn renew_job(&self, id: &JobId, until: Timestamp) -> Result<bool, StoreError> {
        let updated = job::Entity::update_many()
            .col_expr(job::Column::LeaseUntil, Expr::value(until))
            .filter(job::Column::Id.eq(id.as_str()))
            .filter(job::Column::Cancelled.eq(false))
            .exec(&self.write)
            .await?;
        Ok(updated.rows_affected > 0)
    }

    /// Ends a job that is done, given up, or cancelled.
    pub async fn finish_job(&self, id: &JobId) -> Result<(), StoreError> {
        job::Entity::delete_by_id(id.as_str()).exec(&self.write).await?;
        Ok(())
    }

    /// Puts a job back, to be tried again from `at` on. One that was cancelled meanwhile ends instead.
    pub async fn retry_job(&self, id: &JobId, at: Timestamp) -> Result<(), StoreError> {
        self.put_back_job(id, at, 0).await
    }

    /// The same where the try says nothing about the job: the server stopped, or its disk is full. It is not counted.
    pub async fn postpone_job(&self, id: &JobId, at: Timestamp) -> Result<(), StoreError> {
        self.put_back_job(id, at, 1).await
    }

    async fn put_back_job(&self, id: &JobId, at: Timestamp, uncounted: i32) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        job::Entity::delete_by_id(id.as_str()).filter(job::Column::Cancelled.eq(true)).exec(&tx).await?;
        job::Entity::update_many()
            .col_expr(job::Column::LeaseUntil, Expr::value(None::<i64>))
            .col_expr(job::Column::DueAt, Expr::value(at))
            .col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).sub(uncounted))
            .filter(job::Column::Id.eq(id.as_str()))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Frees every lease: at start, when no worker of an earlier run can be alive. How many will be tried again.
    pub async fn release_jobs(&self) -> Result<u64, StoreError> {
        let tx = self.begin().await?;
        job::Entity::delete_many().filter(job::Column::Cancelled.eq(true)).exec(&tx).await?;
        let freed = job::Entity::update_many()
            .col_expr(job::Column::LeaseUntil, Expr::value(None::<i64>))
            .filter(job::Column::LeaseUntil.is_not_null())
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(freed.rows_affected)
    }

    /// How many jobs wait or run.
    pub async fn count_jobs(&self) -> Result<u64, StoreError> {
        Ok(job::Entity::find().count(&self.read).await?)
    }

    /// A file, for the worker that processes it.
    pub async fn job_file(&self, id: &FileId) -> Result<Option<File>, StoreError> {
        file::Entity::find_by_id(id.as_str()).one(&self.read).await?.map(File::try_from).transpose()
    }

    /// Its text.
    pub async fn job_text(&self, id: &FileId) -> Result<Option<Text>, StoreError> {
        texts::of(&self.read, id).await
    }

    /// Keeps the extracted text and its SHA-256 (hex); `false` where the file is gone or the work on it was cancelled.
    pub async fn keep_text(&self, id: &FileId, text: &Text, text_hash: &str) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        if !wanted(&tx, id).await? {
            return Ok(false);
        }
        texts::keep(&tx, id, text, text_hash).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Sets a file's status and the reason of a failure; `false` where the file is gone or the work on it was cancelled.
    pub async fn set_status(&self, id: &FileId, status: FileStatus, error: Option<&str>) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        let wanted = wanted(&tx, id).await? && texts::status(&tx, id, status, error).await?;
        tx.commit().await?;
        Ok(wanted)
    }

    /// Notes whose vectors of the file are stored, which languages (ISO 639-3) its text is in, and that it is completed; `false` where the file is gone or the work on it was cancelled.
    pub async fn set_indexed(&self, id: &FileId, fingerprint: &Fingerprint, languages: &[&str]) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        if !wanted(&tx, id).await? {
            return Ok(false);
        }
        file::Entity::update_many()
            .col_expr(file::Column::Fingerprint, Expr::value(fingerprint.0.as_str()))
            .col_expr(file::Column::Languages, Expr::value((!languages.is_empty()).then(|| languages.join(" "))))
            .filter(file::Column::Id.eq(id.as_str()))
            .exec(&tx)
            .await?;
        texts::status(&tx, id, FileStatus::Completed, None).await?;
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

/// Accounts for which so many jobs are being done.
async fn busy_accounts(tx: &DatabaseTransaction, now: Timestamp, at_once: usize) -> Result<Vec<String>, StoreError> {
    let held = job::Entity::find().select_only().column(job::Column::UserId).filter(job::Column::LeaseUntil.gt(now));
    let many = job::Column::Id.count().gte(i64::try_from(at_once).unwrap_or(i64::MAX));
    Ok(held.group_by(job::Column::UserId).having(many).into_tuple().all(tx).await?)
}

fn free(now: Timestamp) -> Condition {
    let unheld = Condition::any().add(job::Column::LeaseUntil.is_null()).add(job::Column::LeaseUntil.lte(now));
    Condition::all().add(job::Column::DueAt.lte(now)).add(unheld)
}

/// No job that somebody holds is about the same file.
fn file_is_free(now: Timestamp) -> Expr {
    let held = Alias::new("held");
    let mut others = Query::select();
    others
        .expr(Expr::cust("1"))
        .from_as(job::Entity, held.clone())
        .and_where(Expr::col((held.clone(), job::Column::FileId)).equals((job::Entity, job::Column::FileId)))
        .and_where(Expr::col((held, job::Column::LeaseUntil)).gt(now));
    Expr::not_exists(others)
}

/// Whether a worker's result is still asked for: the file is there, and its work was not cancelled. Locks the file until the transaction ends.
async fn wanted(tx: &DatabaseTransaction, id: &FileId) -> Result<bool, StoreError> {
    if file::Entity::find_by_id(id.as_str()).lock_exclusive().one(tx).await?.is_none() {
        return Ok(false);
    }
    // A file has one worker at a time, so a cancelled job is the one of the worker that asks.
    let cancelled = job::Entity::find().filter(job::Column::FileId.eq(id.as_str())).filter(job::Column::Cancelled.eq(true));
    Ok(cancelled.one(tx).await?.is_none())
}

fn leased(row: job::Model) -> Result<Job, StoreError> {
    let file = FileId::from(row.file_id);
    let kind = match (row.kind.as_str(), row.object_path) {
        ("process", _) => JobKind::Process(file),
        ("index", _) => JobKind::Index(file),
        ("erase", Some(path)) => JobKind::Erase(file, path),
        _ => return Err(StoreError::unreadable("job")),
    };
    Ok(Job { id: row.id.into(), kind, attempt: u32::try_from(row.attempts).unwrap_or(0).saturating_add(1) })
}
