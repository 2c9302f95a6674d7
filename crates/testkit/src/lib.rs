//! What tests share: a scripted upstream, fixtures, a clock that stands still.

mod embedder;

pub use embedder::BagOfWords;
