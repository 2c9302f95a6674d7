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

/// A chunk, its vector and its terms: all that it can be found by.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedChunk {
    /// The chunk.
    pub chunk: Chunk,
    /// Its vector, of length 1; or all zeros, where the embedder sees nothing in the text. Such a vector has no direction and is like no
    /// other: no search by vectors finds the chunk.
    pub vector: Vec<f32>,
    /// What a search by words compares, in the text's order, with white space between: words as an analyser left them, folded
    /// and stemmed. A store compares them byte by byte and never analyses. Empty: no search by words finds the chunk.
    pub terms: String,
}

/// A question as a vector.
#[derive(Clone, Debug)]
pub struct Query {
    /// The question's vector, with as many numbers as the space has dimensions. All zeros: nothing found.
    pub vector: Vec<f32>,
    /// The files to look in, and no others. None named: nothing found.
    pub files: Vec<FileId>,
    /// How many chunks at most.
    pub limit: usize,
}

/// A question as words.
#[derive(Clone, Debug)]
pub struct TermQuery {
    /// The question's terms, analysed as the chunks' were. A chunk that has one of them is found; more of them, and rarer ones,
    /// count for more. A term named twice counts once.
    pub terms: Vec<String>,
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
    /// How well it answers, and by which measure.
    pub score: Score,
}

/// How well a chunk answers a question. Scores of different kinds cannot be compared with each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Score {
    /// Cosine similarity of the vectors, from -1 to 1.
    Similarity(f32),
    /// BM25 of the terms, above 0 and without bound. How rare a term is and how long chunks are is measured over the space.
    Bm25(f32),
}

impl Score {
    /// The number alone; higher is better.
    pub fn value(self) -> f32 {
        match self {
            Self::Similarity(value) | Self::Bm25(value) => value,
        }
    }

    /// The cosine, where it is one.
    pub fn similarity(self) -> Option<f32> {
        match self {
            Self::Similarity(value) => Some(value),
            Self::Bm25(_) => None,
        }
    }
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

    /// The chunks with the question's terms by BM25, best first; equal ones by file and ordinal.
    async fn search_terms(&self, space: &Space, query: &TermQuery) -> Result<Vec<Hit>, VectorError>;

    /// How many chunks each file has in the space; for checks, not for the hot path.
    async fn files(&self, space: &Space) -> Result<BTreeMap<FileId, usize>, VectorError>;

    /// The spaces there are.
    async fn spaces(&self) -> Result<Vec<Space>, VectorError>;

    /// Removes a space with everything in it; so also after damage.
    async fn drop_space(&self, space: &Space) -> Result<(), VectorError>;

    /// Removes every space of other embedders than these; also what is too damaged or too old to say whose it is.
    async fn retain(&self, embedders: &[Fingerprint]) -> Result<(), VectorError>;

    /// Returns when a space that could be read turned out to be damaged, whoever met it: then it has to be made again. What was
    /// said before is not lost. A store that cannot be damaged never returns.
    async fn damage(&self) {
        std::future::pending().await
    }

    /// Tidies up after many writes; nothing changes for readers.
    async fn optimize(&self) -> Result<(), VectorError>;
}
