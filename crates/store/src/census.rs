//! How much there is, for who runs the server.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Statement};
use transom_domain::{Caller, Timestamp};

use crate::entity::{account, file, job, knowledge};
use crate::{Store, StoreError};

/// What the database holds, in numbers alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// The database's own size, in bytes.
    pub bytes: u64,
    /// Accounts of every role.
    pub accounts: u64,
    /// Collections of everybody.
    pub collections: u64,
    /// Files of everybody by [`transom_domain::FileStatus::as_str`].
    pub files: BTreeMap<String, u64>,
    /// Jobs that wait, those that are to be tried again later included.
    pub waiting: u64,
    /// Jobs that somebody works at.
    pub running: u64,
}

impl Store {
    /// Counts everything, for administrators; `None` for others. `now` says which leases have run out.
    pub async fn census(&self, caller: &Caller, now: Timestamp) -> Result<Option<Census>, StoreError> {
        if !caller.is_admin() {
            return Ok(None);
        }
        let files = file::Entity::find().select_only().column(file::Column::Status).column_as(file::Column::Id.count(), "number");
        let files: Vec<(String, i64)> = files.group_by(file::Column::Status).into_tuple().all(&self.read).await?;
        let jobs = job::Entity::find().count(&self.read).await?;
        let running = job::Entity::find().filter(job::Column::LeaseUntil.gt(now)).count(&self.read).await?;
        Ok(Some(Census {
            bytes: self.size().await?,
            accounts: account::Entity::find().count(&self.read).await?,
            collections: knowledge::Entity::find().count(&self.read).await?,
            files: files.into_iter().map(|(status, number)| (status, u64::try_from(number).unwrap_or(0))).collect(),
            waiting: jobs.saturating_sub(running),
            running,
        }))
    }

    async fn size(&self) -> Result<u64, StoreError> {
        let backend = self.read.get_database_backend();
        let asked = match backend {
            DbBackend::Postgres => "SELECT pg_database_size(current_database()) AS bytes",
            _ => "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
        };
        let row = self.read.query_one_raw(Statement::from_string(backend, asked)).await?;
        let bytes: i64 = row.map(|row| row.try_get("", "bytes")).transpose()?.unwrap_or(0);
        Ok(u64::try_from(bytes).unwrap_or(0))
    }
}
