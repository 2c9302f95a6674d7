//! An Ollama behind the ports, over the loopback.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Method;
use serde_json::{Value, json};
use transom_llm::{
    Body, ChatAnswer, ChatEvent, ChatModel, ChatRequest, Embedder, FinishReason, LlmError, Purpose, RawBody, RawRequest, RawUpstream,
};
use transom_provider_ollama::{OllamaConfig, OllamaEmbedder, OllamaModels};
use transom_testkit::{Script, Upstream};
use transom_upstream::{ClientSettings, EmbedderSettings, Limits, upstream_client};

const NDJSON: &str = "application/x-ndjson";

fn models(upstream: &Upstream) -> OllamaModels {
    let config = OllamaConfig { base_url: upstream.base_url().to_owned(), key: Some("sk-front".into()), limits: Limits::default() };
    OllamaModels::new(config, upstream_client(&ClientSettings::default()).expect("a client")).expect("a model")
}

fn ask(stream: bool) -> ChatRequest {
    let body = json!({"model": "llama3.1:latest", "messages": [{"role": "user", "content": "Why is the sky blue?"}], "stream": stream});
    ChatRequest::new(Body::from(&body), stream)
}

async fn whole(models: &OllamaModels) -> Result<Value, LlmError> {
    match models.chat(ask(false)).await? {
        ChatAnswer::Whole(json) => Ok(serde_json::from_slice(&json).expect("JSON")),
        _ => panic!("a whole answer was asked for"),
    }
}

async fn streamed(models: &OllamaModels) -> Result<Vec<Result<ChatEvent, LlmError>>, LlmError> {
    match models.chat(ask(true)).await? {
        ChatAnswer::Events(events) => Ok(events.collect().await),
        _ => panic!("events were expected"),
    }
}

#[tokio::test]
async fn the_models_are_listed_with_their_own_entries() {
    let upstream = Upstream::start().await;
    let all = models(&upstream).models().await.expect("a list");
    let first = &all[0];
    assert_eq!(
        (first.id.as_str(), first.name.as_str(), first.owned_by, first.created),
        ("llama3.1:latest", "llama3.1:latest", "ollama", 0)
    );
    assert_eq!(first.raw["details"]["family"], "llama");
    assert_eq!(upstream.requests_of("/api/tags").len(), 1);
}

#[tokio::test]
async fn a_whole_answer_has_the_recorded_shape() {
    let upstream = Upstream::start().await;
    let mut answer = whole(&models(&upstream)).await.expect("an answer");
    assert!(answer["id"].take().as_str().expect("an id").starts_with("llama3.1:latest-"));
    assert!(answer["created"].take().is_u64());
    assert_eq!(answer["usage"].take()["response_token/s"], 20.0);
    assert_eq!(
        answer,
        json!({"id": null, "created": null, "model": "llama3.1:latest", "choices": [{"index": 0, "logprobs": null,
            "finish_reason": "stop", "message": {"role": "assistant", "content": "You said: Why is the sky blue?"}}],
            "object": "chat.completion", "usage": null})
    );
    let sent = upstream.requests_of("/api/chat").pop().expect("a call");
    assert_eq!(
        sent.body,
        json!({"model": "llama3.1:latest", "messages": [{"role": "user", "content": "Why is the sky blue?"}], "stream": false})
    );
    assert_eq!(sent.headers["authorization"], "Bearer sk-front");
}

#[tokio::test]
async fn a_piece_is_here_before_the_next_one_is_said() {
    let upstream = Upstream::start().await;
    upstream.script(Script::says(&["a", "b"]).stepped());
    upstream.step(1);
    let Ok(ChatAnswer::Events(mut events)) = models(&upstream).chat(ask(true)).await else { panic!("events were expected") };
    assert!(matches!(events.next().await, Some(Ok(ChatEvent::Text(text))) if text == "a"));
    upstream.step(2);
    let rest: Vec<_> = events.map(|event| event.expect("an event")).collect().await;
    let [ChatEvent::Text(text), ChatEvent::Usage(_), ChatEvent::Finish(FinishReason::Stop)] = &rest[..] else { panic!("{rest:?}") };
    assert_eq!(text, "b");
}

