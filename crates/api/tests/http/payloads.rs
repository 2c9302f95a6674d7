//! Bodies as they come, from clients and from upstreams: huge, broken, compressed.

use reqwest::Method;
use serde_json::{Value, json};
use transom_testkit::Script;

use crate::common::{Answer, Client};
use crate::gateway::{Gateway, chat, ids, post_bytes};

const GPT: &str = "gpt-4-turbo";
const LLAMA: &str = "llama3.1:latest";
const SSE: &str = "text/event-stream";

/// The roads of a chat, each with a model that it reaches.
const ROADS: [(&str, &str); 5] = [
    ("/api/chat/completions", GPT),
    ("/api/chat/completions", LLAMA),
    ("/openai/chat/completions", GPT),
    ("/ollama/api/chat", LLAMA),
    ("/ollama/v1/chat/completions", LLAMA),
];

/// An upstream that answers for the Ollama model through OpenAI's API too, as Ollamas do.
async fn gateway() -> Gateway {
    let gateway = Gateway::start().await;
    gateway.upstream.offer_openai(&[GPT, LLAMA]);
    gateway
}

async fn post_raw(client: &Client, path: &str, body: Vec<u8>) -> Answer {
    Answer::of(client.request(Method::POST, path).body(body)).await
}

#[actix_web::test]
async fn an_object_of_more_members_than_any_request_has_is_refused_at_once() {
    let gateway = Gateway::start().await;
    let members: Vec<String> = (0..40_000).map(|n| format!("\"member{n}\":0")).collect();
    for (path, model) in ROADS {
        let body = format!("{{\"model\":\"{model}\",\"messages\":[],{}}}", members.join(","));
        assert!(post_bytes(&gateway.admin, path, &body).await.refused(422).contains("more than 10000 members"), "{path}");
    }
    assert!(gateway.upstream.requests().is_empty());
}

#[actix_web::test]
async fn a_large_body_reaches_the_upstream_like_a_small_one() {
    let gateway = gateway().await;
    for (path, model) in ROADS {
        let head = format!("{{\"model\":\"{model}\",\"stream\":false,\"chat_id\":\"c\",\"messages\":[{{\"role\":\"user\",\"content\":\"");
        // As large as this server takes, and as large as has to be read elsewhere.
        let text = "x".repeat((1 << 20) - head.len() - 4);
        post_bytes(&gateway.admin, path, &format!("{head}{text}\"}}]}}")).await.ok();
        assert_eq!(gateway.last()["messages"][0]["content"], text, "{path}");
    }
}

