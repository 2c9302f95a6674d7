//! What a database holds, looked at before anything is made in it.

use std::path::Path;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use transom_migrations::{Migrator, MigratorTrait};

use crate::connect::{connect_options, is_memory, sqlite_pool, unusable};
use crate::{Store, StoreConfig, StoreError};

/// Tables of another program that a message names at most.
const NAMED: usize = 5;

/// What a database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseState {
    /// There is no such database, or it has no tables.
    Empty,
    /// Transom's tables, of this version or another.
    Ours,
    /// Tables of another program. Some of their names.
    Foreign(Vec<String>),
}

impl Store {
    /// Looks at a database without making or changing anything in it. A SQLite file that is missing stays missing.
    ///
    /// # Errors
    /// Where the database cannot be reached or read.
    pub async fn look(config: &StoreConfig) -> Result<DatabaseState, StoreError> {
        if !config.url.starts_with("sqlite:") {
            let mut options = connect_options(&config.url);
            options.max_connections(1);
            let database = Database::connect(options).await?;
            let state = state(&database).await;
            database.close().await?;
            return state;
        }
        if is_memory(config) {
            return Ok(DatabaseState::Empty);
        }
        let parsed: SqliteConnectOptions = config.url.parse().map_err(unusable)?;
        look_at_file(config, parsed.get_filename()).await
    }
}

/// The same for the file of a SQLite database.
pub(crate) async fn look_at_file(config: &StoreConfig, path: &Path) -> Result<DatabaseState, StoreError> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > 0 => {}
        Ok(_) => return Ok(DatabaseState::Empty),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(DatabaseState::Empty),
        Err(error) => return Err(unusable(error)),
    }
    let database = sqlite_pool(config, 1, false).await?;
    let state = state(&database).await;
    database.close().await?;
    state
}

/// What is in the schema that this connection would make tables in.
///
/// Open WebUI and others have tables with names like ours (`user`, `file`), so the record of migrations decides.
pub(crate) async fn state(database: &DatabaseConnection) -> Result<DatabaseState, StoreError> {
    let backend = database.get_database_backend();
    let tables = names(database, tables_query(backend)).await?;
    if tables.is_empty() {
        return Ok(DatabaseState::Empty);
    }
    let record = Migrator::migration_table_name().to_string();
    if tables.contains(&record) {
        let steps = names(database, &format!("SELECT version AS name FROM {record}")).await?;
        if Migrator::migrations().iter().any(|step| steps.iter().any(|done| done == step.name())) {
            return Ok(DatabaseState::Ours);
        }
        // The table of migrations comes first: a process that starts beside this one may have made nothing else yet.
        if steps.is_empty() && tables.len() == 1 {
            return Ok(DatabaseState::Empty);
        }
    }
    Ok(DatabaseState::Foreign(tables.into_iter().take(NAMED).collect()))
}

/// Every table and view that is neither the database's own nor an extension's.
fn tables_query(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "SELECT c.relname::text AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (SELECT 1 FROM \
             pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"
        }
        _ => "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY 1",
    }
}

async fn names(database: &DatabaseConnection, query: &str) -> Result<Vec<String>, StoreError> {
    let rows = database.query_all_raw(Statement::from_string(database.get_database_backend(), query)).await?;
    Ok(rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?)
}
