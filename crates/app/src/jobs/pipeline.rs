//! What becomes of a file: bytes, text, chunks, vectors, and nothing at last.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use transom_domain::{Chunk, File, FileId, FileStatus, Fingerprint, Text};
use transom_ingest::{Document, ExtractError, Reader, Splitter};
use transom_llm::{Embedder, LlmError, Purpose};
use transom_store::{Store, StoreError};
use transom_vector::{EmbeddedChunk, Space, VectorError, VectorStore};

use super::prepare::{Prepared, prepare};
use super::progress::{Stage, Way};
use super::{NO_VECTORS, Signals};

/// How files are processed.
#[derive(Clone, Debug)]
pub struct PipelineConfig {
    /// Chunks given to the embedder at a time. It makes its own batches of them, and larger lists make better ones.
    pub batch: usize,
    /// Whether texts are kept without vectors (`BYPASS_EMBEDDING_AND_RETRIEVAL`).
    pub bypass: bool,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self { batch: 128, bypass: false }
    }
}

/// What processing needs. Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Pipeline {
    /// Rows.
    pub store: Store,
    /// Uploaded bytes.
    pub objects: Arc<dyn ObjectStore>,
    /// Vectors.
    pub vectors: Arc<dyn VectorStore>,
    /// The embedding model.
    pub embedder: Arc<dyn Embedder>,
    /// What reads files.
    pub reader: Arc<dyn Reader>,
    /// What splits texts.
    pub splitter: Arc<Splitter>,
    /// Word of work and of finished files.
    pub signals: Signals,
    /// How.
    pub config: PipelineConfig,
}

/// Why a step did not end well.
pub(super) enum Trouble {
    /// The file was deleted meanwhile.
    Gone,
    /// Trying again cannot help; the reason is for the file's owner.
    Permanent(String),
    /// Trying again may help; the reason is for the file's owner, should it never.
    Transient(String),
    /// There is no room; trying again helps when there is.
    Full,
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Trouble::Full,
            other => {
                tracing::error!(reason = %other, "the database failed a worker");
                Trouble::Transient("the server's database failed".to_owned())
            }
        }
    }
}

impl From<VectorError> for Trouble {
    fn from(error: VectorError) -> Self {
        match error {
            VectorError::Full(_) => Trouble::Full,
            other => {
                tracing::error!(reason = %other, "the vector store failed a worker");
                Trouble::Transient("the vectors could not be stored; the server's log has the details".to_owned())
            }
        }
    }
}

impl From<LlmError> for Trouble {
    fn from(error: LlmError) -> Self {
        match error {
            LlmError::Invalid(reason) => Trouble::Permanent(format!("the embedding model cannot read it: {reason}")),
            LlmError::Internal(reason) => {
                tracing::error!(%reason, "the embedding model failed");
                Trouble::Transient("the embedding model failed; the server's log has the details".to_owned())
            }
            other => Trouble::Transient(format!("the embedding model failed: {other}")),
        }
    }
}

impl From<object_store::Error> for Trouble {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Trouble::Permanent("its stored bytes are missing; upload it again".to_owned()),
            other => {
                tracing::error!(reason = %other, "the object store failed a worker");
                Trouble::Transient("its stored bytes could not be read; the server's log has the details".to_owned())
            }
        }
    }
}

impl Pipeline {
    /// The fingerprint that files get now.
    pub fn fingerprint(&self) -> Fingerprint {
        if self.config.bypass { Fingerprint(NO_VECTORS.to_owned()) } else { self.embedder.fingerprint().clone() }
    }

    /// Reads a file's bytes, keeps its text and indexes it.
    pub(super) async fn process(&self, id: &FileId) -> Result<(), Trouble> {
        let (file, way) = self.begin(id).await?;
        let text = self.read(&file).await?;
        if text.text.trim().is_empty() {
            return Err(Trouble::Permanent("no text was found in it".to_owned()));
        }
        let hash = hex::encode(Sha256::digest(text.text.as_bytes()));
        if !self.store.keep_text(id, &text, &hash).await? {
            return Err(Trouble::Gone);
        }
        self.embed(&file, text, way).await
    }

