//! A function from the folder of fixtures, who calls it, and what its answer looks like to a client.

use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use transom_llm::testkit::FakeModel;
use transom_llm::wire::sse;
use transom_llm::{
    Body, CallContext, ChatAnswer, ChatEvent, ChatModel, ChatRequest, EventReceiver, EventSink, Function, FunctionHost, FunctionRuntime,
    LlmError, RequestHead,
};
use transom_provider_function::{Launcher, PythonConfig, PythonRuntime};

/// A function with the folder that it runs in.
pub struct Installed {
    function: Arc<dyn Function>,
    _folder: TempDir,
}

impl Deref for Installed {
    type Target = dyn Function;

    fn deref(&self) -> &Self::Target {
        &*self.function
    }
}

/// The function in `tests/functions/NAME.py`, with these valves.
pub fn function(name: &str, valves: Value) -> Installed {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/functions/{name}.py"));
    let folder = tempfile::tempdir().expect("a folder");
    let launcher = Launcher { path: env!("CARGO_BIN_EXE_transom-function-launcher").into(), arguments: Vec::new() };
    let mut config = PythonConfig::new(folder.path(), launcher, std::env::vars_os());
    // Made by the first test that needs it, and kept for the others.
    config.environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions");
    let function = PythonRuntime::new(config).function(name, &std::fs::read_to_string(path).expect("a fixture"));
    function.set_valves(object(valves));
    Installed { function, _folder: folder }
}

/// A sink for what a filter emits, and what it took: frames.
pub fn sink() -> (EventSink, EventReceiver) {
    EventSink::new(8)
}

/// The next frame that a filter emitted.
pub async fn emitted(receiver: &mut EventReceiver) -> Value {
    match receiver.recv().await {
        Some(ChatEvent::Frame(frame)) => frame,
        other => panic!("no frame: {other:?}"),
    }
}

/// The members of an object.
pub fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).expect("an object")
}

/// What the server says to functions: one user's models, and one more user.
pub struct Server {
    model: FakeModel,
    bodies: Mutex<Vec<Value>>,
}

impl Server {
    /// One whose models say these pieces.
    pub fn says(pieces: &[&str]) -> Arc<Self> {
        let model = FakeModel::new("server", &["gpt-4-turbo", "gpt-4o-mini"]).says(pieces);
        Arc::new(Self { model, bodies: Mutex::default() })
    }

    /// What it was asked.
    pub fn asked(&self) -> Vec<Value> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl FunctionHost for Server {
    async fn complete(&self, body: Body) -> Result<ChatAnswer, LlmError> {
        let value: Value = serde_json::from_slice(&body.to_bytes()).expect("JSON");
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).push(value.clone());
        if value["model"] == "secret" {
            return Err(LlmError::Invalid("no model `secret` that you may use".to_owned()));
        }
        let stream = value["stream"] == true;
        self.model.chat(ChatRequest::new(body, stream)).await
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, LlmError> {
        Ok(texts.iter().map(|_| vec![1.0, 2.0]).collect())
    }

    async fn models(&self) -> Result<Vec<Value>, LlmError> {
        Ok(["gpt-4-turbo", "gpt-4o-mini"].map(|id| json!({"id": id, "name": id, "object": "model"})).to_vec())
    }

    async fn file(&self, id: &str) -> Result<Option<Value>, LlmError> {
        Ok((id == "f1").then(|| json!({"id": "f1", "filename": "door.txt", "data": {"content": "A door opens."}})))
    }

    async fn user(&self, id: &str) -> Result<Option<Map<String, Value>>, LlmError> {
        Ok((id == "u2").then(|| object(json!({"id": "u2", "name": "Bob", "role": "user"}))))
    }
}

/// Ada calls.
pub fn context() -> CallContext {
    CallContext {
        user: object(json!({"id": "u1", "name": "Ada", "email": "ada@example.com", "role": "user"})),
        metadata: object(
            json!({"user_id": "u1", "chat_id": "", "session_id": null, "message_id": null, "files": [], "features": {}, "variables": {}}),
        ),
        model: json!({"id": "gpt-4-turbo", "name": "gpt-4-turbo", "object": "model", "owned_by": "openai"}),
        request: RequestHead {
            method: "POST".to_owned(),
            url: "http://house.example/api/chat/completions".to_owned(),
            headers: vec![("accept-language".to_owned(), "de".to_owned())],
            client: Some("192.0.2.1".to_owned()),
        },
        ..CallContext::default()
    }
}

/// Ada calls, and the server answers functions so.
pub fn with_server(server: &Arc<Server>) -> CallContext {
    CallContext { host: server.clone(), ..context() }
}

/// A question to `model`.
pub fn question(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

/// The whole answer to a call.
pub async fn whole(pipe: &dyn Function, mut body: Value, context: CallContext) -> Result<Value, LlmError> {
    body["stream"] = false.into();
    let request = ChatRequest { body: Body::from(&body), stream: false, context: Some(Arc::new(context)) };
    let ChatAnswer::Whole(json) = pipe.chat(request).await? else { panic!("a whole answer was asked for") };
    Ok(serde_json::from_slice(&json).expect("JSON"))
}

/// The text of a whole answer.
pub fn text(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap_or_default()
}

/// What a client makes of a stream.
#[derive(Debug, Default)]
pub struct Streamed {
    /// All its text.
    pub text: String,
    /// How many pieces the text came in.
    pub pieces: usize,
    /// What was cited.
    pub sources: Vec<Value>,
    /// Types and descriptions of its events, in order.
    pub events: Vec<String>,
    /// What each frame is, in order: `text`, `sources` or `event`.
    pub order: Vec<&'static str>,
    /// The failure that it ends with, where it does.
    pub failure: Option<String>,
}

/// The streamed answer to a call.
pub async fn streamed(pipe: &dyn Function, mut body: Value, context: CallContext) -> Result<Streamed, LlmError> {
    body["stream"] = true.into();
    let request = ChatRequest { body: Body::from(&body), stream: true, context: Some(Arc::new(context)) };
    let mut bytes = sse(pipe.chat(request).await?, "m");
    let mut wire = Vec::new();
    while let Some(part) = bytes.next().await {
        wire.extend_from_slice(&part?);
    }
    let wire = String::from_utf8(wire).expect("text");
    let mut seen = Streamed::default();
    for data in wire.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]") {
        seen.read(&serde_json::from_str(data).expect("JSON"));
    }
    let ends = wire.matches("[DONE]").count();
    assert!(ends == usize::from(seen.failure.is_none()) && (ends == 0 || wire.ends_with("data: [DONE]\n\n")), "{wire}");
    Ok(seen)
}

