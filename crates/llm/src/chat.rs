//! Chat models: what one upstream offers and how it is asked.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Body, CallContext, LlmError, wire};

/// One upstream that answers chat calls.
///
/// Every implementation owes this:
/// a failure before the first byte of the answer is the call's error; one after it is the stream's last item;
/// a stream ends exactly once; dropping the future or the stream ends the upstream call at once;
/// fields that it does not know travel along untouched.
#[async_trait]
pub trait ChatModel: Send + Sync + 'static {
    /// Which upstream this is, for logs and errors: its base address without credentials.
    fn name(&self) -> &str;

    /// The models it offers now, asked anew.
    async fn models(&self) -> Result<Vec<UpstreamModel>, LlmError>;

    /// Answers a chat call.
    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError>;

    /// Answers an embeddings call in OpenAI's shape (`model`, `input`, …), with OpenAI's answer as JSON.
    /// Refused where an implementation does not say otherwise.
    async fn embeddings(&self, _request: Body) -> Result<Bytes, LlmError> {
        Err(LlmError::Invalid(format!("{} makes no embeddings", self.name())))
    }
}

/// A model as its upstream lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct UpstreamModel {
    /// The id that the upstream knows it by.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// `openai`, `ollama` or `function`; of a provider that a program brings along, whatever it calls itself.
    pub owned_by: &'static str,
    /// When it was made, in seconds since 1970; 0 where the upstream does not say.
    pub created: i64,
    /// The upstream's own entry, as it came.
    pub raw: Value,
}

impl UpstreamModel {
    /// A model that is called by its id, of whom nothing more is known.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self { name: id.clone(), owned_by: "transom", created: 0, raw: json!({ "id": id }), id }
    }
}

/// A chat call.
#[derive(Clone, Debug)]
pub struct ChatRequest {
    /// OpenAI's request body. `model` is the upstream's id, and none of our own fields is left in it.
    pub body: Body,
    /// Whether the answer is to be a stream; says the same as `stream` in the body.
    pub stream: bool,
    /// Who calls and around what, for functions; upstreams over HTTP are told nothing of it.
    pub context: Option<Arc<CallContext>>,
}

impl ChatRequest {
    /// A call that says nothing beside its body.
    pub fn new(body: Body, stream: bool) -> Self {
        Self { body, stream, context: None }
    }
}

/// Bytes of a Server-Sent Events stream in OpenAI's shape, `data: [DONE]` included; split anywhere.
pub type SseBytes = Pin<Box<dyn Stream<Item = Result<Bytes, LlmError>> + Send>>;

/// A stream of neutral events.
pub type EventStream = Pin<Box<dyn Stream<Item = Result<ChatEvent, LlmError>> + Send>>;

/// An answer, in the form that costs the upstream's adapter least.
pub enum ChatAnswer {
    /// A whole answer: OpenAI's `chat.completion` as JSON.
    Whole(Bytes),
    /// A stream that is in OpenAI's shape already. It ends with `data: [DONE]`, or with an error as its last item.
    Sse(SseBytes),
    /// A stream of events; [`crate::wire`] writes them in OpenAI's shape. It ends with [`ChatEvent::Finish`], or with an error as its last item.
    Events(EventStream),
}

impl ChatAnswer {
    /// These events as `request` asks for them: as they come, or read to their end and whole.
    ///
    /// # Errors
    /// Where the answer is to be whole, the first error among the events.
    pub async fn to<S>(request: &ChatRequest, events: S) -> Result<Self, LlmError>
    where
        S: Stream<Item = Result<ChatEvent, LlmError>> + Send + 'static,
    {
        let events: EventStream = Box::pin(events);
        if request.stream {
            return Ok(Self::Events(events));
        }
        let model = request.body.text("model").ok().flatten().unwrap_or_default();
        wire::collect(&wire::Meta::whole(&model), events).await.map(Self::Whole)
    }
}

/// What happens in a streamed answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// A piece of the answer.
    Text(String),
    /// A piece of what the model thinks aloud.
    Reasoning(String),
    /// A tool call, or a piece of one.
    ToolCall(ToolCallDelta),
    /// Log probabilities of the piece of text that comes next: OpenAI's `logprobs` object.
    Logprobs(Value),
    /// A frame of another kind, for the client as it is: `{"event": …}` or `{"sources": […]}`.
    /// Of a whole answer, `sources` become a member; the rest is left out.
    Frame(Value),
    /// Tokens and timings. Comes at most once, before the end.
    Usage(Usage),
    /// The answer is complete.
    Finish(FinishReason),
}

/// A tool call, or a piece of one, as OpenAI streams them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCallDelta {
    /// Which call of the answer, from 0.
    pub index: u32,
    /// Its id; in the first piece.
    pub id: Option<String>,
    /// The function; in the first piece.
    pub name: Option<String>,
    /// JSON text, or a piece of it.
    pub arguments: String,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// The token limit was reached.
    Length,
    /// It waits for the results of tools.
    ToolCalls,
    /// A filter stopped it.
    ContentFilter,
}

/// OpenAI's `usage`, with whatever else the upstream measured beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
    /// Further members of the object, as the upstream names them.
    #[serde(flatten)]
    pub more: serde_json::Map<String, Value>,
}