    /// Indexes the text that a file has.
    pub(super) async fn index(&self, id: &FileId) -> Result<(), Trouble> {
        let (file, way) = self.begin(id).await?;
        match self.store.job_text(id).await? {
            Some(text) => self.embed(&file, text, way).await,
            // The text went with a row that is gone, or was never kept: then the bytes are the truth.
            None => self.process(id).await,
        }
    }

    /// Removes what a deleted file left. What is missing already is removed.
    pub(super) async fn erase(&self, id: &FileId, object_path: &str) -> Result<(), Trouble> {
        self.vectors.delete(std::slice::from_ref(id)).await?;
        let path = Path::from(object_path);
        match self.objects.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Removes the vectors of a file that was deleted while it was processed.
    pub(super) async fn vectors_of_gone(&self, id: &FileId) -> Result<(), Trouble> {
        Ok(self.vectors.delete(std::slice::from_ref(id)).await?)
    }

    async fn begin(&self, id: &FileId) -> Result<(File, Way), Trouble> {
        let file = self.store.job_file(id).await?.ok_or(Trouble::Gone)?;
        if !self.store.set_status(id, FileStatus::Processing, None).await? {
            return Err(Trouble::Gone);
        }
        Ok((file, Way::begin(self.signals.clone(), id.clone())))
    }

    async fn read(&self, file: &File) -> Result<Text, Trouble> {
        let found = self.objects.get(&Path::from(file.object_path.as_str())).await?;
        let document = Document {
            size: found.meta.size,
            bytes: found.into_stream().map_err(std::io::Error::other).boxed(),
            filename: file.filename.clone(),
            content_type: (!file.content_type.is_empty()).then(|| file.content_type.clone()),
        };
        self.reader.read(document).await.map_err(|reason| match reason {
            ExtractError::Interrupted { .. } => Trouble::Transient(reason.to_string()),
            _ => Trouble::Permanent(reason.to_string()),
        })
    }

    async fn embed(&self, file: &File, text: Text, mut way: Way) -> Result<(), Trouble> {
        let fingerprint = self.fingerprint();
        let mut languages = Vec::new();
        if self.config.bypass {
            self.vectors.delete(std::slice::from_ref(&file.id)).await?;
        } else {
            way.enter(Stage::Splitting);
            let prepared = self.prepare(file, text).await?;
            languages = prepared.languages.iter().map(|language| language.code()).collect();
            let total = prepared.chunks.len();
            way.enter(Stage::Embedding);
            way.embedded(0, total);
            let space = Space { fingerprint: fingerprint.clone(), dimension: self.embedder.dimension().await? };
            let mut embedded = Vec::with_capacity(total);
            let mut rest = prepared.chunks.into_iter().peekable();
            while rest.peek().is_some() {
                let batch: Vec<(Chunk, String)> = rest.by_ref().take(self.config.batch.max(1)).collect();
                let texts: Vec<String> = batch.iter().map(|(chunk, _)| chunk.text.clone()).collect();
                let vectors = self.embedder.embed(&texts, Purpose::Document).await?;
                embedded.extend(batch.into_iter().zip(vectors).map(|((chunk, terms), vector)| EmbeddedChunk { chunk, vector, terms }));
                way.embedded(embedded.len(), total);
            }
            way.enter(Stage::Storing);
            self.vectors.ensure(&space).await?;
            self.vectors.replace(&space, &file.id, embedded).await?;
            if file.fingerprint.as_ref().is_some_and(|old| *old != fingerprint) {
                self.leave_other_spaces(&file.id, &space).await?;
            }
        }
        if !self.store.set_indexed(&file.id, &fingerprint, &languages).await? {
            return Err(Trouble::Gone);
        }
        way.end();
        Ok(())
    }

    async fn leave_other_spaces(&self, file: &FileId, keep: &Space) -> Result<(), Trouble> {
        for space in self.vectors.spaces().await? {
            if space != *keep {
                self.vectors.replace(&space, file, Vec::new()).await?;
            }
        }
        Ok(())
    }

    async fn prepare(&self, file: &File, text: Text) -> Result<Prepared, Trouble> {
        let (splitter, whose) = (self.splitter.clone(), file.clone());
        let prepared = tokio::task::spawn_blocking(move || prepare(&whose, &text, &splitter)).await;
        prepared.map_err(|_panic| {
            tracing::warn!(file = %file.id, "splitting a text panicked");
            Trouble::Permanent("its text could not be split".to_owned())
        })
    }
}
