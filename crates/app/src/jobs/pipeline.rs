//! What becomes of a file: bytes, text, chunks, vectors, and nothing at last.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use transom_domain::{File, FileId, FileStatus, Fingerprint, Text};
use transom_index::{Index, IndexError, Source};
use transom_ingest::{Document, ExtractError, Reader};
use transom_llm::LlmError;
use transom_store::jobs::Job;
use transom_store::{Store, StoreError};
use transom_vector::VectorError;

use super::progress::Way;
use super::{NO_VECTORS, Signals};

/// How files are processed.
#[derive(Clone, Debug, Default)]
pub struct PipelineConfig {
    /// Whether texts are kept without vectors (`BYPASS_EMBEDDING_AND_RETRIEVAL`).
    pub bypass: bool,
}

/// What processing needs. Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Pipeline {
    /// Rows.
    pub store: Store,
    /// Uploaded bytes.
    pub objects: Arc<dyn ObjectStore>,
    /// What splits texts, embeds them and keeps their vectors.
    pub index: Index,
    /// What reads files.
    pub reader: Arc<dyn Reader>,
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

impl From<IndexError> for Trouble {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Embedding(error) => error.into(),
            IndexError::Vectors(error) => error.into(),
            IndexError::Splitting => Trouble::Permanent("its text could not be split".to_owned()),
            IndexError::TooManyChunks { .. } => Trouble::Permanent(error.to_string()),
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
        if self.config.bypass { Fingerprint(NO_VECTORS.to_owned()) } else { self.index.embedder().fingerprint().clone() }
    }

    /// Reads a file's bytes, keeps its text and indexes it.
    pub(super) async fn process(&self, job: &Job) -> Result<(), Trouble> {
        let (file, way) = self.begin(job).await?;
        let text = self.read(&file).await?;
        if text.text.trim().is_empty() {
            return Err(Trouble::Permanent("no text was found in it".to_owned()));
        }
        let hash = hex::encode(Sha256::digest(text.text.as_bytes()));
        if !self.store.keep_text(job, &text, &hash).await? {
            return Err(Trouble::Gone);
        }
        self.embed(job, &file, text, way).await
    }

    /// Indexes the text that a file has.
    pub(super) async fn index(&self, job: &Job) -> Result<(), Trouble> {
        let (file, way) = self.begin(job).await?;
        match self.store.job_text(&file.id).await? {
            Some(text) => self.embed(job, &file, text, way).await,
            // The text went with a row that is gone, or was never kept: then the bytes are the truth.
            None => self.process(job).await,
        }
    }

    /// Removes what a deleted file left. What is missing already is removed.
    pub(super) async fn erase(&self, id: &FileId, object_path: &str) -> Result<(), Trouble> {
        self.index.remove(std::slice::from_ref(id)).await?;
        let path = Path::from(object_path);
        match self.objects.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Removes the vectors of a file that was deleted while it was processed.
    pub(super) async fn vectors_of_gone(&self, id: &FileId) -> Result<(), Trouble> {
        Ok(self.index.remove(std::slice::from_ref(id)).await?)
    }

    async fn begin(&self, job: &Job) -> Result<(File, Way), Trouble> {
        let id = job.kind.file();
        let file = self.store.job_file(id).await?.ok_or(Trouble::Gone)?;
        if !self.store.set_status(job, FileStatus::Processing, None).await? {
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

    async fn embed(&self, job: &Job, file: &File, text: Text, mut way: Way) -> Result<(), Trouble> {
        let fingerprint = self.fingerprint();
        let mut languages = Vec::new();
        if self.config.bypass {
            self.index.remove(std::slice::from_ref(&file.id)).await?;
        } else {
            let content_type = (!file.content_type.is_empty()).then_some(file.content_type.as_str());
            let source = Source { id: &file.id, filename: &file.filename, content_type };
            languages = self.index.add_watched(source, text, |step| way.reach(step)).await?.languages;
            if file.fingerprint.as_ref().is_some_and(|old| *old != fingerprint) {
                self.leave_other_spaces(&file.id).await?;
            }
        }
        let languages: Vec<&str> = languages.iter().map(String::as_str).collect();
        if !self.store.set_indexed(job, &fingerprint, &languages).await? {
            return Err(Trouble::Gone);
        }
        way.end();
        Ok(())
    }

    async fn leave_other_spaces(&self, file: &FileId) -> Result<(), Trouble> {
        let (vectors, keep) = (self.index.vectors(), self.index.space().await?);
        for space in vectors.spaces().await? {
            if space != keep {
                vectors.replace(&space, file, Vec::new()).await?;
            }
        }
        Ok(())
    }
}
