//! The port to language models and embedders.
//!
//! A [`ChatModel`] is one upstream: it lists its models and answers chat calls, whole or as a stream.
//! An [`Embedder`] turns texts into vectors, and a [`Reranker`] judges found texts
//! together with the question. A [`RawUpstream`] passes any other call of an upstream's own API through.
//! A [`Function`] is a program that answers as a model or filters the calls of others; [`CallContext`] is what it may know of a call.
//! Requests and answers are in OpenAI's shape, and travel as the bytes they came in
//! wherever nothing needs to look inside (see [`Body`] and [`ChatAnswer`]).
//!
//! [`LlmError`] sorts failures by what the caller can do: an upstream's refusal keeps its status and words, and is told apart from one
//! that cannot be reached, took too long, or sent something unusable.
//! With the feature `testkit` there are a scripted model and the suite of promises that every [`ChatModel`] keeps.
//!
//! This crate knows no HTTP client and no server; adapters (`transom-provider-*`, `transom-embed`) bring those.
//!
//! ```
//! use transom_llm::Body;
//!
//! let mut body = Body::parse(br#"{"model": "llama3.1", "top_k": 3, "messages": []}"#.as_slice().into())?;
//! assert_eq!(body.text("model")?.as_deref(), Some("llama3.1"));
//! body.set("model", &"llama3.1:latest");
//! assert_eq!(body.to_bytes(), br#"{"model":"llama3.1:latest","top_k":3,"messages":[]}"#.as_slice());
//! # Ok::<(), transom_llm::BodyError>(())
//! ```

mod body;
mod chat;
mod embed;
mod error;
mod function;
pub mod json;
mod raw;
mod rerank;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod wire;

pub use body::{Body, BodyError};
pub use chat::{ChatAnswer, ChatEvent, ChatModel, ChatRequest, EventStream, FinishReason, SseBytes, ToolCallDelta, UpstreamModel, Usage};
pub use embed::{Embedder, Purpose};
pub use error::{LlmError, RefusalDetails};
pub use function::{
    CallContext, EventReceiver, EventSink, Function, FunctionAbout, FunctionError, FunctionHost, FunctionKind, FunctionModel,
    FunctionRuntime, NoHost, RequestHead, StreamFilter, Valves,
};
pub use raw::{ByteStream, RawAnswer, RawBody, RawRequest, RawUpstream};
pub use rerank::{Relevance, Reranker};
