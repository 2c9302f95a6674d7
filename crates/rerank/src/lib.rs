//! A reranker behind HTTP, as Cohere, Jina, vLLM, llama.cpp and others offer it.
//!
//! [`ExternalReranker`] posts `{"model", "query", "documents", "top_n"}` to the configured address and reads
//! `{"results": [{"index", "relevance_score"}]}`. Scores that are no numbers from 0 to 1 are a cross-encoder's raw ones and are
//! squeezed into that range, which keeps their order.
//!
//! ```
//! use transom_llm::Reranker;
//! use transom_rerank::{ExternalReranker, RerankerSettings};
//! use transom_upstream::{ClientSettings, Limits, upstream_client};
//! # use transom_testkit::{Script, Upstream};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), transom_llm::LlmError> {
//! # let upstream = Upstream::start().await;
//! # let results = Script::raw(200, "application/json", &[r#"{"results": [{"index": 1, "relevance_score": 0.9}]}"#]);
//! # upstream.script_path("/v1/rerank", results);
//! # let url = format!("{}/v1/rerank", upstream.base_url()); // "https://api.jina.ai/v1/rerank", say
//! let settings = RerankerSettings { url, key: None, model: "judge".to_owned() };
//! let reranker = ExternalReranker::new(settings, Limits::default(), upstream_client(&ClientSettings::default())?)?;
//! let best = reranker.rerank("What do herons eat?", &["Bread rises.".to_owned(), "Herons eat fish.".to_owned()], 1).await?;
//! assert_eq!((best[0].index, best[0].score), (1, 0.9));
//! # Ok(())
//! # }
//! ```
//!
//! It knows nothing of retrieval: what becomes of a failure is the caller's.

use std::collections::HashSet;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use transom_llm::{LlmError, Relevance, Reranker, json};
use transom_upstream::{Limits, Upstream, UpstreamClient};

/// Which reranker is asked, and for what.
#[derive(Clone, Debug)]
pub struct RerankerSettings {
    /// The whole address that is posted to, such as `https://api.jina.ai/v1/rerank`.
    pub url: String,
    /// Its key.
    pub key: Option<SecretString>,
    /// The model.
    pub model: String,
}

/// A reranker behind HTTP.
pub struct ExternalReranker {
    upstream: Upstream,
    model: String,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    query: &'a str,
    documents: &'a [String],
    top_n: usize,
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<Judged>,
}

#[derive(Deserialize)]
struct Judged {
    index: usize,
    relevance_score: f32,
}

impl ExternalReranker {
    /// Checks the address; sends nothing.
    pub fn new(settings: RerankerSettings, limits: Limits, client: UpstreamClient) -> Result<Self, LlmError> {
        Ok(Self { upstream: Upstream::new(&settings.url, settings.key, limits, client)?, model: settings.model })
    }
}

#[async_trait]
impl Reranker for ExternalReranker {
    async fn rerank(&self, question: &str, texts: &[String], limit: usize) -> Result<Vec<Relevance>, LlmError> {
        if texts.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let request = Request { model: &self.model, query: question, documents: texts, top_n: limit.min(texts.len()) };
        let request = serde_json::to_vec(&request).map_err(|error| LlmError::Internal(error.to_string()))?;
        let answer = self.upstream.post("", request.into()).await?;
        let Ok(Answer { results }) = json::read(&answer) else {
            return Err(self.upstream.broken("it is no list of results with an index and a relevance_score"));
        };
        let mut seen = HashSet::new();
        if results.is_empty()
            || !results.iter().all(|one| one.index < texts.len() && one.relevance_score.is_finite() && seen.insert(one.index))
        {
            return Err(self.upstream.broken("its results do not fit the documents that were sent"));
        }
        let raw = results.iter().any(|one| !(0.0..=1.0).contains(&one.relevance_score));
        let score = |score: f32| if raw { 1.0 / (1.0 + (-score).exp()) } else { score };
        let mut order: Vec<Relevance> =
            results.into_iter().map(|one| Relevance { index: one.index, score: score(one.relevance_score) }).collect();
        order.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
        order.truncate(limit);
        Ok(order)
    }
}
