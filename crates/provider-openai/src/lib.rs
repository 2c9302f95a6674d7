//! OpenAI-compatible upstreams behind the ports of `transom-llm`.
//!
//! [`OpenAiModels`] is one upstream: its base address (`https://api.openai.com/v1`) with its key. Requests go on as the
//! bytes they are, and so do answers: a stream is neither parsed nor split, only watched for its end (see `watch`).
//! [`OpenAiEmbedder`] embeds with a model of such an upstream.
//!
//! ```
//! use transom_llm::{Body, ChatAnswer, ChatModel, ChatRequest};
//! use transom_provider_openai::{OpenAiConfig, OpenAiModels};
//! use transom_upstream::{ClientSettings, Limits, upstream_client};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let upstream = transom_testkit::Upstream::start().await;
//! # upstream.offer_openai(&["gpt-4-turbo"]);
//! # let address = upstream.openai_url(); // "https://api.openai.com/v1", say
//! let config = OpenAiConfig { base_url: address, key: Some("sk-…".into()), limits: Limits::default() };
//! let openai = OpenAiModels::new(config, upstream_client(&ClientSettings::default())?)?;
//! assert_eq!(openai.models().await?[0].id, "gpt-4-turbo");
//!
//! let call = br#"{"model": "gpt-4-turbo", "messages": [{"role": "user", "content": "Hello"}], "stream": true}"#;
//! let answer = openai.chat(ChatRequest::new(Body::parse(call.as_slice().into())?, true)).await?;
//! assert!(matches!(answer, ChatAnswer::Sse(_)));
//! # Ok(())
//! # }
//! ```
//!
//! Failures are `LlmError`s: a refusal with the upstream's status and words, the rest with its address and no key.
//!
//! It does not know which models a caller may use, nor the names that the gateway gives them.

mod azure;
mod embedder;
mod gather;
mod list;
mod models;
mod watch;

pub use azure::AZURE_VERSION;
pub use embedder::OpenAiEmbedder;
pub use models::{OpenAiConfig, OpenAiModels};
pub use watch::until_its_end;
