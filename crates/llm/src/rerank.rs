//! Rerankers: what was found, judged again together with the question.

use async_trait::async_trait;

use crate::LlmError;

/// How a reranker judges one text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relevance {
    /// The text's place in the list that was sent.
    pub index: usize,
    /// From 0 to 1; higher is more relevant.
    pub score: f32,
}

/// A model that reads a question and a text together.
///
/// Every implementation owes this: each text is named at most once, the most relevant first, and no index is out of range;
/// an empty list costs nothing.
#[async_trait]
pub trait Reranker: Send + Sync + 'static {
    /// The `limit` most relevant of `texts`.
    async fn rerank(&self, question: &str, texts: &[String], limit: usize) -> Result<Vec<Relevance>, LlmError>;
}
