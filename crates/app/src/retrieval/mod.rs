//! Passages for questions: what a chat's attachments hold on a question, and the prompt that carries it to a model.
//!
//! [`Retrieval::resolve`] decides what the caller may ask, [`Retrieval::find`] looks, [`Retrieval::prompt`] writes.
//! Nothing is searched but the files of a [`Scope`], and a scope is made in one place only.

mod changes;
mod prompt;
mod scope;
mod search;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use serde::Serialize;
use serde_json::{Map, Value};
use transom_domain::Caller;
use transom_index::Index;
use transom_llm::Embedder;
use transom_store::Store;

pub(crate) use changes::{changed_settings, reset_settings};
pub use scope::Scope;
pub use search::{Passages, Question};

use crate::Error;
use crate::files::Files;

/// How passages are found and put to a model.
#[derive(Clone, Debug, PartialEq)]
pub struct RetrievalSettings {
    /// Passages for each attachment (`RAG_TOP_K`).
    pub top_k: usize,
    /// Passages at most that a reranker keeps of those (`RAG_TOP_K_RERANKER`).
    pub top_k_reranker: usize,
    /// Whether words are searched beside vectors (`ENABLE_RAG_HYBRID_SEARCH`).
    pub hybrid: bool,
    /// How much the words count, from 0 to 1 (`RAG_HYBRID_BM25_WEIGHT`); `None`: as well as the embedder knows each file's language.
    pub bm25_weight: Option<f32>,
    /// Whether the words of a file's name count as words of its passages (`ENABLE_RAG_HYBRID_SEARCH_ENRICHED_TEXTS`).
    pub enriched: bool,
    /// Passages whose cosine to the question is below this are left out; from 0 to 1 (`RAG_RELEVANCE_THRESHOLD`).
    pub relevance_threshold: f32,
    /// The prompt (`RAG_TEMPLATE`); `None` for ours.
    pub template: Option<String>,
    /// Whether every attachment gives its whole text (`RAG_FULL_CONTEXT`).
    pub full_context: bool,
    /// Whether a model may be asked for search words (`ENABLE_RETRIEVAL_QUERY_GENERATION`).
    pub query_generation: bool,
    /// Whether nothing is embedded, and whole texts are given instead (`BYPASS_EMBEDDING_AND_RETRIEVAL`).
    pub bypass: bool,
    /// Characters at most of all whole texts that one question gets.
    pub whole_texts: u64,
    /// How long a question waits for files that are still being processed.
    pub wait: Duration,
    /// How files are indexed, as the configuration says it; only shown.
    pub indexing: Indexing,
    /// What judges found passages again, as the configuration says it; only shown.
    pub reranking: Reranking,
}

/// How files are indexed, for administrators to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexing {
    /// `RAG_EMBEDDING_ENGINE`; empty for the built-in one.
    pub engine: String,
    /// `RAG_EMBEDDING_MODEL`.
    pub model: String,
    /// `RAG_EMBEDDING_BATCH_SIZE`.
    pub batch_size: usize,
    /// `RAG_EMBEDDING_CONCURRENT_REQUESTS`; 0 for no limit.
    pub concurrency: usize,
    /// `RAG_TEXT_SPLITTER`; empty for characters.
    pub splitter: String,
    /// `CHUNK_SIZE`.
    pub chunk_size: usize,
    /// `CHUNK_OVERLAP`.
    pub chunk_overlap: usize,
}

/// What judges found passages again, for administrators to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reranking {
    /// `RAG_RERANKING_ENGINE`; empty for none.
    pub engine: String,
    /// `RAG_RERANKING_MODEL`.
    pub model: String,
    /// `RAG_EXTERNAL_RERANKER_URL`.
    pub url: String,
}

impl Default for RetrievalSettings {
    fn default() -> Self {
        Self {
            top_k: 3,
            top_k_reranker: 3,
            hybrid: true,
            bm25_weight: None,
            enriched: false,
            relevance_threshold: 0.0,
            template: None,
            full_context: false,
            query_generation: true,
            bypass: false,
            whole_texts: 10_000_000,
            wait: Duration::from_secs(120),
            indexing: Indexing::default(),
            reranking: Reranking::default(),
        }
    }
}

/// What one attachment holds on a question, as clients are shown it: `document`, `metadata` and `distances` go side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// The attachment: its `type`, `id` and `name`, and what else the client said of it.
    pub source: Map<String, Value>,
    /// The passages, best first.
    pub document: Vec<String>,
    /// Of each: `name`, `source`, `file_id`, `page` (from 0), `page_label` (from 1) and `total_pages` where known, and more.
    pub metadata: Vec<Map<String, Value>>,
    /// Of each: how near it is to the question, from 0 to 1; higher is nearer. Empty for whole texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub distances: Vec<f32>,
}

/// Finds passages. Cheap to clone.
#[derive(Clone)]
pub struct Retrieval {
    store: Store,
    files: Files,
    index: Index,
    settings: Arc<ArcSwap<RetrievalSettings>>,
    /// Held while settings are changed.
    changing: Arc<tokio::sync::Mutex<()>>,
}

impl Retrieval {
    /// Retrieval over the files in `store` that `index` knows.
    pub fn new(store: Store, files: Files, index: Index, settings: RetrievalSettings) -> Self {
        Self { store, files, index, settings: Arc::new(ArcSwap::from_pointee(settings)), changing: Arc::default() }
    }

    /// How it is done at present.
    pub fn settings(&self) -> Arc<RetrievalSettings> {
        self.settings.load_full()
    }

    /// Drops every vector and leaves the work of making them again from what was read. Administrators only.
    pub async fn reset(&self, caller: &Caller) -> Result<(), Error> {
        if !caller.is_admin() {
            return Err(Error::WrongRole);
        }
        for space in self.index.vectors().spaces().await? {
            self.index.vectors().drop_space(&space).await?;
        }
        let files = self.files.index_all(caller).await?;
        tracing::info!(files, "every vector was dropped and is made again");
        Ok(())
    }

    /// What documents are embedded with.
    pub(crate) fn embedder(&self) -> &Arc<dyn Embedder> {
        self.index.embedder()
    }

    /// The prompt's template that is in use.
    pub fn template(&self) -> String {
        self.settings.load().template.as_deref().unwrap_or(prompt::TEMPLATE).to_owned()
    }
}
