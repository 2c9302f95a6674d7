//! Function models: Rust functions linked in, Python functions in worker processes.
//!
//! A program that embeds Transom implements [`Pipe`] and registers what [`pipe`] makes of it: a model like any other.
//! [`Quote`] is one that the server ships. What is more than a pipe implements [`Function`] itself.
//! [`PythonRuntime`] makes functions out of the code that administrators store.
//!
//! This crate knows neither HTTP nor the server's data: what a function may know comes with each call in a
//! [`CallContext`], and what it asks of the server goes through the call's host.

mod pipe;
mod python;
mod quote;

pub use pipe::{Call, Pipe, Reply, pipe, status};
pub use python::{Limits, PythonConfig, PythonRuntime};
pub use quote::Quote;
pub use transom_llm::{CallContext, ChatAnswer, ChatEvent, Function, FunctionError, LlmError};
