//! The port of a Python function.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use transom_llm::{
    Body, CallContext, ChatAnswer, ChatEvent, ChatRequest, Function, FunctionAbout, FunctionError, FunctionKind, FunctionModel, LlmError,
    StreamFilter, Valves, json,
};

use super::answer::{answer, refused};
use super::code::Code;
use super::conversation::Conversation;
use super::protocol::{Context, Failure, Message, Op, valves_name};
use super::worker::Worker;

/// How deeply a body may be nested.
const DEEPEST: usize = 256;

/// A function in Python.
pub(super) struct PythonFunction(pub Arc<Code>);

impl PythonFunction {
    /// Puts a call to the worker.
    async fn call(&self, op: Op<'_>, context: &Arc<CallContext>) -> Result<Conversation, LlmError> {
        let worker = self.0.worker().await.map_err(|error| unloaded(&self.0.id, error))?;
        Ok(worker.call(op, Some(context.clone()), self.0.house.config.deadline))
    }

    fn refused(&self, failure: Failure) -> LlmError {
        refused(&self.0.id, failure)
    }

    /// What `inlet` or `outlet` makes of a body. What the function says on the way goes to the caller's stream.
    async fn changed(&self, mut conversation: Conversation, context: &CallContext) -> Result<Body, LlmError> {
        let json = loop {
            match conversation.next().await {
                Some(Message::End(json)) => break json,
                Some(Message::Failed(failure)) => return Err(self.refused(failure)),
                Some(said) => emit(said, context),
                None => return Err(LlmError::Internal("a call without an end".to_owned())),
            }
        };
        Body::parse(json).map_err(|_| {
            let words = "the filter gave back something that is no request".to_owned();
            self.refused(Failure { words, status: 500, line: None })
        })
    }
}

#[async_trait]
impl Function for PythonFunction {
    fn id(&self) -> &str {
        &self.0.id
    }

    async fn about(&self) -> Result<Arc<FunctionAbout>, FunctionError> {
        if let Some(about) = self.0.known() {
            return Ok(about);
        }
        self.0.worker().await?;
        self.0.known().ok_or_else(|| FunctionError::Unavailable("the function's process ended while it was loaded".to_owned()))
    }

    async fn models(&self) -> Result<Vec<FunctionModel>, LlmError> {
        let about = self.about().await.map_err(|error| unloaded(&self.0.id, error))?;
        match about.kind {
            FunctionKind::Pipe if about.manifold => {}
            FunctionKind::Pipe => return Ok(vec![FunctionModel { sub_id: None, name: None }]),
            _ => return Ok(Vec::new()),
        }
        let worker = self.0.worker().await.map_err(|error| unloaded(&self.0.id, error))?;
        let listed = worker.call(Op::Pipes, None, self.0.house.config.patience).end().await.map_err(|failure| self.refused(failure))?;
        json::read(&listed).map_err(|error| LlmError::Broken { upstream: self.0.id.clone(), reason: error.to_string() })
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        let ChatRequest { body, stream, context } = request;
        let context = context.unwrap_or_default();
        let model = body.text("model").ok().flatten().unwrap_or_default();
        let bytes = body.to_bytes();
        let op = Op::Pipe { body: raw(&bytes)?, stream, context: Context::of(&context, &self.0.id) };
        let conversation = self.call(op, &context).await?;
        answer(conversation, &self.0.id, &model, stream).await
    }

    async fn inlet(&self, body: Body, context: &Arc<CallContext>) -> Result<Body, LlmError> {
        let bytes = body.to_bytes();
        let op = Op::Inlet { body: raw(&bytes)?, context: Context::of(context, &self.0.id) };
        let conversation = self.call(op, context).await?;
        self.changed(conversation, context).await
    }

