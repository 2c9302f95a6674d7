//! Pipes in Rust: a small trait, and what makes a function of it.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Map, Value, json};
use transom_llm::wire;
use transom_llm::{
    Body, CallContext, ChatAnswer, ChatEvent, ChatRequest, EventStream, FinishReason, Function, FunctionAbout, FunctionError,
    FunctionModel, LlmError,
};

/// A model that is a program in Rust. [`pipe`] makes a [`Function`] of it.
///
/// ```
/// use transom_provider_function::{Call, LlmError, Pipe, Reply, pipe};
///
/// struct Shout;
///
/// #[async_trait::async_trait]
/// impl Pipe for Shout {
///     fn id(&self) -> &str {
///         "shout"
///     }
///
///     async fn answer(&self, call: Call) -> Result<Reply, LlmError> {
///         Ok(Reply::text(call.question().to_uppercase()))
///     }
/// }
///
/// let function = pipe(Shout);
/// # assert_eq!(function.id(), "shout");
/// ```
#[async_trait]
pub trait Pipe: Send + Sync + 'static {
    /// The id of its model.
    fn id(&self) -> &str;

    /// What its model is called.
    fn name(&self) -> &str {
        self.id()
    }

    /// What it is for, in a sentence or two.
    fn description(&self) -> &str {
        ""
    }

    /// Answers a call. An error here is the call's; one in the reply's stream is its last item.
    /// When the client leaves, the future or the reply is dropped.
    async fn answer(&self, call: Call) -> Result<Reply, LlmError>;
}

/// A call of a pipe.
pub struct Call {
    /// OpenAI's request body.
    pub body: Body,
    /// Who calls and around what.
    pub context: Arc<CallContext>,
}

impl Call {
    /// The conversation.
    pub fn messages(&self) -> Vec<Value> {
        self.body.get("messages").ok().flatten().unwrap_or_default()
    }

    /// What the user asked last, without what the server put around it.
    pub fn question(&self) -> String {
        // Where passages were put into the last message, the server keeps the user's own words here.
        if let Some(Value::String(prompt)) = self.context.metadata.get("user_prompt") {
            return prompt.clone();
        }
        let messages = self.messages();
        match messages.iter().rev().find(|message| message["role"] == "user").map(|message| &message["content"]) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
            _ => String::new(),
        }
    }
}

/// What a pipe answers. The same serves a caller who wants a stream and one who wants the whole.
pub struct Reply(EventStream);

impl Reply {
    /// One text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::pieces(stream::iter([text.into()]))
    }

    /// Pieces of text, as they come.
    pub fn pieces<S: Stream<Item = String> + Send + 'static>(pieces: S) -> Self {
        Self::events(pieces.map(|piece| Ok(ChatEvent::Text(piece))))
    }

    /// Everything that can happen in an answer. Its end is added where it is missing, and what follows its end or an error left out.
    pub fn events<S: Stream<Item = Result<ChatEvent, LlmError>> + Send + 'static>(events: S) -> Self {
        Self(Box::pin(events))
    }

    /// What another model answers: see [`transom_llm::FunctionHost::complete`].
    pub fn relay(answer: ChatAnswer) -> Self {
        Self(wire::event_stream(answer, "the model that was asked"))
    }

    /// The same, after the sources that it cites: each with `source`, `document` and `metadata` as answers show them.
    pub fn citing(self, sources: Vec<Value>) -> Self {
        Self(Box::pin(stream::iter([Ok(ChatEvent::Frame(json!({ "sources": sources })))]).chain(self.0)))
    }

    /// The events until the first that ends them, with an end in any case.
    fn ended(self) -> EventStream {
        let end = stream::iter([Ok(ChatEvent::Finish(FinishReason::Stop))]);
        let events = self.0.chain(end).scan(false, |over, event| {
            let go_on = !*over;
            *over |= matches!(event, Err(_) | Ok(ChatEvent::Finish(_)));
            std::future::ready(go_on.then_some(event))
        });
        Box::pin(events)
    }
}

/// What clients show while they wait: a line of what is going on, and whether it is over.
pub fn status(description: &str, done: bool) -> ChatEvent {
    ChatEvent::Frame(json!({"event": {"type": "status", "data": {"description": description, "done": done}}}))
}

/// The function that a pipe is.
pub fn pipe<P: Pipe>(pipe: P) -> Arc<dyn Function> {
    let manifest = json!({"title": pipe.name(), "description": pipe.description()});
    let manifest = if let Value::Object(manifest) = manifest { manifest } else { Map::new() };
    let about = Arc::new(FunctionAbout { manifest, ..FunctionAbout::default() });
    Arc::new(PipeFunction { pipe, about })
}

struct PipeFunction<P> {
    pipe: P,
    about: Arc<FunctionAbout>,
}

#[async_trait]
impl<P: Pipe> Function for PipeFunction<P> {
    fn id(&self) -> &str {
        self.pipe.id()
    }

    async fn about(&self) -> Result<Arc<FunctionAbout>, FunctionError> {
        Ok(self.about.clone())
    }

    async fn models(&self) -> Result<Vec<FunctionModel>, LlmError> {
        Ok(vec![FunctionModel { sub_id: None, name: Some(self.pipe.name().to_owned()) }])
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        let call = Call { body: request.body.clone(), context: request.context.clone().unwrap_or_default() };
        let reply = self.pipe.answer(call).await?;
        ChatAnswer::to(&request, reply.ended()).await
    }
}
