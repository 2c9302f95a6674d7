//! KnowledgeBases.

/// KnowledgeBases.
pub struct KnowledgeBases {}
