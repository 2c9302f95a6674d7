//! Ollama upstreams behind the ports of `transom-llm`, and the transparent proxy to them.
//!
//! [`OllamaModels`] is one Ollama: its base address (`http://localhost:11434`), with a key where something in front of it
//! asks for one. Requests in OpenAI's shape become Ollama's own (see `request`), its lines become neutral events (see
//! `answer`), and its own API is passed through as it is. [`OllamaEmbedder`] embeds with a model of an Ollama.
//!
//! ```
//! use transom_llm::{Body, ChatAnswer, ChatModel, ChatRequest};
//! use transom_provider_ollama::{OllamaConfig, OllamaModels};
//! use transom_upstream::{ClientSettings, Limits, upstream_client};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let upstream = transom_testkit::Upstream::start().await;
//! # upstream.offer_ollama(&["llama3.2:latest"]);
//! # let address = upstream.base_url().to_owned(); // "http://localhost:11434", say
//! let config = OllamaConfig { base_url: address, key: None, limits: Limits::default() };
//! let ollama = OllamaModels::new(config, upstream_client(&ClientSettings::default())?)?;
//! assert_eq!(ollama.models().await?[0].id, "llama3.2:latest");
//!
//! let call = br#"{"model": "llama3.2:latest", "messages": [{"role": "user", "content": "Hello"}]}"#;
//! let answer = ollama.chat(ChatRequest::new(Body::parse(call.as_slice().into())?, false)).await?;
//! assert!(matches!(answer, ChatAnswer::Whole(json) if json.starts_with(b"{")));
//! # Ok(())
//! # }
//! ```
//!
//! Failures are `LlmError`s: a refusal with the status and words of the Ollama, the rest with its address and no key.
//!
//! It does not know which models a caller may use, nor that a bare name means `:latest`.

mod answer;
mod config;
mod embedder;
mod embeddings;
mod list;
mod models;
mod request;
mod usage;

pub use config::OllamaConfig;
pub use embedder::OllamaEmbedder;
pub use models::OllamaModels;
