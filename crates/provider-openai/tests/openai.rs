//! An OpenAI-compatible upstream behind the ports, over the loopback.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use transom_llm::{Body, ChatAnswer, ChatModel, ChatRequest, Embedder, LlmError, Purpose, RawBody, RawRequest, RawUpstream};
use transom_provider_openai::{OpenAiConfig, OpenAiEmbedder, OpenAiModels};
use transom_testkit::{Script, Upstream};
use transom_upstream::{ClientSettings, EmbedderSettings, Limits, upstream_client};

const EVENTS: &str = "text/event-stream";
const FINISH: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

fn limited(upstream: &Upstream, limits: Limits) -> OpenAiModels {
    let config = OpenAiConfig { base_url: format!("{}/", upstream.openai_url()), key: Some("sk-up".into()), limits };
    OpenAiModels::new(config, upstream_client(&ClientSettings::default()).expect("a client")).expect("a model")
}

fn models(upstream: &Upstream) -> OpenAiModels {
    limited(upstream, Limits::default())
}

const QUESTION: &str =
    r#"{ "model":"gpt-4-turbo",  "messages":[{"role":"user","content":"Hi"}], "seed":12345678901234567890123, "stream": STREAM }"#;

fn ask(stream: bool) -> ChatRequest {
    let body = QUESTION.replace("STREAM", if stream { "true" } else { "false" });
    ChatRequest::new(Body::parse(body.into()).expect("an object"), stream)
}

async fn streamed(models: &OpenAiModels) -> Result<String, LlmError> {
    let ChatAnswer::Sse(mut bytes) = models.chat(ask(true)).await? else { panic!("a stream was asked for") };
    let mut all = Vec::new();
    while let Some(part) = bytes.next().await {
        all.extend_from_slice(&part?);
    }
    Ok(String::from_utf8(all).expect("text"))
}

async fn whole(models: &OpenAiModels) -> Result<Value, LlmError> {
    let ChatAnswer::Whole(json) = models.chat(ask(false)).await? else { panic!("a whole answer was asked for") };
    Ok(serde_json::from_slice(&json).expect("JSON"))
}

#[tokio::test]
async fn a_request_goes_on_byte_for_byte_with_the_key() {
    let upstream = Upstream::start().await;
    whole(&models(&upstream)).await.expect("an answer");
    let received = &upstream.requests_of("/v1/chat/completions")[0];
    assert_eq!(received.raw, QUESTION.replace("STREAM", "false"));
    assert_eq!(received.headers["authorization"], "Bearer sk-up");
    assert_eq!(received.headers["content-type"], "application/json");
    assert!(received.headers["user-agent"].starts_with("transom/"));
}

#[tokio::test]
async fn the_models_are_listed_with_their_own_entries() {
    let upstream = Upstream::start().await;
    let all = models(&upstream).models().await.expect("a list");
    assert_eq!((all[0].id.as_str(), all[0].created, all[0].owned_by), ("gpt-4-turbo", 1_700_000_000, "openai"));
    assert_eq!(all[0].raw["owned_by"], "upstream");
}

#[tokio::test]
async fn a_list_that_hangs_times_out_by_its_own_limit() {
    let upstream = Upstream::start().await;
    upstream.script_path("/v1/models", Script::hangs());
    let models = limited(&upstream, Limits { list: Duration::from_millis(50), ..Limits::default() });
    assert!(matches!(models.models().await, Err(LlmError::TimedOut { .. })));
}

#[tokio::test]
async fn a_list_that_is_none_is_broken() {
    let upstream = Upstream::start().await;
    upstream.script_path("/v1/models", Script::raw(200, "text/html", &["<html>"]));
    assert!(matches!(models(&upstream).models().await, Err(LlmError::Broken { .. })));
}

#[tokio::test]
async fn a_stream_passes_byte_for_byte() {
    let upstream = Upstream::start().await;
    let text = ": a comment\r\n\r\ndata: {\"odd\" :  1}\n\ndata: [DONE]\n\n";
    upstream.script(Script::raw(200, EVENTS, &[text]));
    assert_eq!(streamed(&models(&upstream)).await.expect("a stream"), text);
}

