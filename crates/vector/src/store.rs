//! The port itself.

use std::collections::BTreeMap;

use async_trait::async_trait;
use transom_domain::{Chunk, FileId, Fingerprint};

/// The vectors of one embedder.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Space {
    /// The embedder.
    pub fingerprint: Fingerprint,
    /// Numbers in each vector.
    pub dimension: usize,
}

/// A chunk and its vector.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedChunk {
    /// The chunk.
    pub chunk: Chunk,
    /// Its vector, of length 1.
    pub vector: Vec<f32>,
}

/// What to look for.
#[derive(Clone, Debug)]
pub struct Query {
    /// The question's vector; its length is the space's dimension.
    pub vector: Vec<f32>,
    /// The files to look in, and no others. None named: nothing found.
    pub files: Vec<FileId>,
    /// How many chunks at most.
    pub limit: usize,
}

/// A chunk that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The chunk.
    pub chunk: Chunk,
    /// Cosine similarity to the question, from -1 to 1; higher is nearer.
    pub similarity: f32,
}

/// Why a store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// A vector's length is not the space's.
    #[error("a vector of {got} numbers does not fit a space of {expected}")]
    Dimension {
        /// The space's dimension.
        expected: usize,
        /// The vector's length.
        got: usize,
    },
    /// What is stored cannot be read: make it again from rows and bytes.
    #[error("the stored vectors are damaged: {0}")]
    Damaged(String),
    /// There is no room.
    #[error("no space left for vectors: {0}")]
    Full(String),
    /// Anything else.
    #[error("the vector store failed: {0}")]
    Backend(String),
}

/// A store of chunks and vectors.
///
/// Every implementation owes this: what a call wrote is found by the next one; deleting what is missing succeeds;
/// writing the same file twice leaves it once; a search sees the files it names and no others.
#[async_trait]
pub trait VectorStore: Send + Sync + 'static {
    /// Makes the space, where it is missing. Every other call on a missing space finds it empty.
    async fn ensure(&self, space: &Space) -> Result<(), VectorError>;

    /// Replaces all chunks of `file` in the space, which is made where it is missing; with none, removes them.
    async fn replace(&self, space: &Space, file: &FileId, chunks: Vec<EmbeddedChunk>) -> Result<(), VectorError>;

    /// Removes the chunks of `files` from every space. A space that fails does not keep the others from being cleared.
    async fn delete(&self, files: &[FileId]) -> Result<(), VectorError>;

    /// The chunks nearest to the question, nearest first; equal ones by file and ordinal.
    async fn search(&self, space: &Space, query: &Query) -> Result<Vec<Hit>, VectorError>;

    /// How many chunks each file has in the space; for checks, not for the hot path.
    async fn files(&self, space: &Space) -> Result<BTreeMap<FileId, usize>, VectorError>;

    /// The spaces there are.
    async fn spaces(&self) -> Result<Vec<Space>, VectorError>;

    /// Removes a space with everything in it; so also after damage.
    async fn drop_space(&self, space: &Space) -> Result<(), VectorError>;

    /// Tidies up after many writes; nothing changes for readers.
    async fn optimize(&self) -> Result<(), VectorError>;
}
