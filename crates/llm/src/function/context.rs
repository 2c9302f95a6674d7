//! What surrounds a call that a function sees.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::{Body, ChatAnswer, ChatEvent, LlmError};

/// Who calls and around what: everything that a function may know beside the request's body. It holds no secret of the server.
#[derive(Clone)]
pub struct CallContext {
    /// The caller: `id`, `name`, `email`, `role` and so on, without password, token or key.
    pub user: Map<String, Value>,
    /// `chat_id`, `session_id`, `message_id`, `files`, `variables`, `features`, … as the request said them.
    pub metadata: Map<String, Value>,
    /// The model's entry in the catalogue.
    pub model: Value,
    /// The request's files and collections, as it named them; only those that the caller may read.
    pub files: Vec<Value>,
    /// The passages that were found for the question, as answers show them.
    pub sources: Vec<Value>,
    /// The HTTP request.
    pub request: RequestHead,
    /// The caller's values of the functions' user settings, by function.
    pub user_valves: HashMap<String, Map<String, Value>>,
    /// What the server does for a function on the caller's behalf.
    pub host: Arc<dyn FunctionHost>,
    /// Takes the events of filters that fit a stream. A pipe's own are in its answer, in their order.
    pub events: EventSink,
}

impl Default for CallContext {
    /// Nobody, about nothing, with a server that does nothing.
    fn default() -> Self {
        Self {
            user: Map::new(),
            metadata: Map::new(),
            model: Value::Null,
            files: Vec::new(),
            sources: Vec::new(),
            request: RequestHead::default(),
            user_valves: HashMap::new(),
            host: Arc::new(NoHost),
            events: EventSink::default(),
        }
    }
}

impl fmt::Debug for CallContext {
    /// Nothing of its content, which belongs in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext").finish_non_exhaustive()
    }
}

/// An HTTP request without its body and without credentials.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RequestHead {
    /// The method.
    pub method: String,
    /// The whole address, as the client sees the server.
    pub url: String,
    /// Headers with small letters, without `authorization`, `cookie` and whatever else is a credential.
    pub headers: Vec<(String, String)>,
    /// The client's address.
    pub client: Option<String>,
}

/// What a function may ask of the server. Each call has its own, which acts for the call's user and never beyond
/// what that user may do.
#[async_trait]
pub trait FunctionHost: Send + Sync + 'static {
    /// Answers a chat call as `/api/chat/completions` does, through the user's own grants.
    /// Calls that go in circles are refused.
    async fn complete(&self, body: Body) -> Result<ChatAnswer, LlmError>;

    /// Vectors of the model that documents are embedded with, one for each text.
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, LlmError>;

    /// The models that the user sees, as `/api/models` lists them.
    async fn models(&self) -> Result<Vec<Value>, LlmError>;

    /// A file that the user may read: `id`, `filename`, `meta` and, once it was read, its text as `data.content`; `None` for any other.
    async fn file(&self, id: &str) -> Result<Option<Value>, LlmError> {
        let _ = id;
        Ok(None)
    }

    /// An account as functions may know it, by its id; `None` where there is none or the user may not know of it.
    async fn user(&self, id: &str) -> Result<Option<Map<String, Value>>, LlmError>;
}

/// A server that does nothing for functions.
pub struct NoHost;

#[async_trait]
impl FunctionHost for NoHost {
    async fn complete(&self, _: Body) -> Result<ChatAnswer, LlmError> {
        Err(LlmError::Invalid("no other model can be asked here".to_owned()))
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, LlmError> {
        Err(LlmError::Invalid("no embedding model can be asked here".to_owned()))
    }

    async fn models(&self) -> Result<Vec<Value>, LlmError> {
        Ok(Vec::new())
    }

    async fn user(&self, _: &str) -> Result<Option<Map<String, Value>>, LlmError> {
        Ok(None)
    }
}

/// Takes what filters say to the caller's stream: [`ChatEvent::Text`] and [`ChatEvent::Frame`].
/// It is a courtesy: where nobody reads it, or not fast enough, it is dropped.
#[derive(Clone, Debug, Default)]
pub struct EventSink(Option<mpsc::Sender<ChatEvent>>);

/// Reads what an [`EventSink`] took; ends when all its clones are gone.
pub type EventReceiver = mpsc::Receiver<ChatEvent>;

impl EventSink {
    /// A sink that keeps up to `capacity` events until they are read.
    pub fn new(capacity: usize) -> (Self, EventReceiver) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self(Some(sender)), receiver)
    }

    /// Takes an event.
    pub fn emit(&self, event: ChatEvent) {
        if let Some(sender) = &self.0 {
            let _ = sender.try_send(event);
        }
    }
}