    fn stream(&self, context: &Arc<CallContext>) -> Option<Box<dyn StreamFilter>> {
        if self.0.known().is_some_and(|about| !about.stream) {
            return None;
        }
        Some(Box::new(Filtering { code: self.0.clone(), context: context.clone(), opened: None }))
    }

    async fn outlet(&self, body: Body, context: &Arc<CallContext>) -> Result<Body, LlmError> {
        let bytes = body.to_bytes();
        let op = Op::Outlet { body: raw(&bytes)?, context: Context::of(context, &self.0.id) };
        let conversation = self.call(op, context).await?;
        self.changed(conversation, context).await
    }

    async fn check_valves(&self, which: Valves, values: Map<String, Value>) -> Result<Map<String, Value>, FunctionError> {
        let worker = self.0.worker().await?;
        let op = Op::Check { which: valves_name(which), values: &values };
        let checked = worker.call(op, None, self.0.house.config.patience).end().await;
        let checked = checked.map_err(|failure| FunctionError::Valves(failure.words))?;
        json::read(&checked).map_err(|error| FunctionError::Valves(error.to_string()))
    }

    fn set_valves(&self, values: Map<String, Value>) {
        self.0.set_valves(values);
    }

    fn stop(&self) {
        self.0.stop();
    }
}

/// The chunks of one answer, one after the other through one worker.
struct Filtering {
    code: Arc<Code>,
    context: Arc<CallContext>,
    opened: Option<(Arc<Worker>, Conversation)>,
}

#[async_trait]
impl StreamFilter for Filtering {
    async fn chunk(&mut self, chunk: Value) -> Result<Option<Value>, LlmError> {
        let Self { code, context, opened } = self;
        let deadline = code.house.config.deadline;
        let (worker, opened) = match opened {
            Some(opened) => opened,
            None => {
                let worker = code.worker().await.map_err(|error| unloaded(&code.id, error))?;
                let op = Op::Open { context: Context::of(context, &code.id) };
                let conversation = worker.call(op, Some(context.clone()), deadline);
                opened.insert((worker, conversation))
            }
        };
        let op = Op::Chunk { of: opened.id(), chunk: &chunk };
        let changed = worker.call(op, Some(context.clone()), deadline).end().await;
        while let Some(said) = opened.said() {
            emit(said, context);
        }
        let json = changed.map_err(|failure| refused(&code.id, failure))?;
        serde_json::from_slice(&json).map_err(|error| LlmError::Broken { upstream: code.id.clone(), reason: error.to_string() })
    }
}

/// Hands what a filter said on to the caller's stream.
fn emit(said: Message, context: &CallContext) {
    match said {
        Message::Text(text) => context.events.emit(ChatEvent::Text(text)),
        Message::Frame(json) | Message::Data(json) => {
            if let Ok(frame) = serde_json::from_slice(&json) {
                context.events.emit(ChatEvent::Frame(frame));
            }
        }
        Message::End(_) | Message::Failed(_) | Message::Heard => {}
    }
}

/// A call that found no worker.
fn unloaded(function: &str, error: FunctionError) -> LlmError {
    let status = if matches!(error, FunctionError::Unavailable(_)) { 503 } else { 400 };
    refused(function, Failure { words: error.to_string(), status, line: None })
}

fn raw(body: &Bytes) -> Result<&RawValue, LlmError> {
    // Python's parser would run out of stack, and the worker with it.
    if json::is_deeper_than(body, DEEPEST) {
        return Err(LlmError::Invalid(format!("the request is nested more than {DEEPEST} levels deep")));
    }
    serde_json::from_slice(body).map_err(|error| LlmError::Invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_nested_too_deeply_for_python_is_refused_before_it_is_sent() {
        let nested = |levels: usize| Bytes::from(format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels)));
        assert!(raw(&nested(DEEPEST - 1)).is_ok());
        assert!(raw(&nested(DEEPEST)).expect_err("refused").to_string().contains("levels deep"));
        assert!(raw(&nested(1_000_000)).is_err());
    }
}
