//! [`VectorStore`](transom_vector::VectorStore) on LanceDB.
//!
//! [`LanceStore`] keeps one table for each space, in a folder (or whatever else LanceDB takes as an address). A table's
//! name is a digest of the embedder, and the space stands in the table's schema.
//!
//! A search is told the rows of the files that it names, and LanceDB looks at no others. Which rows those are is known in memory,
//! so that no search has to try a condition on a million rows. Up to some thousand rows the question is compared with each;
//! beyond, an index of vectors finds candidates and exact distances choose among them. Words have an index from the first row on.
//!
//! One process has the folder to itself. Inside it, one write runs at a time and reads run beside it: LanceDB writes
//! a new version each time, and old ones go when [`optimize`](transom_vector::VectorStore::optimize) finds that no
//! search can still be reading them. Nothing in LanceDB merges, indexes or prunes by itself: that is done here, in the background.
//!
//! What cannot be read comes back as [`Damaged`](transom_vector::VectorError::Damaged), and so does every call on that space until
//! it is dropped: the caller drops it and makes it again, for vectors are a cache.
//!
//! ```
//! use transom_domain::{FileId, Fingerprint};
//! use transom_vector::{Space, VectorStore};
//! use transom_vector_lance::{LanceConfig, LanceStore};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let store = LanceStore::open(LanceConfig::new(folder.path().to_string_lossy())).await?;
//! let space = Space { fingerprint: Fingerprint("a model".to_owned()), dimension: 384 };
//! store.ensure(&space).await?;
//! assert_eq!(store.spaces().await?, [space]);
//! store.delete(&[FileId::from("never stored")]).await?; // succeeds, as the port promises
//! # Ok(())
//! # }
//! ```
//!
//! It knows nothing of models, texts or who may see what. Nothing but a program that keeps its vectors needs to wait for LanceDB to compile:
//! all other crates know the port alone.

mod config;
mod directory;
mod error;
mod exact;
mod read;
mod rows;
mod store;
mod tables;
mod upkeep;
mod write;

#[cfg(test)]
mod tests;

pub use config::LanceConfig;
pub use store::LanceStore;
