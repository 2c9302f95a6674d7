//! Texts in, passages out: an index over an embedding model and a vector store, for programs with and without a server around it.
//!
//! An [`Index`] splits a text, finds out which languages it is in, embeds its pieces and stores them with their words
//! ([`Index::add`]); asked a question, it looks by vectors and by words, fuses the two by how well the embedding model knows the
//! languages, lets a reranker judge where there is one, and joins neighbours ([`Index::find`]).
//!
//! It keeps no list of what is in it. What [`Index::add`] gives back, an [`Indexed`], is the caller's to keep, in a `Vec`, a row or a
//! file; and a search sees those that it is given and nothing else, which makes access the caller's own and simple to judge.
//!
//! ```
//! use std::sync::Arc;
//!
//! use transom_domain::{FileId, Text};
//! use transom_embed::MiniLm;
//! use transom_index::{Asked, Index, Search, Source};
//! use transom_vector::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let index = Index::new(Arc::new(MemoryStore::new()), Arc::new(MiniLm::default()));
//! let id = FileId::from("herons");
//! let text = Text { text: "Herons stand still in shallow water. They wait for fish.".to_owned(), pages: Vec::new() };
//! let indexed = index.add(Source { id: &id, filename: "herons.txt", content_type: None }, text).await?;
//!
//! let passages = index.find(&[indexed], &Asked::one("What are herons waiting for?"), &Search::default()).await?;
//! assert!(passages[0].chunk.text.ends_with("wait for fish."));
//! # Ok(())
//! # }
//! ```
//!
//! A store that keeps is put in where the one in memory stands: `LanceStore::open(LanceConfig::new(folder))` of `transom-vector-lance`.
//! Adding the same id again replaces what was there, and [`Index::remove`] of what is missing succeeds.
//!
//! Errors say whose they are: [`IndexError::Embedding`] the model's, [`IndexError::Vectors`] the store's, [`IndexError::Splitting`] ours,
//! and [`IndexError::TooManyChunks`] the text's.
//!
//! This crate knows neither HTTP nor SQL, no accounts, and not where files come from: `transom-ingest` makes texts of them.

mod find;
mod fuse;
mod index;
mod join;
mod names;
mod prepare;

pub use find::{Asked, Search};
pub use index::{Index, IndexError, Indexed, Source, Step};
pub use join::Passage;