#[tokio::test]
async fn thoughts_calls_and_measurements_come_as_events() {
    let upstream = Upstream::start().await;
    let call = r#"{"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1,"b":[2.50]}}},{"id":"call_x","function":{"index":1,"name":"g","arguments":{}}}]},"done":false}"#;
    upstream.script(Script::raw(
        200,
        NDJSON,
        &[
            "{\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"Hm\"},\"done\":false}\n{\"message\":{\"content\":\"So",
            ":\"},\"logprobs\":[{\"token\":\"So:\",\"logprob\":-0.5}],\"done\":false}\n",
            call,
            "\n{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"eval_count\":3,\"prompt_eval_count\":4}\n",
        ],
    ));
    let events: Vec<_> = streamed(&models(&upstream)).await.expect("a stream").into_iter().map(|event| event.expect("an event")).collect();
    assert_eq!(events[0], ChatEvent::Reasoning("Hm".into()));
    assert_eq!(events[1], ChatEvent::Logprobs(json!({"content": [{"token": "So:", "logprob": -0.5}]})));
    assert_eq!(events[2], ChatEvent::Text("So:".into()));
    let [ChatEvent::ToolCall(first), ChatEvent::ToolCall(second)] = &events[3..5] else { panic!("{events:?}") };
    assert!(first.id.as_ref().is_some_and(|id| id.starts_with("call_") && id.len() > 20), "{first:?}");
    assert_eq!((first.index, first.name.as_deref(), first.arguments.as_str()), (0, Some("f"), "{\"a\":1,\"b\":[2.5]}"));
    assert_eq!(
        (second.index, second.id.as_deref(), second.name.as_deref(), second.arguments.as_str()),
        (1, Some("call_x"), Some("g"), "{}")
    );
    let [ChatEvent::Usage(usage), ChatEvent::Finish(FinishReason::ToolCalls)] = &events[5..] else { panic!("{events:?}") };
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (4, 3, 7));
}

#[tokio::test]
async fn a_whole_answer_holds_thoughts_and_calls() {
    let upstream = Upstream::start().await;
    let message =
        json!({"role": "assistant", "content": "", "thinking": "Hm", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]});
    upstream.script(Script::json(200, &json!({"model": "m", "message": message, "done": true, "done_reason": "stop"})));
    let answer = whole(&models(&upstream)).await.expect("an answer");
    let choice = &answer["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["reasoning_content"]), (&json!("tool_calls"), &json!("Hm")));
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!((&call["type"], &call["function"]), (&json!("function"), &json!({"name": "f", "arguments": "{\"a\":1}"})));
}

#[tokio::test]
async fn the_token_limit_is_a_finish_reason() {
    let upstream = Upstream::start().await;
    upstream.script(Script::json(200, &json!({"message": {"content": "a"}, "done": true, "done_reason": "length"})));
    assert_eq!(whole(&models(&upstream)).await.expect("an answer")["choices"][0]["finish_reason"], "length");
    let events = streamed(&models(&upstream)).await.expect("a stream");
    assert!(matches!(events.last(), Some(Ok(ChatEvent::Finish(FinishReason::Length)))), "{events:?}");
}

#[tokio::test]
async fn an_error_line_is_the_calls_error_before_the_first_event_and_the_last_item_after_it() {
    let upstream = Upstream::start().await;
    let hello = "{\"message\":{\"content\":\"Hello\"},\"done\":false}\n";
    let (empty, error) = ("{\"message\":{\"content\":\"\"},\"done\":false}\n", "{\"error\":\"out of memory\"}\n");
    upstream.script(Script::raw(200, NDJSON, &[empty, error]));
    let early = streamed(&models(&upstream)).await.expect_err("an error");
    assert!(matches!(&early, LlmError::Broken { reason, .. } if reason == "out of memory"), "{early}");
    upstream.script(Script::raw(200, NDJSON, &[hello, error, hello]));
    let events = streamed(&models(&upstream)).await.expect("a stream");
    let [Ok(ChatEvent::Text(_)), Err(LlmError::Broken { reason, .. })] = &events[..] else { panic!("{events:?}") };
    assert_eq!(reason, "out of memory");
    upstream.script(Script::raw(200, "application/json", &[error]));
    assert!(matches!(whole(&models(&upstream)).await, Err(LlmError::Broken { .. })));
}