#[actix_web::test]
async fn half_of_a_surrogate_pair_reaches_every_model_as_the_replacement_character() {
    let gateway = gateway().await;
    let preset = json!({"id": "preset", "base_model_id": GPT, "name": "preset", "meta": {}, "params": {"system": "be brief"}});
    gateway.admin.post("/api/v1/models/create", preset).await.ok();
    for (path, model) in ROADS.into_iter().chain([("/api/chat/completions", "preset")]) {
        let body = format!(r#"{{"model":"{model}","stream":false,"files":[],"messages":[{{"role":"user","content":"cut \ud83d"}}]}}"#);
        post_bytes(&gateway.admin, path, &body).await.ok();
        let sent = gateway.last();
        assert_eq!(
            sent["messages"].as_array().and_then(|all| all.last()).map(|last| &last["content"]),
            Some(&json!("cut \u{fffd}")),
            "{path}"
        );
    }
    let body = r#"{"name":"Grace \ude00","email":"grace@example.com","password":"Passw0rd!","role":"user"}"#;
    assert_eq!(post_bytes(&gateway.admin, "/api/v1/auths/add", body).await.ok()["name"], "Grace \u{fffd}");
}

#[actix_web::test]
async fn a_byte_order_mark_is_skipped_in_requests_and_in_answers() {
    let gateway = gateway().await;
    for (path, model) in ROADS {
        let mut call = chat(model);
        call["stream"] = json!(false);
        post_raw(&gateway.admin, path, format!("\u{feff}{call}").into_bytes()).await.ok();
    }
    post_raw(&gateway.admin, "/api/v1/users/user/info/update", "\u{feff}{\"a\":1}".into()).await.ok();
    let answer = json!({"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]});
    gateway.upstream.script(Script::raw(200, "application/json", &["\u{feff}", &answer.to_string()]));
    assert_eq!(gateway.admin.post("/api/chat/completions", chat(GPT)).await.ok(), answer);
    gateway.upstream.script(Script::raw(200, SSE, &["\u{feff}data: [DONE]\n\n"]));
    let mut call = chat(GPT);
    call["stream"] = json!(true);
    assert_eq!(gateway.admin.post("/api/chat/completions", call).await.body, "data: [DONE]\n\n");
}

/// A gzip file of one stored block.
fn gzip(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let length = u16::try_from(bytes.len()).expect("a short text");
    let crc = !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(bytes);
    out.extend(crc.to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

#[actix_web::test]
async fn an_upstream_that_compresses_unasked_is_understood_on_every_road() {
    let gateway = Gateway::start().await;
    let packed = |status: u16, kind: &str, text: &str| Script::bytes(status, kind, gzip(text)).with_header("content-encoding", "gzip");
    let answer = json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]}).to_string();
    gateway.upstream.script(packed(200, "application/json", &answer));
    assert_eq!(gateway.admin.post("/api/chat/completions", chat(GPT)).await.body, answer);
    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    gateway.upstream.script(packed(200, SSE, stream));
    let mut call = chat(GPT);
    call["stream"] = json!(true);
    assert_eq!(gateway.admin.post("/api/chat/completions", call).await.body, stream);
    gateway.upstream.script_path("/v1/responses", packed(200, "application/json", "{\"id\": 1.0}"));
    let raw = gateway.admin.post("/openai/responses", chat(GPT)).await;
    assert_eq!((raw.body.as_str(), raw.header("content-encoding")), ("{\"id\": 1.0}", Some("identity")));
    gateway.upstream.script_path("/v1/responses", packed(400, "application/json", r#"{"error":{"message":"no"}}"#));
    assert_eq!(gateway.admin.post("/openai/responses", chat(GPT)).await.refused(400), "no");
    gateway.upstream.script_path("/v1/models", packed(200, "application/json", r#"{"data":[{"id":"packed"}]}"#));
    assert!(ids(&gateway.admin.get("/api/models?refresh=true").await.ok()).contains(&"packed".to_owned()));
    assert!(gateway.upstream.requests().iter().all(|request| request.headers["accept-encoding"] == "identity"), "nobody asks for it");
    gateway.upstream.script(Script::bytes(200, "application/json", vec![1, 2]).with_header("content-encoding", "zstd"));
    assert!(gateway.admin.post("/api/chat/completions", chat("packed")).await.refused(502).contains("zstd"));
}

#[actix_web::test]
async fn what_is_said_of_a_stream_goes_up_with_streams_alone() {
    let gateway = Gateway::start().await;
    for (stream, sent) in [(json!(true), json!({"include_usage": true})), (json!(false), Value::Null), (Value::Null, Value::Null)] {
        let mut call = chat(GPT);
        call["stream"] = stream;
        call["stream_options"] = json!({"include_usage": true});
        assert_eq!(gateway.admin.post("/api/chat/completions", call).await.status, 200);
        assert_eq!(gateway.last()["stream_options"], sent);
    }
}

#[actix_web::test]
async fn params_of_a_chat_reach_the_model() {
    let gateway = Gateway::start().await;
    let mut call = chat(GPT);
    call["params"] = json!({"temperature": 0.5, "logit_bias": "7:300", "function_calling": "native", "custom_params": {"x": "[1]"}});
    call["temperature"] = json!(0.1);
    gateway.admin.post("/api/chat/completions", call.clone()).await.ok();
    let sent = gateway.last();
    assert_eq!((&sent["temperature"], &sent["logit_bias"], &sent["x"]), (&json!(0.1), &json!({"7": 100}), &json!([1])));
    assert!(sent.get("params").is_none() && sent.get("function_calling").is_none(), "{sent}");
    call["model"] = json!(LLAMA);
    call["params"] = json!({"temperature": 0.5, "num_ctx": 4096, "max_tokens": 9});
    gateway.admin.post("/api/chat/completions", call).await.ok();
    assert_eq!(gateway.last()["options"], json!({"temperature": 0.1, "num_ctx": 4096, "num_predict": 9}));
}
