//! For tests: a scripted model, an embedder that counts words, and the suite that every [`crate::ChatModel`] passes.

mod fake;
pub mod suite;

pub use fake::{FakeEmbedder, FakeModel};
