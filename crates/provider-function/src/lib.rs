//! Function models: Rust functions linked in, Python functions in worker processes.
//!
//! A program that embeds Transom implements [`Pipe`] and registers what [`pipe`] makes of it: a model like any other.
//! [`Quote`] is one that the server ships. What is more than a pipe, a filter say, implements [`Function`] itself.
//! [`PythonRuntime`] makes functions out of the code that administrators store: each runs in a process of its own, with limits on memory,
//! processor time and output ([`Limits`]), and talks to the server in lines. A [`Launcher`] confines that process first: `transom_confine`
//! says from what.
//!
//! ```
//! use transom_llm::{Body, ChatAnswer, ChatRequest, LlmError};
//! use transom_provider_function::{Call, Pipe, Reply, pipe};
//!
//! struct Shout;
//!
//! #[async_trait::async_trait]
//! impl Pipe for Shout {
//!     fn id(&self) -> &str {
//!         "shout"
//!     }
//!
//!     async fn answer(&self, call: Call) -> Result<Reply, LlmError> {
//!         Ok(Reply::text(call.question().to_uppercase()))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), LlmError> {
//! let call = Body::parse(br#"{"model": "shout", "messages": [{"role": "user", "content": "hear me"}]}"#.as_slice().into())?;
//! let ChatAnswer::Whole(json) = pipe(Shout).chat(ChatRequest::new(call, false)).await? else { panic!("no stream was asked for") };
//! assert!(String::from_utf8_lossy(&json).contains("HEAR ME"));
//! # Ok(())
//! # }
//! ```
//!
//! What a function refuses is an `LlmError::Refused` with its own words; what is wrong with its code is a [`FunctionError`] for its author.
//!
//! This crate knows neither HTTP nor the server's data: what a function may know comes with each call in a
//! [`CallContext`], and what it asks of the server goes through the call's host.

mod pipe;
mod python;
mod quote;

pub use pipe::{Call, Pipe, Reply, pipe, status};
pub use python::{Launcher, Limits, PythonConfig, PythonRuntime};
pub use quote::Quote;
pub use transom_llm::{CallContext, ChatAnswer, ChatEvent, Function, FunctionError, LlmError};
