//! What the database can refuse.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why the store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something with this unique value is there already.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// There is no room on the disk.
    #[error("no space left for the database")]
    Full,
    /// Anything else; for the log, never for a client.
    #[error("the database failed: {0}")]
    Backend(String),
}

impl StoreError {
    /// Reads a failed insert or update, of which only `what` can be refused as taken.
    pub(crate) fn or_taken(error: DbErr, what: &'static str) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Taken(what),
            _ => error.into(),
        }
    }

    /// A row that holds what no version of this program wrote.
    pub(crate) fn unreadable(what: &str) -> Self {
        StoreError::Backend(format!("a row holds an unreadable {what}"))
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if is_full(&error) { StoreError::Full } else { StoreError::Backend(error.to_string()) }
    }
}

/// SQLite: SQLITE_FULL, and SQLITE_IOERR_SHMSIZE, which is how a full disk shows when the shared memory file cannot grow.
/// PostgreSQL: disk_full.
fn is_full(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| matches!(code.as_ref(), "13" | "4874" | "53100"))
}
