//! What every chat model owes.

use std::sync::Arc;
use std::time::Duration;

use transom_llm::ChatModel;
use transom_provider_ollama::{OllamaConfig, OllamaModels};
use transom_testkit::UpstreamStage;
use transom_upstream::{ClientSettings, Limits, upstream_client};

fn make(base_url: &str, patience: Duration) -> Arc<dyn ChatModel> {
    let limits = Limits { answer: patience, idle: patience, list: patience, ..Limits::default() };
    let config = OllamaConfig { base_url: base_url.to_owned(), key: None, limits };
    let client = upstream_client(&ClientSettings::default()).expect("a client");
    Arc::new(OllamaModels::new(config, client).expect("a model"))
}

transom_llm::chat_model_suite!(UpstreamStage::new(make));
