//! What tests of Python functions share.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use transom_llm::{Body, CallContext, ChatAnswer, ChatRequest, Function, FunctionRuntime, LlmError};
use transom_provider_function::{Launcher, PythonConfig, PythonRuntime};

/// A runtime in a folder that is thrown away. The environment with the packages is kept for all tests, and made by the first.
pub struct House {
    pub folder: TempDir,
    pub runtime: PythonRuntime,
}

pub fn config(folder: &Path) -> PythonConfig {
    let launcher = Launcher { path: env!("CARGO_BIN_EXE_transom-function-launcher").into(), arguments: Vec::new() };
    let mut config = PythonConfig::new(folder, launcher, std::env::vars_os());
    config.environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions");
    config
}

impl House {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut PythonConfig)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(folder.path());
        change(&mut config);
        Self { folder, runtime: PythonRuntime::new(config) }
    }

    pub fn function(&self, source: &str) -> Arc<dyn Function> {
        self.runtime.function("f", source)
    }
}

pub fn ada() -> CallContext {
    CallContext { user: object(json!({"id": "u1", "name": "Ada", "email": "ada@example.com", "role": "user"})), ..CallContext::default() }
}

pub fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).expect("an object")
}

/// A question to `model`, in a body with more members.
pub fn ask(more: Value, stream: bool) -> ChatRequest {
    ask_as(ada(), more, stream)
}

pub fn ask_as(context: CallContext, more: Value, stream: bool) -> ChatRequest {
    let mut body = object(json!({"model": "f", "messages": [{"role": "user", "content": "hello"}], "stream": stream}));
    body.extend(object(more));
    ChatRequest { body: Body::from(&body), stream, context: Some(Arc::new(context)) }
}

/// The whole answer.
pub async fn whole(function: &Arc<dyn Function>, request: ChatRequest) -> Result<Value, LlmError> {
    match function.chat(request).await? {
        ChatAnswer::Whole(json) => Ok(serde_json::from_slice(&json).expect("JSON")),
        _ => panic!("a whole answer was asked for"),
    }
}

pub fn text_of(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().expect("text")
}

/// What a pipe answers to a body with these members.
pub async fn says(function: &Arc<dyn Function>, more: Value) -> String {
    text_of(&whole(function, ask(more, false)).await.expect("an answer")).to_owned()
}

/// The words of the failure of a whole call.
pub async fn fails(function: &Arc<dyn Function>, more: Value) -> (u16, String) {
    match whole(function, ask(more, false)).await {
        Err(LlmError::Refused { status, detail, .. }) => (status, detail.as_str().expect("words").to_owned()),
        other => panic!("it does not fail in its own words: {other:?}"),
    }
}

/// The frames of a stream: JSON of each, `[DONE]` as a string, an error as `{"failed": words}`.
pub async fn frames(function: &Arc<dyn Function>, request: ChatRequest) -> Result<Vec<Value>, LlmError> {
    let ChatAnswer::Sse(mut stream) = function.chat(request).await? else { panic!("a stream was asked for") };
    let mut text = String::new();
    let mut failed = None;
    while let Some(part) = stream.next().await {
        match part {
            Ok(part) => text.push_str(std::str::from_utf8(&part).expect("text")),
            Err(LlmError::Refused { detail, .. }) => failed = Some(json!({"failed": detail})),
            Err(other) => panic!("{other}"),
        }
    }
    let frames = text.split("\n\n").filter_map(|frame| frame.strip_prefix("data: "));
    Ok(frames.map(|data| serde_json::from_str(data).unwrap_or_else(|_| data.into())).chain(failed).collect())
}

pub fn streamed_text(frames: &[Value]) -> String {
    frames.iter().filter_map(|frame| frame["choices"][0]["delta"]["content"].as_str()).collect()
}

/// A call that waits in a function's worker for so long, and the worker's process. The function has the kinds `pid`, `wait` and `fine`.
pub async fn beside(function: &Arc<dyn Function>, seconds: f64) -> (tokio::task::JoinHandle<Result<Value, LlmError>>, String) {
    let pid = says(function, json!({"kind": "pid"})).await;
    let waiting = function.clone();
    let call = tokio::spawn(async move { whole(&waiting, ask(json!({"kind": "wait", "seconds": seconds}), false)).await });
    // The pipe answers in order of arrival, so that a second call's answer means that the first was begun.
    tokio::task::yield_now().await;
    says(function, json!({"kind": "fine"})).await;
    (call, pid)
}

/// Waits until something is so; fails after a generous while.
pub async fn until<F: Future<Output = bool>>(mut so: impl FnMut() -> F) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it never came to be so");
}