impl Streamed {
    fn read(&mut self, frame: &Value) {
        assert!(self.failure.is_none(), "something follows the failure: {frame}");
        if let Some(words) = frame["error"]["message"].as_str() {
            self.failure = Some(words.to_owned());
        } else if let Some(sources) = frame["sources"].as_array() {
            self.sources.extend(sources.iter().cloned());
            self.order.push("sources");
        } else if frame["event"].is_object() {
            let data = &frame["event"]["data"];
            let said = data["description"].as_str().or(data["content"].as_str()).unwrap_or_default();
            self.events.push(format!("{}: {said}", frame["event"]["type"].as_str().unwrap_or_default()));
            self.order.push("event");
        } else if let Some(text) = frame["choices"][0]["delta"]["content"].as_str().filter(|text| !text.is_empty()) {
            self.text.push_str(text);
            self.pieces += 1;
            self.order.push("text");
        }
    }
}

/// A request after a filter's inlet.
pub async fn inlet(filter: &dyn Function, body: Value, context: CallContext) -> Result<Value, LlmError> {
    let body = filter.inlet(Body::from(&body), &Arc::new(context)).await?;
    Ok(serde_json::from_slice(&body.to_bytes()).expect("JSON"))
}

/// A conversation after a filter's outlet.
pub async fn outlet(filter: &dyn Function, body: Value) -> Value {
    let body = filter.outlet(Body::from(&body), &Arc::new(context())).await.expect("an outlet");
    serde_json::from_slice(&body.to_bytes()).expect("JSON")
}

/// The deltas of a streamed answer after a filter.
pub async fn through(filter: &dyn Function, pieces: &[&str]) -> Vec<Value> {
    let mut stream = filter.stream(&Arc::new(context())).expect("it looks at streams");
    let chunk = |delta: Value, finish: Value| json!({"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    let mut chunks: Vec<Value> = pieces.iter().map(|piece| chunk(json!({"content": piece}), Value::Null)).collect();
    chunks.push(chunk(json!({}), "stop".into()));
    let mut out = Vec::new();
    for chunk in chunks {
        let chunk = stream.chunk(chunk).await.expect("a chunk");
        out.extend(chunk.map(|mut chunk| chunk["choices"][0]["delta"].take()));
    }
    out
}

/// What deltas say together in one of their members.
pub fn said(deltas: &[Value], member: &str) -> String {
    deltas.iter().filter_map(|delta| delta[member].as_str()).collect()
}