#[tokio::test]
async fn what_is_no_chat_answer_is_broken() {
    let upstream = Upstream::start().await;
    for (kind, body) in
        [("text/html", "<html>"), (NDJSON, "data: {}\n"), (NDJSON, "{\"message\":{\"content\":\"a\"},\"done\":false}"), (NDJSON, "{}")]
    {
        upstream.script(Script::raw(200, kind, &[body]));
        assert!(matches!(whole(&models(&upstream)).await, Err(LlmError::Broken { .. })), "{body}");
        let last = streamed(&models(&upstream)).await.map(|mut events| events.pop());
        assert!(matches!(last, Err(LlmError::Broken { .. }) | Ok(Some(Err(LlmError::Broken { .. })))), "{body}: {last:?}");
    }
}

#[tokio::test]
async fn a_request_that_no_ollama_can_answer_is_refused_without_asking() {
    let upstream = Upstream::start().await;
    let mut request = ask(true);
    request.body.set("n", &2);
    assert!(matches!(models(&upstream).chat(request).await.map(|_| ()), Err(LlmError::Invalid(_))));
    assert_eq!(upstream.call_count(), 0);
}

#[tokio::test]
async fn embeddings_come_in_openais_shape_and_a_text_is_sent_as_a_text() {
    let upstream = Upstream::start().await;
    let body = json!({"model": "nomic-embed-text:latest", "input": "hello"});
    let answer = models(&upstream).embeddings(Body::from(&body)).await.expect("an answer");
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!((&answer["object"], &answer["model"]), (&json!("list"), &json!("nomic-embed-text:latest")));
    assert_eq!(answer["data"][0]["embedding"].as_array().map(Vec::len), Some(64));
    assert_eq!(answer["usage"], json!({"prompt_tokens": 8, "total_tokens": 8}));
    assert_eq!(upstream.requests_of("/api/embed")[0].body, body);
}

#[tokio::test]
async fn an_unknown_model_keeps_its_refusal_for_embeddings_too() {
    let upstream = Upstream::start().await;
    upstream.script_path("/api/embed", Script::refuses(404, "model 'zzz' not found"));
    let answer = models(&upstream).embeddings(Body::from(&json!({"model": "zzz", "input": ["a"]}))).await;
    assert!(matches!(answer, Err(LlmError::Refused { status: 404, detail, .. }) if detail == "model 'zzz' not found"));
}

#[tokio::test]
async fn its_own_api_passes_byte_for_byte() {
    let upstream = Upstream::start().await;
    let json = "{ \"model\" : \"llama3.2\",  \"prompt\":\"Hi\" }";
    let request = RawRequest {
        method: Method::POST,
        path: "/api/generate?x=1".to_owned(),
        content_type: Some("application/json".to_owned()),
        model: None,
        body: RawBody::Whole(Bytes::from_static(json.as_bytes())),
    };
    let answer = models(&upstream).forward(request).await.expect("an answer");
    assert_eq!((answer.status.as_u16(), answer.content_type.as_deref()), (200, Some(NDJSON)));
    let text = answer.body.map(|part| part.expect("bytes")).collect::<Vec<_>>().await.concat();
    assert!(text.ends_with(b"}\n") && text.starts_with(b"{\"model\":\"llama3.2\""));
    let sent = upstream.requests().pop().expect("a call");
    assert_eq!((sent.raw.as_ref(), sent.path.as_str()), (json.as_bytes(), "/api/generate?x=1"));
    assert_eq!(sent.headers["authorization"], "Bearer sk-front");
}

