//! The tables that are open.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use lance::Dataset;
use lance::index::DatasetIndexExt;
use lancedb::{Connection, Table};
use tokio::sync::{Mutex, Notify, RwLock};
use transom_domain::{FileId, Fingerprint};
use transom_vector::{Space, VectorError};

use crate::directory::{Directory, Named};
use crate::error::{from_lance, guard, translate};
use crate::rows::{TABLE_PREFIX, VECTOR, embedder_prefix, schema, space_of, table_name};

/// A table that is open.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) space: Space,
    pub(crate) table: Table,
    directory: Mutex<Directory>,
    /// Writes since it was tidied.
    pub(crate) writes: AtomicU64,
    /// Rows that were written since it was tidied.
    pub(crate) fresh_rows: AtomicU64,
    /// Rows that it had when it was last tidied.
    pub(crate) tidied_rows: AtomicU64,
    /// Whether there may be something to tidy. Of a table that was just opened nobody knows.
    pub(crate) untidy: AtomicBool,
    /// Held by the one who tidies.
    pub(crate) upkeep: Mutex<()>,
    /// Whether it has its index of words.
    pub(crate) worded: AtomicBool,
    /// Set when the space goes, for searches that still read it: what they miss is no damage.
    pub(crate) dropped: AtomicBool,
}

impl Opened {
    fn new(space: Space, table: Table) -> Self {
        Self {
            space,
            table,
            directory: Mutex::default(),
            writes: AtomicU64::new(0),
            fresh_rows: AtomicU64::new(0),
            tidied_rows: AtomicU64::new(0),
            untidy: AtomicBool::new(true),
            upkeep: Mutex::default(),
            worded: AtomicBool::new(false),
            dropped: AtomicBool::new(false),
        }
    }

    /// The newest version.
    pub(crate) async fn dataset(&self) -> Result<Arc<Dataset>, VectorError> {
        let handle = self.table.dataset().ok_or_else(|| VectorError::Backend("the table is not in a folder".to_owned()))?;
        handle.get().await.map_err(translate)
    }

    /// The newest version, and the rows of these files in it.
    pub(crate) async fn rows(&self, files: &[FileId]) -> Result<(Arc<Dataset>, Named), VectorError> {
        let mut directory = self.directory.lock().await;
        let dataset = self.dataset().await?;
        directory.refresh(&dataset).await?;
        let named = directory.rows(files.iter().collect::<BTreeSet<_>>());
        Ok((dataset, named))
    }

    /// Whether there may be rows of one of these files.
    pub(crate) async fn has(&self, files: &[FileId]) -> Result<bool, VectorError> {
        let mut directory = self.directory.lock().await;
        directory.refresh(&*self.dataset().await?).await?;
        Ok(directory.has(files))
    }

    pub(crate) async fn has_vector_index(&self) -> Result<bool, VectorError> {
        let dataset = self.dataset().await?;
        let column = dataset.schema().field_id(VECTOR).map_err(from_lance)?;
        Ok(dataset.load_indices().await.map_err(from_lance)?.iter().any(|index| index.fields.first() == Some(&column)))
    }
}

/// What is known of a table.
enum Known {
    Open(Arc<Opened>),
    /// It turned out to be damaged, and stays so until the space is dropped: also if nothing is left that could be read.
    Damaged(Space, String),
}

/// One handle a table, shared by everybody: a write through one is not seen through another.
pub(crate) struct Tables {
    connection: Connection,
    known: RwLock<HashMap<String, Known>>,
    /// Told of damage.
    pub(crate) damage: Notify,
}

