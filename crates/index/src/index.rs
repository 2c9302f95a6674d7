//! The index itself: what is put in, and taken out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use transom_domain::{Chunk, FileId, Text};
use transom_ingest::Splitter;
use transom_llm::{Embedder, LlmError, Purpose, Reranker};
use transom_vector::{EmbeddedChunk, Space, VectorError, VectorStore};

use crate::prepare::{Prepared, prepare};

/// Chunks given to the embedder at a time. It makes its own batches of them, and larger lists make better ones.
const BATCH: usize = 128;

/// Chunks of one file at most, unless somebody says otherwise: twice what 50 MB of text make with chunks of 1,000 characters.
const MOST_CHUNKS: usize = 100_000;

/// An index over an embedding model and a vector store. Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Index {
    vectors: Arc<dyn VectorStore>,
    embedder: Arc<dyn Embedder>,
    reranker: Option<Arc<dyn Reranker>>,
    splitter: Arc<Splitter>,
    batch: usize,
    most_chunks: usize,
}

/// A text on its way into the index: which file it is of.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Names it; adding the same id again replaces what was there.
    pub id: &'a FileId,
    /// The file's name: its ending helps to tell what kind of text it is.
    pub filename: &'a str,
    /// Its media type, where somebody said one.
    pub content_type: Option<&'a str>,
}

/// A text that was indexed. The caller keeps it, and names it where it searches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexed {
    /// The file.
    pub id: FileId,
    /// The languages that it is in, by their codes in ISO 639-3, the most frequent first; empty where they are not known.
    pub languages: Vec<String>,
    /// The file's name, which a search may look into; empty where it is not known.
    #[serde(default)]
    pub name: String,
}

/// How far [`Index::add_watched`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The text becomes chunks.
    Splitting,
    /// Chunks become vectors.
    Embedding {
        /// Chunks that have theirs.
        done: usize,
        /// Chunks there are.
        chunks: usize,
    },
    /// Vectors and words are stored.
    Storing,
}

/// Why an index could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The embedding model's; trying again may help unless it is [`LlmError::Invalid`].
    #[error("the embedding model failed: {0}")]
    Embedding(#[from] LlmError),
    /// The vector store's.
    #[error(transparent)]
    Vectors(#[from] VectorError),
    /// The text could not be split; trying again does not help.
    #[error("the text could not be split")]
    Splitting,
    /// The text is too long for one file; trying again does not help.
    #[error("its text makes {chunks} chunks, and one file may have {most}")]
    TooManyChunks {
        /// How many they would be.
        chunks: usize,
        /// The limit.
        most: usize,
    },
}

impl Index {
    /// An index over this store and model, which splits texts as [`Splitter::default`] does.
    pub fn new(vectors: Arc<dyn VectorStore>, embedder: Arc<dyn Embedder>) -> Self {
        Self { vectors, embedder, reranker: None, splitter: Arc::default(), batch: BATCH, most_chunks: MOST_CHUNKS }
    }

    /// The same with texts split by `splitter`.
    pub fn with_splitter(self, splitter: Splitter) -> Self {
        Self { splitter: Arc::new(splitter), ..self }
    }

    /// The same, with what is found judged again by `reranker`.
    pub fn with_reranker(self, reranker: Arc<dyn Reranker>) -> Self {
        Self { reranker: Some(reranker), ..self }
    }

    /// The same with `batch` chunks, at least one, given to the embedder at a time; 128 otherwise.
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch: batch.max(1), ..self }
    }

    /// The same with at most so many chunks of one file; 100,000 otherwise. A text that makes more is refused.
    pub fn with_most_chunks(self, most_chunks: usize) -> Self {
        Self { most_chunks, ..self }
    }

    /// The store.
    pub fn vectors(&self) -> &Arc<dyn VectorStore> {
        &self.vectors
    }

    /// The embedding model.
    pub fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.embedder
    }

    pub(crate) fn reranker(&self) -> Option<&Arc<dyn Reranker>> {
        self.reranker.as_ref()
    }

    /// The space that texts go into: that of the embedding model. May ask the model for its dimension once.
    ///
    /// # Errors
    /// The model's own, where it cannot be asked.
    pub async fn space(&self) -> Result<Space, LlmError> {
        Ok(Space { fingerprint: self.embedder.fingerprint().clone(), dimension: self.embedder.dimension().await? })
    }

    /// Splits, embeds and stores a text. What was stored of the same file in the model's space is replaced, at once and at the end.
    ///
    /// # Errors
    /// See [`IndexError`]; nothing is stored then.
    pub async fn add(&self, source: Source<'_>, text: Text) -> Result<Indexed, IndexError> {
        self.add_watched(source, text, |_| ()).await
    }

    /// The same, telling `watch` each step as it begins, and of embedding each batch.
    ///
    /// # Errors
    /// As [`Index::add`].
    pub async fn add_watched(&self, source: Source<'_>, text: Text, mut watch: impl FnMut(Step) + Send) -> Result<Indexed, IndexError> {
        watch(Step::Splitting);
        let Prepared { languages, chunks } = self.prepare(source, text).await?;
        let total = chunks.len();
        watch(Step::Embedding { done: 0, chunks: total });
        let space = self.space().await?;
        let mut embedded = Vec::with_capacity(total);
        let mut rest = chunks.into_iter().peekable();
        while rest.peek().is_some() {
            let batch: Vec<(Chunk, String)> = rest.by_ref().take(self.batch).collect();
            let texts: Vec<String> = batch.iter().map(|(chunk, _)| chunk.text.clone()).collect();
            let vectors = self.embedder.embed(&texts, Purpose::Document).await?;
            embedded.extend(batch.into_iter().zip(vectors).map(|((chunk, terms), vector)| EmbeddedChunk { chunk, vector, terms }));
            watch(Step::Embedding { done: embedded.len(), chunks: total });
        }
        watch(Step::Storing);
        self.vectors.ensure(&space).await?;
        self.vectors.replace(&space, source.id, embedded).await?;
        let languages = languages.iter().map(|language| language.code().to_owned()).collect();
        Ok(Indexed { id: source.id.clone(), languages, name: source.filename.to_owned() })
    }

    /// Removes what is stored of these files, of whatever embedding model. What is missing already is removed.
    ///
    /// # Errors
    /// The store's own.
    pub async fn remove(&self, files: &[FileId]) -> Result<(), VectorError> {
        self.vectors.delete(files).await
    }

    /// Splitting computes for long where a text is long, so it is done on a thread that may block.
    async fn prepare(&self, source: Source<'_>, text: Text) -> Result<Prepared, IndexError> {
        let (splitter, id, most) = (self.splitter.clone(), source.id.clone(), self.most_chunks);
        let (filename, content_type) = (source.filename.to_owned(), source.content_type.map(str::to_owned));
        let prepared = tokio::task::spawn_blocking(move || {
            prepare(Source { id: &id, filename: &filename, content_type: content_type.as_deref() }, &text, &splitter, most)
        });
        prepared.await.unwrap_or_else(|_panic| {
            tracing::warn!(file = %source.id, "splitting a text panicked");
            Err(IndexError::Splitting)
        })
    }
}
