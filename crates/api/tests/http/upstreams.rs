//! Connections to scripted upstreams, through the real adapters.

use std::sync::Arc;

use transom_app::models::{Connection, Kind};
use transom_provider_ollama::{OllamaConfig, OllamaModels};
use transom_provider_openai::{OpenAiConfig, OpenAiModels};
use transom_upstream::{ClientSettings, Limits, upstream_client};

/// The key that the server has for its upstreams, and nobody else may see.
pub const KEY: &str = "sk-the-key-of-the-upstream";

/// An OpenAI-compatible connection to this address, without `/v1`.
pub fn openai(index: usize, base: &str) -> Connection {
    patient_openai(index, base, Limits::default())
}

/// The same, with limits.
pub fn patient_openai(index: usize, base: &str, limits: Limits) -> Connection {
    let client = upstream_client(&ClientSettings::default()).unwrap();
    let config = OpenAiConfig { base_url: format!("{base}/v1"), key: Some(KEY.into()), limits };
    let models = Arc::new(OpenAiModels::new(config, client).unwrap());
    Connection::new(Kind::OpenAi, index, models)
}

/// A connection to an Ollama.
pub fn ollama(index: usize, base: &str) -> Connection {
    patient_ollama(index, base, Limits::default())
}

/// The same, with limits.
pub fn patient_ollama(index: usize, base: &str, limits: Limits) -> Connection {
    let client = upstream_client(&ClientSettings::default()).unwrap();
    let config = OllamaConfig { base_url: base.to_owned(), key: Some(KEY.into()), limits };
    let models = Arc::new(OllamaModels::new(config, client).unwrap());
    Connection::new(Kind::Ollama, index, models)
}
