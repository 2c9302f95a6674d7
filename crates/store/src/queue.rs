//! How jobs come and go, inside the transactions of what they are about.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use transom_domain::{JobId, now};

use crate::StoreError;
use crate::entity::job;
use crate::jobs::JobKind;
use crate::query::ordinal;

/// Leaves a job, due now.
pub(crate) async fn leave(db: &impl ConnectionTrait, kind: &JobKind) -> Result<(), StoreError> {
    leave_all(db, std::slice::from_ref(kind)).await
}

/// Leaves several jobs, due now, in this order. Not more than one statement can hold.
pub(crate) async fn leave_all(db: &impl ConnectionTrait, kinds: &[JobKind]) -> Result<(), StoreError> {
    if kinds.is_empty() {
        return Ok(());
    }
    let due_at = now();
    let rows = kinds.iter().map(|kind| job::ActiveModel {
        id: Set(JobId::random().into()),
        kind: Set(kind.name().to_owned()),
        file_id: Set(kind.file().as_str().to_owned()),
        object_path: Set(match kind {
            JobKind::Erase(_, path) => Some(path.clone()),
            JobKind::Process(_) | JobKind::Index(_) => None,
        }),
        due_at: Set(due_at),
        lease_until: Set(None),
        attempts: Set(0),
        cancelled: Set(false),
        ordinal: Set(ordinal()),
    });
    job::Entity::insert_many(rows).exec_without_returning(db).await?;
    Ok(())
}

/// Cancels process and index jobs: those that wait go, those that run are marked, for their workers to see.
/// Until its worker lets go of it (or its lease runs out), a marked job keeps its file, so that what comes next does not run beside it.
pub(crate) async fn cancel(db: &impl ConnectionTrait, which: Condition) -> Result<(), StoreError> {
    let which = which.add(job::Column::Kind.is_in(["process", "index"]));
    job::Entity::delete_many().filter(which.clone()).filter(job::Column::LeaseUntil.is_null()).exec(db).await?;
    job::Entity::update_many().col_expr(job::Column::Cancelled, Expr::value(true)).filter(which).exec(db).await?;
    Ok(())
}
