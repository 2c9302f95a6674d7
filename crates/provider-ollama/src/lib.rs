//! Ollama upstreams behind the ports of `transom-llm`, and the transparent proxy to them.
//!
//! [`OllamaModels`] is one Ollama: its base address (`http://localhost:11434`), with a key where something in front of it
//! asks for one. Requests in OpenAI's shape become Ollama's own (see `request`), its lines become neutral events (see
//! `answer`), and its own API is passed through as it is. [`OllamaEmbedder`] embeds with a model of an Ollama.
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