impl Tables {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, known: RwLock::default(), damage: Notify::new() }
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
        let mut known = self.known.write().await;
        if let Some(opened) = find(&known, &name)? {
            return Ok(opened);
        }
        let table = self.connection.create_empty_table(&name, schema(space)?).execute().await.map_err(translate)?;
        Ok(remember(&mut known, name, Opened::new(space.clone(), table)))
    }

    /// The table of this name, where there is one.
    pub(crate) async fn by_name(&self, name: &str) -> Result<Option<Arc<Opened>>, VectorError> {
        if let Some(opened) = find(&*self.known.read().await, name)? {
            return Ok(Some(opened));
        }
        let mut known = self.known.write().await;
        if let Some(opened) = find(&known, name)? {
            return Ok(Some(opened));
        }
        let opening = guard(async {
            let table = match self.connection.open_table(name).execute().await {
                Ok(table) => table,
                Err(lancedb::Error::TableNotFound { .. }) => return Ok(None),
                Err(error) => return Err(translate(error)),
            };
            let space = space_of(&*table.schema().await.map_err(translate)?).filter(|space| table_name(space) == name);
            let space = space.ok_or_else(|| VectorError::Damaged("the table does not say which space it is of".to_owned()))?;
            Ok(Some(Opened::new(space, table)))
        });
        Ok(opening.await?.map(|opened| remember(&mut known, name.to_owned(), opened)))
    }

    /// The names of all tables of ours.
    pub(crate) async fn names(&self) -> Result<Vec<String>, VectorError> {
        let mut names = self.connection.table_names().execute().await.map_err(translate)?;
        names.extend(self.known.read().await.keys().cloned());
        names.retain(|name| name.starts_with(TABLE_PREFIX));
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// The space of the table of this name, also of one that was damaged since it was opened.
    pub(crate) async fn space(&self, name: &str) -> Result<Option<Space>, VectorError> {
        if let Some(Known::Damaged(space, _)) = self.known.read().await.get(name) {
            return Ok(Some(space.clone()));
        }
        Ok(self.by_name(name).await?.map(|opened| opened.space.clone()))
    }

    /// Removes a table without reading it. Searches that still run find nothing more.
    pub(crate) async fn drop(&self, name: &str) -> Result<(), VectorError> {
        let mut known = self.known.write().await;
        if let Some(Known::Open(opened)) = known.remove(name) {
            opened.dropped.store(true, Ordering::Relaxed);
        }
        match self.connection.drop_table(name, &[]).await {
            Ok(()) | Err(lancedb::Error::TableNotFound { .. }) => Ok(()),
            Err(error) => Err(translate(error)),
        }
    }

    /// Removes the tables of other embedders and other layouts, whether they can be read or not.
    pub(crate) async fn retain(&self, embedders: &[Fingerprint]) -> Result<(), VectorError> {
        let kept: Vec<String> = embedders.iter().map(embedder_prefix).collect();
        for name in self.names().await? {
            if !kept.iter().any(|prefix| name.starts_with(prefix)) {
                tracing::info!(table = name, "vectors that nobody needs any more are removed");
                self.drop(&name).await?;
            }
        }
        Ok(())
    }

    /// Remembers that a table turned out to be damaged.
    pub(crate) async fn damaged(&self, opened: &Arc<Opened>, reason: &str) {
        for entry in self.known.write().await.values_mut() {
            if matches!(entry, Known::Open(other) if Arc::ptr_eq(other, opened)) {
                *entry = Known::Damaged(opened.space.clone(), reason.to_owned());
                self.damage.notify_one();
            }
        }
    }

    /// All that are open.
    pub(crate) async fn opened(&self) -> Vec<Arc<Opened>> {
        let known = self.known.read().await;
        known.values().filter_map(|known| if let Known::Open(opened) = known { Some(opened.clone()) } else { None }).collect()
    }
}

fn find(known: &HashMap<String, Known>, name: &str) -> Result<Option<Arc<Opened>>, VectorError> {
    match known.get(name) {
        Some(Known::Open(opened)) => Ok(Some(opened.clone())),
        Some(Known::Damaged(_, reason)) => Err(VectorError::Damaged(reason.clone())),
        None => Ok(None),
    }
}

fn remember(known: &mut HashMap<String, Known>, name: String, opened: Opened) -> Arc<Opened> {
    let opened = Arc::new(opened);
    known.insert(name, Known::Open(opened.clone()));
    opened
}
