//! Pipes in Rust.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use transom_llm::{Body, ChatAnswer, ChatEvent, ChatRequest, FinishReason, Function, FunctionKind, LlmError, wire};
use transom_provider_function::{Call, Pipe, Reply, pipe, status};

struct Pieces(Vec<Result<ChatEvent, &'static str>>);

#[async_trait]
impl Pipe for Pieces {
    fn id(&self) -> &str {
        "pieces"
    }

    async fn answer(&self, call: Call) -> Result<Reply, LlmError> {
        if call.question() == "refuse" {
            return Err(LlmError::refused("pieces", 418, "no"));
        }
        let events: Vec<_> = self.0.iter().cloned().map(|event| event.map_err(|words| LlmError::Invalid(words.to_owned()))).collect();
        Ok(Reply::events(stream::iter(events)).citing(vec![json!({"source": {"name": "s"}})]))
    }
}

fn ask(text: &str, stream: bool) -> ChatRequest {
    let parts = json!([{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": "x"}}]);
    ChatRequest::new(Body::from(&json!({"model": "pieces", "messages": [{"role": "user", "content": parts}]})), stream)
}

async fn events(function: &Arc<dyn Function>) -> Vec<Result<ChatEvent, String>> {
    let ChatAnswer::Events(events) = function.chat(ask("go", true)).await.expect("a stream") else { panic!("a stream of events") };
    events.map(|event| event.map_err(|error| error.to_string())).collect().await
}

#[tokio::test]
async fn a_pipe_in_rust_is_a_model() {
    let function = pipe(Pieces(Vec::new()));
    assert_eq!(function.about().await.expect("about").kind, FunctionKind::Pipe);
    assert_eq!(function.models().await.expect("models")[0].id(function.id()), "pieces");
}

#[tokio::test]
async fn what_it_says_is_whole_or_a_stream() {
    let function = pipe(Pieces(vec![Ok(status("thinking", true)), Ok(ChatEvent::Text("a".into())), Ok(ChatEvent::Text("b".into()))]));
    let ChatAnswer::Whole(json) = function.chat(ask("go", false)).await.expect("an answer") else { panic!("a whole answer") };
    let answer: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(answer["choices"][0]["message"]["content"], "ab");
    assert_eq!(answer["sources"][0]["source"]["name"], "s");
    let answer = function.chat(ask("go", true)).await.expect("a stream");
    let bytes: Vec<_> = wire::sse(answer, "pieces").map(|part| part.expect("bytes")).collect().await;
    let text = String::from_utf8(bytes.concat()).expect("text");
    assert!(text.starts_with("data: {\"sources\":") && text.contains("\"description\":\"thinking\"") && text.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn a_stream_ends_exactly_once() {
    let end = || Ok(ChatEvent::Finish(FinishReason::Length));
    let late = || Ok(ChatEvent::Text("late".into()));
    let said = events(&pipe(Pieces(vec![end(), late()]))).await;
    assert_eq!(said[1..], [Ok(ChatEvent::Finish(FinishReason::Length))]);
    let said = events(&pipe(Pieces(vec![Err("broken"), late()]))).await;
    assert_eq!(said[1..], [Err("broken".to_owned())]);
    let said = events(&pipe(Pieces(vec![]))).await;
    assert_eq!(said[1..], [Ok(ChatEvent::Finish(FinishReason::Stop))]);
}

#[tokio::test]
async fn a_refusal_is_the_calls_error() {
    let refused = pipe(Pieces(Vec::new())).chat(ask("refuse", true)).await.map(|_| ()).expect_err("refused");
    assert!(matches!(refused, LlmError::Refused { status: 418, .. }));
}
