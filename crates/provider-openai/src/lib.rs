//! OpenAI-compatible upstreams behind the ports of `transom-llm`.
//!
//! [`OpenAiModels`] is one upstream: its base address (`https://api.openai.com/v1`) with its key. Requests go on as the
//! bytes they are, and so do answers: a stream is neither parsed nor split, only watched for its end (see `watch`).
//! [`OpenAiEmbedder`] embeds with a model of such an upstream.
//!
//! It does not know which models a caller may use, nor the names that the gateway gives them.

mod embedder;
mod list;
mod models;
mod watch;

pub use embedder::OpenAiEmbedder;
pub use models::{OpenAiConfig, OpenAiModels};
