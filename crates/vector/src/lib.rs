//! The port to vector stores.
//!
//! A store keeps chunks with their vectors, in *spaces*: one for each embedder's [`transom_domain::Fingerprint`], so that vectors of
//! different models are never compared. It is a cache: everything in it can be made again from rows and bytes.
//! [`MemoryStore`] is exact and forgets; `transom-vector-lance` is the one that keeps.
//!
//! Chunks are found by their vectors ([`VectorStore::search`]) or by their terms ([`VectorStore::search_terms`]). How the two are
//! fused, and how a text becomes terms, is not known here.
//!
//! ```
//! use transom_domain::{Chunk, FileId, Fingerprint};
//! use transom_vector::{EmbeddedChunk, MemoryStore, Query, Space, VectorStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), transom_vector::VectorError> {
//! let (store, file) = (MemoryStore::new(), FileId::from("herons"));
//! let space = Space { fingerprint: Fingerprint("two numbers".to_owned()), dimension: 2 };
//! let chunk = Chunk { file_id: file.clone(), ordinal: 0, text: "Herons wait.".into(), start_index: 0, page: None, headings: vec![] };
//! store.replace(&space, &file, vec![EmbeddedChunk { chunk, vector: vec![1.0, 0.0], terms: "heron wait".into() }]).await?;
//!
//! let query = Query { vector: vec![0.6, 0.8], files: vec![file], limit: 3 };
//! assert_eq!(store.search(&space, &query).await?[0].score.value(), 0.6);
//! let elsewhere = Query { files: vec!["another".into()], ..query };
//! assert!(store.search(&space, &elsewhere).await?.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! A [`VectorError`] tells a vector that does not fit its space from a store that is damaged, full, or failed otherwise.
//! With the feature `testkit` there is the suite of promises that every store keeps.
//!
//! What a search may see is the caller's business: [`Query::files`] names the files, and nothing else is looked at.

mod bm25;
mod memory;
mod store;

#[cfg(any(test, feature = "testkit"))]
pub mod suite;

pub use memory::MemoryStore;
pub use store::{EmbeddedChunk, Hit, Query, Score, Space, TermQuery, VectorError, VectorStore};
