//! Functions: models and filters that are programs, in Rust or in Python.

mod about;
mod context;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

pub use about::{FunctionAbout, FunctionError, FunctionKind, FunctionModel, Valves};
pub use context::{CallContext, EventReceiver, EventSink, FunctionHost, NoHost, RequestHead};

use crate::{Body, ChatAnswer, ChatRequest, LlmError};

/// One function: a pipe that answers chat calls as a model does, or a filter around the calls of other models.
///
/// Every method but [`Function::id`] and [`Function::about`] has a default, so that a pipe says only how it answers
/// and a filter only what it changes.
///
/// Every implementation owes this:
/// what a function says of its own failure reaches the caller in its own words, as [`LlmError::Refused`];
/// a call that fails leaves the others alone; dropping a future or a stream ends the work behind it;
/// dropping the last handle ends everything that ran for it.
#[async_trait]
pub trait Function: Send + Sync + 'static {
    /// The id that it is registered by, and the beginning of its models' ids.
    fn id(&self) -> &str;

    /// What it is and which hooks it has. Code in another language is loaded for this where it is not yet;
    /// what is wrong with it is the error.
    async fn about(&self) -> Result<Arc<FunctionAbout>, FunctionError>;

    /// The models of a pipe, asked anew; one without a sub-id where the pipe is a single model. A filter has none.
    async fn models(&self) -> Result<Vec<FunctionModel>, LlmError> {
        Ok(Vec::new())
    }

    /// Answers a chat call as a pipe. `model` in the body is the full id: the function's, or `function.sub-id`.
    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        drop(request);
        Err(LlmError::Invalid(format!("the function {} is no pipe", self.id())))
    }

    /// Changes a request before its sources are looked for and its model is asked. An error refuses the call.
    async fn inlet(&self, body: Body, context: &Arc<CallContext>) -> Result<Body, LlmError> {
        let _ = context;
        Ok(body)
    }

    /// Looks at the chunks of one streamed answer; `None` where this function does not.
    fn stream(&self, context: &Arc<CallContext>) -> Option<Box<dyn StreamFilter>> {
        let _ = context;
        None
    }

    /// Changes a finished conversation: the body of `/api/chat/completed`.
    async fn outlet(&self, body: Body, context: &Arc<CallContext>) -> Result<Body, LlmError> {
        let _ = context;
        Ok(body)
    }

    /// Checks values for the function's [`Valves`] against its own rules; gives back those that were given, as the function reads them.
    async fn check_valves(&self, which: Valves, values: Map<String, Value>) -> Result<Map<String, Value>, FunctionError> {
        let _ = which;
        Ok(values)
    }

    /// Sets the administrator's values; every call from now on sees them.
    fn set_valves(&self, values: Map<String, Value>) {
        drop(values);
    }

    /// Ends at once what runs for this function; its running calls fail with a sentence. For a function that is switched
    /// off or deleted; one that is replaced is dropped, and its running calls come to their end.
    fn stop(&self) {}
}

/// The filter of one streamed answer.
#[async_trait]
pub trait StreamFilter: Send {
    /// Changes a `chat.completion.chunk`; `None` leaves it out.
    async fn chunk(&mut self, chunk: Value) -> Result<Option<Value>, LlmError>;
}

/// What makes functions out of source code.
#[async_trait]
pub trait FunctionRuntime: Send + Sync + 'static {
    /// A handle on the function with this code. Nothing runs until the handle is asked something; that it can run at
    /// all, [`Function::about`] says.
    fn function(&self, id: &str, source: &str) -> Arc<dyn Function>;

    /// Deletes what is kept on the disk for the function. Its handles are stopped before.
    async fn forget(&self, id: &str);
}
