//! Azure's paths, and addresses with a query, over a real connection.

use bytes::Bytes;
use serde_json::json;
use transom_llm::{Body, ChatAnswer, ChatModel, ChatRequest, LlmError, RawBody, RawRequest, RawUpstream};
use transom_provider_openai::{OpenAiConfig, OpenAiModels};
use transom_testkit::{Script, Upstream};
use transom_upstream::{ClientSettings, Limits, upstream_client};

fn models(base_url: String) -> OpenAiModels {
    let config = OpenAiConfig { base_url, key: Some("sk-up".into()), limits: Limits::default() };
    OpenAiModels::new(config, upstream_client(&ClientSettings::default()).expect("a client")).expect("an address")
}

fn call(model: &str) -> Body {
    Body::from(&json!({"model": model, "messages": [{"role": "user", "content": "hi"}], "input": "hi"}))
}

fn raw(path: &str, model: Option<&str>, body: RawBody) -> RawRequest {
    let content_type = Some("text/plain".to_owned());
    RawRequest { method: http::Method::POST, path: path.to_owned(), content_type, model: model.map(str::to_owned), body }
}

#[tokio::test]
async fn azure_is_asked_by_deployment_with_a_version_and_its_own_header() {
    let upstream = Upstream::start().await;
    let azure = models(upstream.base_url().to_owned()).at_azure(Some("2024-10-21")).expect("Azure");
    let deployment = "/openai/deployments/gpt-4-turbo";
    upstream.script_path(&format!("{deployment}/chat/completions"), Script::json(200, &json!({"object": "chat.completion"})));
    upstream.script_path(&format!("{deployment}/embeddings"), Script::json(200, &json!({"object": "list"})));
    upstream.script_path("/openai/models", Script::json(200, &json!({"data": [{"id": "a"}]})));
    let answer = azure.chat(ChatRequest::new(call("gpt-4-turbo"), false)).await.expect("an answer");
    assert!(matches!(answer, ChatAnswer::Whole(json) if json.starts_with(b"{")));
    azure.embeddings(call("gpt-4-turbo")).await.expect("an answer");
    assert_eq!(azure.models().await.expect("a list")[0].id, "a");
    azure.forward(raw("/audio/speech", Some("tts"), RawBody::Empty)).await.expect("an answer");
    azure.forward(raw("/responses", Some("m"), RawBody::Empty)).await.expect("an answer");
    let received = upstream.requests();
    let paths: Vec<&str> = received.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/openai/deployments/gpt-4-turbo/chat/completions?api-version=2024-10-21",
            "/openai/deployments/gpt-4-turbo/embeddings?api-version=2024-10-21",
            "/openai/models?api-version=2024-10-21",
            "/openai/deployments/tts/audio/speech?api-version=2024-10-21",
            "/openai/responses?api-version=2024-10-21",
        ]
    );
    for request in &received {
        assert_eq!(request.headers["api-key"], "sk-up");
        assert!(!request.headers.contains_key("authorization"), "one credential, in one place");
    }
}

#[tokio::test]
async fn a_deployment_that_would_be_another_path_is_never_asked() {
    let upstream = Upstream::start().await;
    let azure = models(upstream.base_url().to_owned()).at_azure(None).expect("Azure");
    for name in ["", "..", "a/../../b", "a\\b"] {
        assert!(matches!(azure.chat(ChatRequest::new(call(name), true)).await, Err(LlmError::Invalid(_))), "{name}");
    }
    assert_eq!(upstream.call_count(), 0);
}

#[tokio::test]
async fn the_query_of_the_base_address_goes_with_every_call() {
    let upstream = Upstream::start().await;
    let models = models(format!("{}/?api-version=preview", upstream.openai_url()));
    models.models().await.expect("a list");
    models.chat(ChatRequest::new(call("gpt-4-turbo"), false)).await.expect("an answer");
    models.forward(raw("/files?limit=1", None, RawBody::Empty)).await.expect("an answer");
    let paths: Vec<String> = upstream.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths,
        ["/v1/models?api-version=preview", "/v1/chat/completions?api-version=preview", "/v1/files?api-version=preview&limit=1"]
    );
    assert!(!models.name().contains("preview"));
}

#[tokio::test]
async fn a_body_in_pieces_has_a_length() {
    let upstream = Upstream::start().await;
    let parts = vec![Bytes::from_static(b"one "), Bytes::new(), Bytes::from_static(b"two")];
    models(upstream.openai_url()).forward(raw("/audio/transcriptions", None, RawBody::Parts(parts))).await.expect("an answer");
    let received = &upstream.requests()[0];
    assert_eq!((received.raw.as_ref(), received.headers["content-length"].as_str()), (b"one two".as_slice(), "7"));
    assert!(!received.headers.contains_key("transfer-encoding"));
}
