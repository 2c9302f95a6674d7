//! Retrieval.

/// Retrieval.
pub struct Retrieval {}
