//! What tests share.
//!
//! [`Upstream`] is a real HTTP server on the loopback with OpenAI's API below `/v1` and Ollama's below `/api`. It answers
//! deterministically, or as a [`Script`] says: slowly, broken off, with a refusal, or not at all. It keeps what it received,
//! and tells when a client left before the end of its answer. [`UpstreamStage`] sets it up for the suite that every chat
//! model passes. [`ClosedPort`] is an upstream that is not there.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() {
//! use transom_testkit::{Script, Upstream};
//!
//! let upstream = Upstream::start().await;
//! upstream.script(Script::says(&["Hello", " there"]).then_hangs());
//! // … call `format!("{}/v1/chat/completions", upstream.base_url())`, drop the answer, wait for `clients_left(1)`, and look at:
//! assert!(upstream.requests().is_empty(), "nobody has called yet");
//! # }
//! ```
#![allow(clippy::unwrap_used)]

mod closed;
mod embed;
mod embedder;
mod functions;
mod stage;
mod upstream;

pub use closed::ClosedPort;
pub use embed::embed;
pub use embedder::BagOfWords;
pub use functions::ScriptedFunctions;
pub use stage::UpstreamStage;
pub use upstream::{Received, Script, Upstream};
