//! The store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use lancedb::{ObjectStoreRegistry, Session};
use tokio::sync::Mutex;
use transom_domain::{FileId, Fingerprint};
use transom_vector::{EmbeddedChunk, Hit, Query, Space, TermQuery, VectorError, VectorStore};

use crate::LanceConfig;
use crate::error::{guard, translate};
use crate::rows::table_name;
use crate::tables::{Opened, Tables};
use crate::upkeep::tidy;
use crate::{read, write};

/// Vectors in LanceDB tables. Cheap to clone; the clones are one store.
#[derive(Clone)]
pub struct LanceStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: LanceConfig,
    pub(crate) tables: Tables,
    /// LanceDB's writes of one table collide, so there is one at a time.
    pub(crate) writer: Mutex<()>,
}

impl fmt::Debug for LanceStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LanceStore").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl LanceStore {
    /// Opens the store. A folder that is missing is made.
    pub async fn open(config: LanceConfig) -> Result<Self, VectorError> {
        let registry = Arc::new(ObjectStoreRegistry::default());
        let session = Arc::new(Session::new(config.index_cache, config.metadata_cache, registry));
        let connection = lancedb::connect(&config.uri).session(session).execute().await.map_err(translate)?;
        let inner = Inner { config, tables: Tables::new(connection), writer: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Writes since the spaces were tidied: how much [`optimize`](VectorStore::optimize) would pay.
    pub async fn writes_since_optimize(&self) -> u64 {
        self.inner.tables.opened().await.iter().map(|opened| opened.writes.load(Ordering::Relaxed)).sum()
    }

    /// Runs a write alone, and to its end even if the caller has left: nothing of it can happen after another began.
    async fn alone<F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<(), VectorError>
    where
        F: Future<Output = Result<(), VectorError>> + Send + 'static,
    {
        let inner = self.inner.clone();
        let work = work(inner.clone());
        let task = tokio::spawn(async move {
            let _alone = inner.writer.lock().await;
            work.await
        });
        task.await.unwrap_or_else(|error| Err(VectorError::Backend(format!("a write was broken off: {error}"))))
    }

    /// The space's table, and what reading it gave. Where there is none, or it was dropped meanwhile, nothing.
    async fn read<T: Default, F>(&self, space: &Space, look: impl FnOnce(Arc<Opened>) -> F) -> Result<T, VectorError>
    where
        F: Future<Output = Result<T, VectorError>>,
    {
        let tables = &self.inner.tables;
        let Some(opened) = tables.get(space).await? else { return Ok(T::default()) };
        match guard(look(opened.clone())).await {
            Err(_) if opened.dropped.load(Ordering::Relaxed) => Ok(T::default()),
            Err(VectorError::Damaged(reason)) => {
                tables.damaged(&opened, &reason).await;
                Err(VectorError::Damaged(reason))
            }
            outcome => outcome,
        }
    }
}

#[async_trait]
impl VectorStore for LanceStore {
    async fn ensure(&self, space: &Space) -> Result<(), VectorError> {
        if self.inner.tables.get(space).await?.is_some() {
            return Ok(());
        }
        let space = space.clone();
        self.alone(|inner| async move { inner.tables.get_or_make(&space).await.map(|_| ()) }).await
    }

    async fn replace(&self, space: &Space, file: &FileId, chunks: Vec<EmbeddedChunk>) -> Result<(), VectorError> {
        for stored in &chunks {
            check(space, &stored.vector)?;
        }
        let (space, file) = (space.clone(), file.clone());
        self.alone(|inner| async move { write::replace(&inner, &space, &file, chunks).await }).await
    }

    async fn delete(&self, files: &[FileId]) -> Result<(), VectorError> {
        if files.is_empty() {
            return Ok(());
        }
        let files = files.to_vec();
        self.alone(|inner| async move { write::delete_everywhere(&inner, &files).await }).await
    }

    async fn search(&self, space: &Space, query: &Query) -> Result<Vec<Hit>, VectorError> {
        check(space, &query.vector)?;
        self.read(space, async |opened| read::search(&opened, &self.inner.config, query).await).await
    }

    async fn search_terms(&self, space: &Space, query: &TermQuery) -> Result<Vec<Hit>, VectorError> {
        self.read(space, async |opened| read::search_terms(&opened, query).await).await
    }

    async fn files(&self, space: &Space) -> Result<BTreeMap<FileId, usize>, VectorError> {
        self.read(space, async |opened| read::count(&opened).await).await
    }

    /// A table that cannot be read cannot say which space it is of: it is left out, with a warning.
    async fn spaces(&self) -> Result<Vec<Space>, VectorError> {
        let mut spaces = Vec::new();
        for name in self.inner.tables.names().await? {
            match self.inner.tables.space(&name).await {
                Ok(space) => spaces.extend(space),
                Err(VectorError::Damaged(what)) => tracing::warn!(table = name, what, "a table of vectors is damaged"),
                Err(error) => return Err(error),
            }
        }
        Ok(spaces)
    }

    async fn drop_space(&self, space: &Space) -> Result<(), VectorError> {
        let name = table_name(space);
        self.alone(|inner| async move { inner.tables.drop(&name).await }).await
    }

    async fn retain(&self, embedders: &[Fingerprint]) -> Result<(), VectorError> {
        let embedders = embedders.to_vec();
        self.alone(|inner| async move { inner.tables.retain(&embedders).await }).await
    }

    async fn damage(&self) {
        self.inner.tables.damage.notified().await;
    }

    async fn optimize(&self) -> Result<(), VectorError> {
        let mut outcome = Ok(());
        for name in self.inner.tables.names().await? {
            let inner = self.inner.clone();
            // To its end even if the caller leaves, as every write.
            let tidied = tokio::spawn(async move {
                let Some(opened) = inner.tables.by_name(&name).await? else { return Ok(()) };
                tidy(&inner, &opened).await
            });
            outcome =
                outcome.and(tidied.await.unwrap_or_else(|error| Err(VectorError::Backend(format!("tidying was broken off: {error}")))));
        }
        outcome
    }
}

fn check(space: &Space, vector: &[f32]) -> Result<(), VectorError> {
    if vector.len() == space.dimension {
        return Ok(());
    }
    Err(VectorError::Dimension { expected: space.dimension, got: vector.len() })
}
