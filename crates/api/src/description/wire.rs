//! Shapes of OpenAI's API, as far as clients rely on them. What an upstream adds passes through, so nothing else is said of it.
#![allow(dead_code, reason = "only their shape counts")]

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::shapes::Object;

/// The models that the caller may use.
#[derive(ToSchema)]
pub(crate) struct ModelList {
    data: Vec<Model>,
}

/// A model as clients list it. Upstreams and presets add fields of their own.
#[derive(ToSchema)]
pub(crate) struct Model {
    #[schema(examples("llama3.1:latest"))]
    id: String,
    #[schema(required = false)]
    name: Option<String>,
    #[schema(examples("model"))]
    object: Option<String>,
    created: Option<i64>,
    #[schema(examples("ollama"))]
    owned_by: Option<String>,
}

/// Models in OpenAI's shape.
#[derive(ToSchema)]
pub(crate) struct OpenAiModels {
    data: Vec<Model>,
    #[schema(examples("list"))]
    object: String,
}

/// A conversation to go on with. What is not said of it here is for the model's server to judge: it is passed on as it is.
#[derive(ToSchema)]
#[schema(examples(json!({ "model": "llama3.1:latest", "messages": [{ "role": "user", "content": "When does the warranty end?" }] })))]
pub(crate) struct ChatRequest {
    /// The id of a model that the caller may use.
    model: String,
    /// Messages, each with a `role` and a `content`.
    messages: Option<Value>,
    /// Whether the answer comes as Server-Sent Events.
    stream: Option<bool>,
    /// Files (`{"type": "file", "id": …}`) and collections (`{"type": "collection", "id": …}`) in which sources are found.
    files: Option<Vec<Value>>,
}

/// A message of a conversation.
#[derive(ToSchema)]
pub(crate) struct ChatMessage {
    #[schema(examples("user"))]
    role: String,
    content: Option<MessageContent>,
}

/// A text, or parts such as texts and images.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum MessageContent {
    Text(String),
    Parts(Vec<Object>),
}

/// A call that uses a model. The rest is as the upstream's own API has it.
#[derive(ToSchema)]
#[schema(examples(json!({ "model": "llama3.1:latest", "prompt": "When does the warranty end?", "stream": false })))]
pub(crate) struct ModelCall {
    model: String,
}

/// A call that uses a model, as a form. The other fields are as the upstream's own API has them.
#[derive(ToSchema)]
pub(crate) struct ModelCallForm {
    model: String,
}

/// Whatever the upstream's own API takes.
#[derive(ToSchema)]
pub(crate) struct Anything(Value);

/// The model's answer. `sources` holds what it was given of files and collections.
#[derive(ToSchema)]
pub(crate) struct ChatCompletion {
    id: Option<String>,
    #[schema(examples("chat.completion"))]
    object: Option<String>,
    created: Option<i64>,
    model: Option<String>,
    choices: Option<Vec<ChatChoice>>,
    usage: Option<Map<String, Value>>,
    sources: Option<Vec<Object>>,
}

/// One way to go on.
#[derive(ToSchema)]
pub(crate) struct ChatChoice {
    index: Option<i64>,
    message: Option<ChatMessage>,
    #[schema(examples("stop"))]
    finish_reason: Option<String>,
}

/// A finished conversation, for the filters to look at.
#[derive(ToSchema)]
pub(crate) struct ChatCompletedRequest {
    #[schema(examples("llama3.1:latest"))]
    model: String,
    messages: Option<Value>,
    chat_id: Option<Value>,
    id: Option<Value>,
    session_id: Option<Value>,
}

/// Texts to embed.
#[derive(ToSchema)]
pub(crate) struct EmbeddingsRequest {
    #[schema(examples("nomic-embed-text"))]
    model: String,
    /// A text, several, or tokens.
    input: Value,
}

/// Vectors in the order of the texts.
#[derive(ToSchema)]
pub(crate) struct Embeddings {
    #[schema(examples("list"))]
    object: Option<String>,
    data: Option<Vec<Embedding>>,
    model: Option<String>,
    usage: Option<Map<String, Value>>,
}

/// A text's vector.
#[derive(ToSchema)]
pub(crate) struct Embedding {
    index: Option<i64>,
    #[schema(examples("embedding"))]
    object: Option<String>,
    /// Numbers, or their bytes in Base64 where that was asked for.
    embedding: Option<Value>,
}
