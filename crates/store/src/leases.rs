//! Leases on jobs: who works on which job, and until when.
//!
//! A lease has an owner, the worker that took it. Every change of a leased job names the owner and changes nothing where the lease is
//! another worker's by now: several servers can work on one PostgreSQL database.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use transom_domain::{FileId, Timestamp, WorkerId};

use crate::connect::Lock;
use crate::entity::job;
use crate::jobs::{Job, JobKind};
use crate::{Store, StoreError};

impl Store {
    /// Leases `owner` the job whose turn it is of those that are due and that nobody holds, until `now + lease_seconds`. Accounts take
    /// turns; an account's jobs come oldest first. A lease that ran out is free again.
    /// Passes over jobs of a file that another job is being done for, and over those of an account that has `at_once` leased already.
    pub async fn lease_job(&self, owner: &WorkerId, now: Timestamp, lease_seconds: i64, at_once: usize) -> Result<Option<Job>, StoreError> {
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
                .col_expr(job::Column::Owner, Expr::value(owner.as_str()))
                .col_expr(job::Column::LeaseUntil, Expr::value(now.saturating_add(lease_seconds)))
                .col_expr(job::Column::Attempts, Expr::value(row.attempts.saturating_add(1)))
                .filter(job::Column::Id.eq(row.id.as_str()))
                .exec(&tx)
                .await?;
        }
        tx.commit().await?;
        first.map(|row| leased(row, owner)).transpose()
    }

    /// Keeps a leased job for longer; `false` where it is gone, was cancelled, or is another worker's by now.
    pub async fn renew_job(&self, job: &Job, until: Timestamp) -> Result<bool, StoreError> {
        let updated = job::Entity::update_many()
            .col_expr(job::Column::LeaseUntil, Expr::value(until))
            .filter(held(job))
            .filter(job::Column::Cancelled.eq(false))
            .exec(&self.write)
            .await?;
        Ok(updated.rows_affected > 0)
    }

    /// Ends a job that is done, given up, or cancelled.
    pub async fn finish_job(&self, job: &Job) -> Result<(), StoreError> {
        job::Entity::delete_many().filter(held(job)).exec(&self.write).await?;
        Ok(())
    }

    /// Puts a job back, to be tried again from `at` on. One that was cancelled meanwhile ends instead.
    pub async fn retry_job(&self, job: &Job, at: Timestamp) -> Result<(), StoreError> {
        self.put_back_job(job, at, 0).await
    }

    /// The same where the try says nothing about the job: the server stopped, or its disk is full. It is not counted.
    pub async fn postpone_job(&self, job: &Job, at: Timestamp) -> Result<(), StoreError> {
        self.put_back_job(job, at, 1).await
    }

    async fn put_back_job(&self, job: &Job, at: Timestamp, uncounted: i32) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        job::Entity::delete_many().filter(held(job)).filter(job::Column::Cancelled.eq(true)).exec(&tx).await?;
        job::Entity::update_many()
            .col_expr(job::Column::LeaseUntil, Expr::value(None::<i64>))
            .col_expr(job::Column::Owner, Expr::value(None::<String>))
            .col_expr(job::Column::DueAt, Expr::value(at))
            .col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).sub(uncounted))
            .filter(held(job))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Frees every lease, whoever's it is: only for a process that knows that no other one works on this database. How many will be
    /// tried again.
    pub async fn release_jobs(&self) -> Result<u64, StoreError> {
        let tx = self.begin().await?;
        job::Entity::delete_many().filter(job::Column::Cancelled.eq(true)).exec(&tx).await?;
        let freed = job::Entity::update_many()
            .col_expr(job::Column::LeaseUntil, Expr::value(None::<i64>))
            .col_expr(job::Column::Owner, Expr::value(None::<String>))
            .filter(job::Column::LeaseUntil.is_not_null())
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(freed.rows_affected)
    }
}

/// The row of this job, as long as its lease is still that worker's.
pub(crate) fn held(job: &Job) -> Condition {
    Condition::all().add(job::Column::Id.eq(job.id.as_str())).add(job::Column::Owner.eq(job.owner.as_str()))
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

fn leased(row: job::Model, owner: &WorkerId) -> Result<Job, StoreError> {
    let file = FileId::from(row.file_id);
    let kind = match (row.kind.as_str(), row.object_path) {
        ("process", _) => JobKind::Process(file),
        ("index", _) => JobKind::Index(file),
        ("erase", Some(path)) => JobKind::Erase(file, path),
        _ => return Err(StoreError::unreadable("job")),
    };
    let attempt = u32::try_from(row.attempts).unwrap_or(0).saturating_add(1);
    Ok(Job { id: row.id.into(), owner: owner.clone(), kind, attempt })
}
