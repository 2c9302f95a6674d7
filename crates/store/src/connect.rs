//! Opening the database.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, Connection};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use transom_migrations::{Migrator, MigratorTrait};

use crate::look::{self, DatabaseState};
use crate::{Store, StoreError};

/// Where the database is and how it is used.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `sqlite:///absolute/path/transom.db` (also `sqlite::memory:`) or `postgresql://user:password@host/name`.
    pub url: String,
    /// Connections at most.
    pub pool_size: u32,
}

/// How long a statement waits for another process that holds SQLite's write lock, and a task for a connection.
const PATIENCE: Duration = Duration::from_secs(30);

impl Store {
    /// Connects, makes the database where it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] where the database holds tables of another program: nothing is made or changed in it.
    pub async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let store = if config.url.starts_with("sqlite:") { open_sqlite(config).await? } else { open_postgres(config).await? };
        store.migrate().await?;
        Ok(store)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        if self.write.get_database_backend() == DbBackend::Postgres {
            // The lock is held in a transaction of its own, while another connection of the pool migrates.
            let guard = self.begin_locked(Lock::Schema).await?;
            refuse_foreign(look::state(&self.write).await?)?;
            Migrator::up(&self.write, None).await?;
            return Ok(guard.commit().await?);
        }
        // SQLite has no lock to wait for: a migration that another process came before us with fails, and the next try finds it done.
        let mut tries = Migrator::migrations().len();
        while let Err(error) = Migrator::up(&self.write, None).await {
            if tries == 0 {
                return Err(error.into());
            }
            tries -= 1;
        }
        Ok(())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read.query_one_raw(sea_orm::Statement::from_string(self.read.get_database_backend(), "SELECT 1")).await?;
        Ok(())
    }

    /// Begins a transaction that is going to write.
    /// In SQLite it takes the write lock at once: one that turned from reading to writing could be refused when another process wrote meanwhile.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        let mode = (self.write.get_database_backend() == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        Ok(self.write.begin_with_options(options).await?)
    }

    /// Begins a transaction that no other one with the same lock runs beside, in any process on this database.
    pub(crate) async fn begin_locked(&self, lock: Lock) -> Result<DatabaseTransaction, StoreError> {
        let tx = self.begin().await?;
        if tx.get_database_backend() == DbBackend::Postgres {
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({})", lock as i64)).await?;
        }
        Ok(tx)
    }
}

/// What PostgreSQL has to be told to do one at a time (SQLite's writers always are). The numbers are arbitrary, and this database's own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lock {
    /// Changing the schema.
    Schema = 7_261_001,
    /// Making accounts: the first one is an administrator.
    Accounts = 7_261_002,
    /// Leasing jobs: one of a file at a time.
    Jobs = 7_261_003,
    /// Changing a setting in view of what it is.
    Settings = 7_261_004,
}

async fn open_postgres(config: &StoreConfig) -> Result<Store, StoreError> {
    let mut options = connect_options(&config.url);
    // Migrating at start needs two.
    options.max_connections(config.pool_size.max(2));
    let pool = Database::connect(options).await?;
    Ok(Store { read: pool.clone(), write: pool })
}

async fn open_sqlite(config: &StoreConfig) -> Result<Store, StoreError> {
    let parsed: SqliteConnectOptions = config.url.parse().map_err(unusable)?;
    // sqlx gives each memory database a name of its own; whoever opens it anew gets an empty one, so there is one connection, and it stays.
    if is_memory(config) {
        let memory = sqlite_pool(config, 1, true).await?;
        return Ok(Store { read: memory.clone(), write: memory });
    }
    refuse_foreign(look::look_at_file(config, parsed.get_filename()).await?)?;
    make_private_file(parsed.get_filename())?;
    let write = sqlite_pool(config, 1, true).await?;
    let read = sqlite_pool(config, config.pool_size.max(1), false).await?;
    Ok(Store { read, write })
}

/// Whether the database is in memory alone.
pub(crate) fn is_memory(config: &StoreConfig) -> bool {
    config.url.contains(":memory:") || config.url.contains("mode=memory")
}

fn refuse_foreign(state: DatabaseState) -> Result<(), StoreError> {
    match state {
        DatabaseState::Foreign(tables) => Err(StoreError::Foreign(tables.join(", "))),
        DatabaseState::Empty | DatabaseState::Ours => Ok(()),
    }
}

/// A pool of a SQLite file; one that only reads makes no file.
pub(crate) async fn sqlite_pool(config: &StoreConfig, connections: u32, writes: bool) -> Result<DatabaseConnection, StoreError> {
    let mut options = connect_options(&config.url);
    options
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .map_sqlx_sqlite_pool_opts(|pool| pool.before_acquire(|connection, _| Box::pin(is_usable(connection))))
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite.foreign_keys(true).busy_timeout(PATIENCE);
            if writes {
                // FULL: a commit is on the disk before it is acknowledged, also when the power goes.
                sqlite.create_if_missing(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)
            } else {
                sqlite.pragma("query_only", "ON")
            }
        });
    Ok(Database::connect(options).await?)
}

/// Whether a connection that comes from the pool is in no transaction; otherwise the pool makes another one.
///
/// SQLite ends a transaction by itself where the disk is full, at its commit too. sqlx then goes on counting it, because the rollback
/// that it sends fails, and no transaction could ever begin on that connection again: with the one writer, in the whole server.
async fn is_usable(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A rollback that was sent when a transaction was dropped may be on its way; what is asked now comes after it.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

pub(crate) fn connect_options(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    // Statements stay out of the log: some would show what users wrote.
    options.sqlx_logging(false).record_stmt_in_spans(false).acquire_timeout(PATIENCE);
    options
}

/// Makes the file (and its folder) for its owner alone, where it is missing. SQLite gives its side files the same mode.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let mut folder = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.recursive(true).create(parent).map_err(unusable)?;
    }
    match file.write(true).create_new(true).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(unusable(error)),
        _ => Ok(()),
    }
}

pub(crate) fn unusable(error: impl Display) -> StoreError {
    StoreError::Backend(format!("the database cannot be opened: {error}"))
}