#[tokio::test]
async fn a_piece_is_here_before_the_next_one_is_said() {
    let upstream = Upstream::start().await;
    upstream.script(Script::says(&["one", "two"]).stepped());
    upstream.step(1);
    let ChatAnswer::Sse(mut bytes) = models(&upstream).chat(ask(true)).await.expect("a stream") else { panic!("a stream was asked for") };
    let first = bytes.next().await.expect("a part").expect("bytes");
    assert!(String::from_utf8_lossy(&first).contains("one"));
    upstream.step(3);
    let rest: Vec<_> = bytes.map(|part| part.expect("bytes")).collect().await;
    assert!(String::from_utf8_lossy(&rest.concat()).ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn a_done_that_the_upstream_forgot_is_added() {
    let upstream = Upstream::start().await;
    upstream.script(Script::raw(200, EVENTS, &[FINISH]));
    assert_eq!(streamed(&models(&upstream)).await.expect("a stream"), format!("{FINISH}data: [DONE]\n\n"));
}

#[tokio::test]
async fn a_stream_without_its_media_type_is_a_stream() {
    let upstream = Upstream::start().await;
    upstream.script(Script::raw(200, "text/plain", &[FINISH, "data: [DONE]\n\n"]));
    assert_eq!(streamed(&models(&upstream)).await.expect("a stream"), format!("{FINISH}data: [DONE]\n\n"));
}

#[tokio::test]
async fn a_whole_answer_to_a_stream_request_becomes_a_stream() {
    let upstream = Upstream::start().await;
    let answer = json!({"id": "x", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]});
    upstream.script(Script::json(200, &answer));
    let text = streamed(&models(&upstream)).await.expect("a stream");
    assert!(text.starts_with("data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\"") && text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test]
async fn what_is_no_answer_is_broken_before_anything_is_sent_on() {
    let upstream = Upstream::start().await;
    for script in [
        Script::raw(200, "text/html", &["<html>login</html>"]),
        Script::raw(200, EVENTS, &[]),
        Script::raw(302, "text/plain", &["elsewhere"]),
    ] {
        upstream.script(script.clone());
        for answer in [streamed(&models(&upstream)).await.map(|_| ()), whole(&models(&upstream)).await.map(|_| ())] {
            let error = answer.expect_err("broken");
            assert!(matches!(error, LlmError::Broken { .. }), "{script:?}: {error}");
        }
    }
}

#[tokio::test]
async fn an_error_that_comes_with_a_success_is_a_refusal_in_its_own_words() {
    let upstream = Upstream::start().await;
    let error = json!({"error": {"message": "no sk-up here", "type": "invalid_request_error", "code": "c", "param": "p"}});
    for script in [Script::json(200, &error), Script::raw(200, EVENTS, &[&format!("data: {error}\n\n"), "data: [DONE]\n\n"])] {
        upstream.script(script.clone());
        for answer in [streamed(&models(&upstream)).await.map(|_| ()), whole(&models(&upstream)).await.map(|_| ())] {
            let LlmError::Refused { status: 400, detail, more: Some(more), .. } = answer.expect_err("refused") else {
                panic!("{script:?}")
            };
            assert_eq!((detail, more.code, more.param), (json!("no *** here"), Some(json!("c")), Some(json!("p"))));
        }
    }
}

#[tokio::test]
async fn a_stream_where_a_whole_answer_was_asked_for_is_gathered() {
    let upstream = Upstream::start().await;
    let chunk = r#"data: {"id":"x","model":"up","created":7,"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}"#;
    let frames = ["data:\n\n", chunk, "\n\n", &chunk.replace("Hel", "lo"), "\n\n", FINISH, "data: [DONE]\n\n"];
    for kind in [EVENTS, "text/plain"] {
        upstream.script(Script::raw(200, kind, &frames));
        let answer = whole(&models(&upstream)).await.expect("an answer");
        assert_eq!((&answer["id"], &answer["model"], &answer["created"]), (&json!("x"), &json!("up"), &json!(7)));
        assert_eq!((&answer["object"], &answer["choices"][0]["message"]["content"]), (&json!("chat.completion"), &json!("Hello")));
    }
    upstream.script(Script::raw(200, EVENTS, &[chunk, "\n\n"]));
    assert!(matches!(whole(&models(&upstream)).await, Err(LlmError::Broken { .. })), "half of an answer is none");
}

#[tokio::test]
async fn an_answer_beyond_the_bound_is_broken() {
    let upstream = Upstream::start().await;
    let models = limited(&upstream, Limits { whole: 64, ..Limits::default() });
    assert!(whole(&models).await.expect_err("too large").to_string().contains("larger than 64 bytes"));
}

#[tokio::test]
async fn a_refusal_that_repeats_the_key_does_not_pass_it_on() {
    let upstream = Upstream::start().await;
    upstream.script(Script::refuses(401, "Incorrect API key provided: sk-up."));
    let error = whole(&models(&upstream)).await.expect_err("refused");
    let LlmError::Refused { status: 401, detail, .. } = error else { panic!("{error}") };
    assert_eq!(detail, "Incorrect API key provided: ***.");
}

#[tokio::test]
async fn embeddings_pass_byte_for_byte() {
    let upstream = Upstream::start().await;
    let body = r#"{"model":"e", "input":["a","b"],"encoding_format":"base64"}"#;
    let answer = models(&upstream).embeddings(Body::parse(body.into()).expect("an object")).await.expect("an answer");
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(answer["data"].as_array().expect("a list").len(), 2);
    assert_eq!(upstream.requests()[0].raw, body);
}

#[tokio::test]
async fn its_other_routes_pass_both_ways_whatever_their_status() {
    let upstream = Upstream::start().await;
    upstream.script_path("/v1/audio/speech", Script::raw(418, "audio/mpeg", &["a", "b"]));
    let parts = stream::iter(["one ", "two"].map(|part| Ok(part.into())));
    let request = RawRequest {
        method: http::Method::POST,
        path: "/audio/speech?x=1".into(),
        content_type: Some("text/x".into()),
        model: None,
        body: RawBody::Stream(Box::pin(parts)),
    };
    let answer = models(&upstream).forward(request).await.expect("an answer");
    assert_eq!((answer.status.as_u16(), answer.content_type.as_deref()), (418, Some("audio/mpeg")));
    let bytes: Vec<_> = answer.body.map(|part| part.expect("bytes")).collect().await;
    assert_eq!(bytes.concat(), b"ab");
    let received = &upstream.requests()[0];
    assert_eq!((received.path.as_str(), received.raw.as_ref()), ("/v1/audio/speech?x=1", b"one two".as_slice()));
    assert_eq!((received.headers["content-type"].as_str(), received.headers["authorization"].as_str()), ("text/x", "Bearer sk-up"));
}

#[tokio::test]
async fn a_path_that_leads_out_of_the_address_is_never_asked() {
    let upstream = Upstream::start().await;
    let request = RawRequest { method: http::Method::GET, path: "/../__log".into(), content_type: None, model: None, body: RawBody::Empty };
    assert!(matches!(models(&upstream).forward(request).await, Err(LlmError::Invalid(_))));
    assert_eq!(upstream.call_count(), 0);
}

fn embedder(upstream: &Upstream) -> OpenAiEmbedder {
    embedder_with(upstream, None, None)
}

fn embedder_with(upstream: &Upstream, query_prefix: Option<&str>, prefix_field: Option<&str>) -> OpenAiEmbedder {
    let settings = EmbedderSettings {
        base_url: upstream.openai_url(),
        key: Some("sk-up".into()),
        model: "e".into(),
        batch_size: 2,
        concurrency: 2,
        query_prefix: query_prefix.map(str::to_owned),
        content_prefix: None,
        prefix_field: prefix_field.map(str::to_owned),
    };
    let client = upstream_client(&ClientSettings::default()).expect("a client");
    OpenAiEmbedder::new(settings, Limits::default(), client).expect("an embedder")
}

#[tokio::test]
async fn an_embedder_asks_in_batches_and_keeps_the_order() {
    let upstream = Upstream::start().await;
    let embedder = embedder(&upstream);
    let texts = ["a treaty", "a fleet", "a\nbattle"].map(str::to_owned);
    let vectors = embedder.embed(&texts, Purpose::Document).await.expect("vectors");
    for (vector, text) in vectors.iter().zip(&texts) {
        let near: f64 = vector.iter().zip(transom_testkit::embed(text)).map(|(a, b)| f64::from(*a) * b).sum();
        assert!((near - 1.0).abs() < 1e-5, "{text}");
    }
    assert_eq!(embedder.dimension().await.expect("known by now"), 64);
    assert_eq!((upstream.call_count(), embedder.fingerprint().0.as_str()), (2, "openai:e"));
}

#[tokio::test]
async fn a_prefix_is_sent_before_the_question_or_in_its_field() {
    let upstream = Upstream::start().await;
    for field in [None, Some("input_type")] {
        let embedder = embedder_with(&upstream, Some("query: "), field);
        embedder.embed(&["herons".to_owned()], Purpose::Query).await.expect("vectors");
    }
    let sent: Vec<_> = upstream.requests_of("/v1/embeddings").into_iter().map(|call| call.body).collect();
    assert_eq!((&sent[0]["input"], sent[0].get("input_type")), (&json!(["query: herons"]), None));
    assert_eq!((&sent[1]["input"], &sent[1]["input_type"]), (&json!(["herons"]), &json!("query: ")));
}

#[tokio::test]
async fn an_embedder_cuts_a_text_that_is_too_long_and_gives_up_after_a_while() {
    let upstream = Upstream::start().await;
    upstream.script_path("/v1/embeddings", Script::refuses(400, "maximum context length is 8192 tokens"));
    let error = embedder(&upstream).embed(&["ü".repeat(1000)], Purpose::Document).await.expect_err("refused");
    assert!(matches!(error, LlmError::Refused { status: 400, .. }), "{error}");
    let lengths: Vec<usize> = upstream.requests().iter().map(|request| request.body["input"][0].as_str().map_or(0, str::len)).collect();
    assert_eq!(lengths[..3], [2000, 2000, 1000]);
    assert!(lengths.last().expect("calls") < &100 && lengths.len() < 10, "{lengths:?}");
}