#[tokio::test]
async fn an_upload_and_a_refusal_pass_too() {
    let upstream = Upstream::start().await;
    let parts = [Ok(Bytes::from_static(b"GG")), Ok(Bytes::from_static(b"UF"))];
    let body = RawBody::Stream(Box::pin(stream::iter(parts)));
    let request = RawRequest { method: Method::POST, path: "/api/blobs/sha256:00".to_owned(), content_type: None, model: None, body };
    let answer = models(&upstream).forward(request).await.expect("an answer");
    assert_eq!(answer.status.as_u16(), 404);
    assert_eq!(upstream.requests()[0].raw.as_ref(), b"GGUF");
}

#[tokio::test]
async fn an_embedder_asks_in_batches_and_lets_long_texts_be_cut() {
    let upstream = Upstream::start().await;
    let settings = EmbedderSettings {
        base_url: upstream.base_url().to_owned(),
        key: None,
        model: "nomic-embed-text".to_owned(),
        batch_size: 2,
        concurrency: 2,
        query_prefix: None,
        content_prefix: None,
        prefix_field: None,
    };
    let client = upstream_client(&ClientSettings::default()).expect("a client");
    let embedder = OllamaEmbedder::new(settings, Limits::default(), client).expect("an embedder");
    let texts: Vec<String> = ["one", "two words", "three"].map(str::to_owned).to_vec();
    let vectors = embedder.embed(&texts, Purpose::Document).await.expect("vectors");
    for (text, vector) in texts.iter().zip(&vectors) {
        let expected = transom_testkit::embed(text);
        assert!(vector.iter().zip(expected).all(|(x, y)| (f64::from(*x) - y).abs() < 1e-6), "{text}");
    }
    let calls = upstream.requests_of("/api/embed");
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().any(|call| call.body == json!({"input": ["three"], "model": "nomic-embed-text", "truncate": true})));
    assert_eq!(embedder.dimension().await.expect("a dimension"), 64);
    assert_eq!(embedder.fingerprint().0, "ollama:nomic-embed-text");
    upstream.script_path("/api/embed", Script::json(200, &json!({"embeddings": [[1.0]]})));
    assert!(matches!(embedder.embed(&texts, Purpose::Query).await, Err(LlmError::Broken { .. })));
}

#[tokio::test]
async fn a_prefix_is_sent_before_the_text_or_in_its_field() {
    let upstream = Upstream::start().await;
    let settings = |prefix_field: Option<&str>| EmbedderSettings {
        base_url: upstream.base_url().to_owned(),
        key: None,
        model: "bge".to_owned(),
        batch_size: 8,
        concurrency: 1,
        query_prefix: Some("query: ".to_owned()),
        content_prefix: Some("passage: ".to_owned()),
        prefix_field: prefix_field.map(str::to_owned),
    };
    let client = upstream_client(&ClientSettings::default()).expect("a client");
    let before = OllamaEmbedder::new(settings(None), Limits::default(), client.clone()).expect("an embedder");
    let field = OllamaEmbedder::new(settings(Some("task")), Limits::default(), client).expect("an embedder");
    for embedder in [&before, &field] {
        embedder.embed(&["herons".to_owned()], Purpose::Query).await.expect("vectors");
    }
    before.embed(&["herons".to_owned()], Purpose::Document).await.expect("vectors");
    let sent: Vec<_> = upstream.requests_of("/api/embed").into_iter().map(|call| call.body).collect();
    assert_eq!((&sent[0]["input"], sent[0].get("task")), (&json!(["query: herons"]), None));
    assert_eq!((&sent[1]["input"], &sent[1]["task"]), (&json!(["herons"]), &json!("query: ")));
    assert_eq!(sent[2]["input"], json!(["passage: herons"]));
    assert_ne!(before.fingerprint(), field.fingerprint(), "their vectors are never compared");
}
