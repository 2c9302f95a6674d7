//! What the database can refuse.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why the store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something with this unique value is there already.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// A value is longer than its column takes.
    #[error("{what} may have {most} bytes at most")]
    TooLarge {
        /// What it is, as a client knows it.
        what: &'static str,
        /// So many bytes at most.
        most: usize,
    },
    /// There is no room on the disk.
    #[error("no space left for the database")]
    Full,
    /// The database holds tables of another program (some of their names), and none of ours.
    #[error("it holds tables of another program ({0})")]
    Foreign(String),
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

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait;
    use serde_json::json;

    use crate::{Store, StoreConfig, StoreError};

    #[tokio::test]
    async fn a_full_disk_is_said_and_does_not_break_what_is_there() {
        let store = Store::open(&StoreConfig { url: "sqlite::memory:".to_owned(), pool_size: 1 }).await.expect("a database");
        store.set_setting("small", &json!(1)).await.expect("room");
        store.write.execute_unprepared("PRAGMA max_page_count = 1").await.expect("a pragma");
        let big = json!("x".repeat(1_000_000));
        assert!(matches!(store.set_setting("big", &big).await, Err(StoreError::Full)));
        assert_eq!(store.setting("small").await.expect("a setting"), Some(json!(1)));
        store.write.execute_unprepared("PRAGMA max_page_count = 100000").await.expect("a pragma");
        store.set_setting("big", &big).await.expect("room again");
    }

    #[tokio::test]
    async fn what_is_written_after_a_full_disk_ended_a_transaction_is_committed() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/transom.db", folder.path().display());
        let store = Store::open(&StoreConfig { url, pool_size: 1 }).await.expect("a database");
        store.write.execute_unprepared("CREATE TABLE big (bytes)").await.expect("a table");
        store.write.execute_unprepared("PRAGMA max_page_count = 1").await.expect("a pragma");
        let tx = store.begin().await.expect("a transaction");
        let no_room = tx.execute_unprepared("INSERT INTO big VALUES (zeroblob(1000000))").await.expect_err("no room");
        assert!(matches!(no_room.into(), StoreError::Full));
        drop(tx);
        store.write.execute_unprepared("PRAGMA max_page_count = 100000").await.expect("a pragma");
        // One that is given up, and one that is not.
        drop(store.begin().await.expect("a transaction"));
        store.set_setting("small", &json!(1)).await.expect("room");
        assert_eq!(store.setting("small").await.expect("a setting"), Some(json!(1)), "it is committed, and so others see it");
    }

    #[tokio::test]
    async fn an_acknowledged_write_is_on_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/transom.db", folder.path().display());
        let store = Store::open(&StoreConfig { url, pool_size: 2 }).await.expect("a database");
        let pragma = async |db: &sea_orm::DatabaseConnection, name: &str| {
            let statement = sea_orm::Statement::from_string(db.get_database_backend(), format!("PRAGMA {name}"));
            let row = db.query_one_raw(statement).await.expect("a pragma").expect("a row");
            row.try_get_by_index::<String>(0).or_else(|_| row.try_get_by_index::<i64>(0).map(|number| number.to_string())).expect("a value")
        };
        for (name, value) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
            assert_eq!(pragma(&store.write, name).await, value, "{name}");
        }
        assert_eq!(pragma(&store.read, "query_only").await, "1");
    }
}
