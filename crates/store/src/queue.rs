//! How jobs come and go, inside the transactions of what they are about.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use transom_domain::{JobId, UserId, now};

use crate::StoreError;
use crate::entity::job;
use crate::jobs::JobKind;
use crate::query::ordinal;

/// Whose work erasing is: the file's owner is done with it, and may be gone.
pub(crate) fn nobody() -> UserId {
    String::new().into()
}

/// Leaves a job of an account's, due now.
pub(crate) async fn leave(db: &impl ConnectionTrait, account: &UserId, kind: JobKind) -> Result<(), StoreError> {
    leave_all(db, vec![(account.clone(), kind)]).await
}

/// Leaves several jobs, each of an account, due now, in this order. Not more than one statement can hold.
///
/// Accounts take turns: a job's turn is the one after its account's last, but none that has passed. So the first of an account that
/// comes now stands beside the first of those that wait, and a thousand files of one account do not hold up another's one.
/// Files that are indexed again were there before: those of an account wait behind all of its jobs, and hold up none that comes later.
pub(crate) async fn leave_all(db: &impl ConnectionTrait, jobs: Vec<(UserId, JobKind)>) -> Result<(), StoreError> {
    if jobs.is_empty() {
        return Ok(());
    }
    let mut next = HashMap::new();
    for is_index in [false, true] {
        let accounts = jobs.iter().filter(|(_, kind)| is_index == matches!(kind, JobKind::Index(_))).map(|(account, _)| account);
        let turns = next_turns(db, accounts.cloned().collect(), is_index).await?;
        next.extend(turns.into_iter().map(|(account, turn)| ((account, is_index), turn)));
    }
    let due_at = now();
    let rows = jobs.into_iter().map(|(account, kind)| {
        let turn =
            next.entry((account.clone(), matches!(kind, JobKind::Index(_)))).and_modify(|turn| *turn = turn.saturating_add(1)).or_default();
        job::ActiveModel {
            id: Set(JobId::random().into()),
            kind: Set(kind.name().to_owned()),
            file_id: Set(kind.file().as_str().to_owned()),
            object_path: Set(match kind {
                JobKind::Erase(_, path) => Some(path),
                JobKind::Process(_) | JobKind::Index(_) => None,
            }),
            due_at: Set(due_at),
            lease_until: Set(None),
            attempts: Set(0),
            cancelled: Set(false),
            ordinal: Set(ordinal()),
            user_id: Set(account.into()),
            turn: Set(*turn),
            owner: Set(None),
        }
    });
    job::Entity::insert_many(rows).exec_without_returning(db).await?;
    Ok(())
}

/// The turn before the next one of each account: its last, or the one before the first that anybody waits for.
async fn next_turns(db: &impl ConnectionTrait, accounts: HashSet<UserId>, behind_index: bool) -> Result<HashMap<UserId, i64>, StoreError> {
    if accounts.is_empty() {
        return Ok(HashMap::new());
    }
    let first = job::Entity::find().select_only().expr(job::Column::Turn.min()).into_tuple::<Option<i64>>().one(db).await?.flatten();
    let before_first = first.unwrap_or(0).saturating_sub(1);
    let others = (!behind_index).then(|| job::Column::Kind.ne("index"));
    let last = job::Entity::find()
        .select_only()
        .column(job::Column::UserId)
        .expr(job::Column::Turn.max())
        .filter(job::Column::UserId.is_in(accounts.iter().map(UserId::as_str)))
        .filter(Condition::all().add_option(others))
        .group_by(job::Column::UserId)
        .into_tuple::<(String, i64)>()
        .all(db)
        .await?;
    let mut turns: HashMap<UserId, i64> = accounts.into_iter().map(|account| (account, before_first)).collect();
    for (account, last) in last {
        turns.entry(account.into()).and_modify(|turn| *turn = last.max(*turn));
    }
    Ok(turns)
}

/// Cancels process and index jobs: those that wait go, those that run are marked, for their workers to see.
/// Until its worker lets go of it (or its lease runs out), a marked job keeps its file, so that what comes next does not run beside it.
pub(crate) async fn cancel(db: &impl ConnectionTrait, which: Condition) -> Result<(), StoreError> {
    let which = which.add(job::Column::Kind.is_in(["process", "index"]));
    job::Entity::delete_many().filter(which.clone()).filter(job::Column::LeaseUntil.is_null()).exec(db).await?;
    job::Entity::update_many().col_expr(job::Column::Cancelled, Expr::value(true)).filter(which).exec(db).await?;
    Ok(())
}
