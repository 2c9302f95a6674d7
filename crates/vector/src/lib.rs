//! The port to vector stores.
//!
//! A store keeps chunks with their vectors, in *spaces*: one for each embedder's [`transom_domain::Fingerprint`], so that vectors of
//! different models are never compared. It is a cache: everything in it can be made again from rows and bytes.
//! [`MemoryStore`] is exact and forgets; `transom-vector-lance` is the one that keeps.
//!
//! Chunks are found by their vectors ([`VectorStore::search`]) or by their terms ([`VectorStore::search_terms`]). How the two are
//! fused, and how a text becomes terms, is not known here.
//! What a search may see is the caller's business: [`Query::files`] names the files, and nothing else is looked at.

mod bm25;
mod memory;
mod store;

#[cfg(any(test, feature = "testkit"))]
pub mod suite;

pub use memory::MemoryStore;
pub use store::{EmbeddedChunk, Hit, Query, Score, Space, TermQuery, VectorError, VectorStore};
