//! The configured upstreams, and the one client that calls them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use transom_app::models::{Connection, ConnectionSettings, Kind};
use transom_config::Config;
use transom_llm::LlmError;
use transom_provider_ollama::{OllamaConfig, OllamaEmbedder, OllamaModels};
use transom_provider_openai::{OpenAiConfig, OpenAiEmbedder, OpenAiModels};
use transom_rerank::{ExternalReranker, RerankerSettings};
use transom_upstream::{ClientSettings, EmbedderSettings, Limits, Proxies, UpstreamClient, upstream_client};

/// What stands for "for ever" where an upstream may be silent for as long as it likes.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// A question waits so long for a reranker, and is answered without it then.
const RERANKING: Duration = Duration::from_secs(15);

/// Every upstream, in order, OpenAI-compatible ones first.
pub fn connections(config: &Config) -> Result<Vec<Connection>, String> {
    let client = client()?;
    let mut connections = Vec::new();
    for (index, upstream) in switched_on(&config.upstreams.openai) {
        let settings = OpenAiConfig { base_url: upstream.address(), key: upstream.key.clone(), limits: limits(config) };
        let mut models = OpenAiModels::new(settings, client.clone()).map_err(sentence)?;
        if let Some(azure) = &upstream.settings.azure {
            models = models.at_azure(azure.api_version.as_deref()).map_err(sentence)?;
        }
        connections.push(Connection::new(Kind::OpenAi, index, Arc::new(models)).with(settings_of(upstream)));
    }
    for (index, upstream) in switched_on(&config.upstreams.ollama) {
        let settings = OllamaConfig { base_url: upstream.address(), key: upstream.key.clone(), limits: limits(config) };
        let models = Arc::new(OllamaModels::new(settings, client.clone()).map_err(sentence)?);
        connections.push(Connection::new(Kind::Ollama, index, models).with(settings_of(upstream)));
    }
    Ok(connections)
}

/// Those that are used, with their indexes among all.
fn switched_on(all: &[transom_config::Connection]) -> impl Iterator<Item = (usize, &transom_config::Connection)> {
    all.iter().enumerate().filter(|(_, upstream)| upstream.settings.enabled)
}

fn settings_of(upstream: &transom_config::Connection) -> ConnectionSettings {
    let transom_config::ConnectionSettings { prefix_id, model_ids, tags, connection_type, presumed, .. } = upstream.settings.clone();
    ConnectionSettings { prefix_id, model_ids, tags, connection_type, presumed }
}

/// `RAG_EMBEDDING_ENGINE=openai`.
pub fn openai_embedder(config: &Config, connection: &transom_config::Connection) -> Result<OpenAiEmbedder, String> {
    OpenAiEmbedder::new(embedder_settings(config, connection), limits(config), client()?).map_err(sentence)
}

/// `RAG_EMBEDDING_ENGINE=ollama`.
pub fn ollama_embedder(config: &Config, connection: &transom_config::Connection) -> Result<OllamaEmbedder, String> {
    OllamaEmbedder::new(embedder_settings(config, connection), limits(config), client()?).map_err(sentence)
}

/// `RAG_RERANKING_ENGINE=external`.
pub fn reranker(config: &Config, reranker: &transom_config::Reranker) -> Result<ExternalReranker, String> {
    let settings =
        RerankerSettings { url: reranker.connection.address(), key: reranker.connection.key.clone(), model: reranker.model.clone() };
    let limits = Limits { answer: limits(config).answer.min(RERANKING), ..limits(config) };
    ExternalReranker::new(settings, limits, client()?).map_err(sentence)
}

fn embedder_settings(config: &Config, connection: &transom_config::Connection) -> EmbedderSettings {
    let (embedding, prefixes) = (&config.embedding, &config.retrieval.prefixes);
    EmbedderSettings {
        base_url: connection.address(),
        key: connection.key.clone(),
        model: embedding.model.clone(),
        batch_size: embedding.batch_size,
        concurrency: embedding.concurrency.map_or(Semaphore::MAX_PERMITS, NonZeroUsize::get),
        query_prefix: prefixes.query.clone(),
        content_prefix: prefixes.content.clone(),
        prefix_field: prefixes.field.clone(),
    }
}

#[expect(clippy::disallowed_methods, reason = "HTTP_PROXY and its like are everybody's variables, not settings of ours")]
fn client() -> Result<UpstreamClient, String> {
    let settings = ClientSettings { proxies: Proxies::from_variables(|name| std::env::var(name).ok()), ..ClientSettings::default() };
    upstream_client(&settings).map_err(sentence)
}

fn limits(config: &Config) -> Limits {
    let silence = config.upstreams.silence.unwrap_or(FOR_EVER);
    Limits { answer: silence, idle: silence, list: config.upstreams.list_timeout, ..Limits::default() }
}

fn sentence(error: LlmError) -> String {
    error.to_string()
}
