//! The tables that are open.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use lancedb::{Connection, Table};
use tokio::sync::RwLock;
use transom_vector::{Space, VectorError};

use crate::error::{guard, translate};
use crate::rows::{TABLE_PREFIX, schema, space_of, table_name};

/// A table that is open.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) table: Table,
    /// Writes since it was tidied.
    pub(crate) writes: AtomicU64,
    /// Whether there may be something to tidy. Of a table that was just opened nobody knows.
    pub(crate) untidy: AtomicBool,
    /// Whether it has its index of words.
    pub(crate) worded: AtomicBool,
    /// Set when the space goes, for searches that still read it: what they miss is no damage.
    pub(crate) dropped: AtomicBool,
}

/// One handle a table, shared by everybody: a write through one is not seen through another.
pub(crate) struct Tables {
    connection: Connection,
    open: RwLock<HashMap<String, Arc<Opened>>>,
}

impl Tables {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, open: RwLock::default() }
    }

    /// The space's table, where there is one.
    pub(crate) async fn get(&self, space: &Space) -> Result<Option<Arc<Opened>>, VectorError> {
        let found = self.by_name(&table_name(space)).await?;
        if let Some(opened) = &found {
            let stored = opened.table.schema().await.map_err(translate)?;
            if stored.fields() != schema(space)?.fields() {
                return Err(VectorError::Damaged("the table's columns are not those of its space".to_owned()));
            }
        }
        Ok(found)
    }

    /// The space's table, which is made where it is missing.
    pub(crate) async fn get_or_make(&self, space: &Space) -> Result<Arc<Opened>, VectorError> {
        if let Some(opened) = self.get(space).await? {
            return Ok(opened);
        }
        let name = table_name(space);
        let mut open = self.open.write().await;
        if let Some(opened) = open.get(&name) {
            return Ok(opened.clone());
        }
        let table = self.connection.create_empty_table(&name, schema(space)?).execute().await.map_err(translate)?;
        Ok(remember(&mut open, name, table))
    }

    /// The table of this name, where there is one.
    pub(crate) async fn by_name(&self, name: &str) -> Result<Option<Arc<Opened>>, VectorError> {
        if let Some(opened) = self.open.read().await.get(name) {
            return Ok(Some(opened.clone()));
        }
        let mut open = self.open.write().await;
        if let Some(opened) = open.get(name) {
            return Ok(Some(opened.clone()));
        }
        let opened = guard(async {
            match self.connection.open_table(name).execute().await {
                Ok(table) => Ok(Some(table)),
                Err(lancedb::Error::TableNotFound { .. }) => Ok(None),
                Err(error) => Err(translate(error)),
            }
        });
        Ok(opened.await?.map(|table| remember(&mut open, name.to_owned(), table)))
    }

    /// The names of all tables of ours.
    pub(crate) async fn names(&self) -> Result<Vec<String>, VectorError> {
        let mut names = self.connection.table_names().execute().await.map_err(translate)?;
        names.retain(|name| name.starts_with(TABLE_PREFIX));
        Ok(names)
    }

    /// The space of the table of this name.
    pub(crate) async fn space(&self, name: &str) -> Result<Option<Space>, VectorError> {
        let Some(opened) = self.by_name(name).await? else { return Ok(None) };
        let schema = opened.table.schema().await.map_err(translate)?;
        Ok(space_of(&schema).filter(|space| table_name(space) == name))
    }

    /// Removes the space's table without reading it. Searches that still run find nothing more.
    pub(crate) async fn drop(&self, space: &Space) -> Result<(), VectorError> {
        let name = table_name(space);
        let mut open = self.open.write().await;
        if let Some(opened) = open.remove(&name) {
            opened.dropped.store(true, Ordering::Relaxed);
        }
        match self.connection.drop_table(&name, &[]).await {
            Ok(()) | Err(lancedb::Error::TableNotFound { .. }) => Ok(()),
            Err(error) => Err(translate(error)),
        }
    }

    /// Forgets a handle that turned out to be damaged, so that the next call looks at the folder again.
    pub(crate) async fn forget(&self, opened: &Arc<Opened>) {
        self.open.write().await.retain(|_, other| !Arc::ptr_eq(other, opened));
    }

    /// All that are open.
    pub(crate) async fn opened(&self) -> Vec<Arc<Opened>> {
        self.open.read().await.values().cloned().collect()
    }
}

fn remember(open: &mut HashMap<String, Arc<Opened>>, name: String, table: Table) -> Arc<Opened> {
    let (worded, dropped) = (AtomicBool::new(false), AtomicBool::new(false));
    let opened = Arc::new(Opened { table, writes: AtomicU64::new(0), untidy: AtomicBool::new(true), worded, dropped });
    open.insert(name, opened.clone());
    opened
}
