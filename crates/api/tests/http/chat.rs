//! `/api/chat/completions` and `/api/embeddings`: what reaches the upstream, and what becomes of its answer.

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use transom_app::models::{Connection, ModelsConfig};
use transom_testkit::{ClosedPort, Script, Upstream};

use crate::common::Client;
use crate::gateway::{Gateway, chat, impatient, post_bytes, settings};
use crate::upstreams::{KEY, ollama, openai, patient_ollama, patient_openai};

const GPT: &str = "gpt-4-turbo";
const LLAMA: &str = "llama3.1:latest";
const CHATS: [&str; 3] = ["/api/chat/completions", "/api/v1/chat/completions", "/openai/chat/completions"];
const SSE: &str = "text/event-stream";

fn streamed(model: &str) -> Value {
    let mut call = chat(model);
    call["stream"] = json!(true);
    call
}

#[actix_web::test]
async fn an_untouched_request_reaches_the_upstream_byte_for_byte() {
    let gateway = Gateway::start().await;
    let body = "{ \"model\" : \"gpt-4-turbo\",\n \"messages\":[ {\"role\":\"user\",\"content\":\"\\u0068i \u{e9}\"} ], \"temperature\": 1.50, \
                \"seed\":12345678901234567890123, \"x_new\": {\"b\":1,  \"a\":[ ]}, \"stream\" : false }";
    for path in CHATS {
        post_bytes(&gateway.admin, path, body).await.ok();
        assert_eq!(gateway.upstream.requests().pop().unwrap().raw, body, "{path}");
    }
    let body = "{ \"model\":\"gpt-4-turbo\", \"input\":[ \"a\" ], \"dimensions\": 8.0 }";
    for path in ["/api/embeddings", "/api/v1/embeddings", "/openai/embeddings"] {
        assert_eq!(post_bytes(&gateway.admin, path, body).await.ok()["object"], "list");
        assert_eq!(gateway.upstream.requests().pop().unwrap().raw, body, "{path}");
    }
}

#[actix_web::test]
async fn an_answer_comes_back_byte_for_byte_whole_and_streamed() {
    let gateway = Gateway::start().await;
    let whole = "{ \"id\":\"x\", \"choices\":[ ],\"usage\": {\"n\": 1.0} , \"\u{fc}\":null}";
    let frames = [
        ": hello\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}, \"x\" :1.0}]}\r\n\r\n",
        "data: {\"cho",
        "ices\":[]}\n\ndata: [DONE]\n\n",
    ];
    for path in CHATS {
        gateway.upstream.script(Script::raw(200, "application/json", &[whole]));
        assert_eq!(gateway.admin.post(path, chat(GPT)).await.body, whole, "{path}");
        gateway.upstream.script(Script::raw(200, SSE, &frames));
        let answer = gateway.admin.post(path, streamed(GPT)).await;
        assert_eq!((answer.header("content-type"), answer.body.as_str()), (Some(SSE), frames.concat().as_str()), "{path}");
    }
}

#[actix_web::test]
async fn fields_of_ours_stay_here_and_unknown_ones_travel() {
    let gateway = Gateway::start().await;
    for (model, place) in [(GPT, ""), (LLAMA, "/api/chat")] {
        let mut call = chat(model);
        for own in ["files", "tool_ids"] {
            call[own] = json!([]);
        }
        for own in ["chat_id", "session_id", "id", "parent_id", "features", "variables", "model_item", "background_tasks"] {
            call[own] = json!({"x": 1});
        }
        call["x_future"] = json!({"deep": [1, 2.5]});
        gateway.admin.post("/api/chat/completions", call).await.ok();
        let sent = gateway.last();
        let mut names: Vec<&str> = sent.as_object().unwrap().keys().map(String::as_str).filter(|name| *name != "stream").collect();
        names.sort_unstable();
        assert_eq!((names, &sent["x_future"]), (vec!["messages", "model", "x_future"], &json!({"deep": [1, 2.5]})), "{place}");
    }
}

#[actix_web::test]
async fn an_ollama_answers_in_openais_shape_under_its_bare_name_too() {
    let gateway = Gateway::start().await;
    let mut call = chat("llama3.1");
    call["temperature"] = json!(0.2);
    call["max_tokens"] = json!(9);
    let answer = gateway.admin.post("/api/chat/completions", call).await.ok();
    assert_eq!((&answer["object"], &answer["choices"][0]["message"]["content"]), (&json!("chat.completion"), &json!("You said: hi")));
    assert_eq!((&answer["usage"]["prompt_tokens"], &answer["usage"]["completion_tokens"]), (&json!(26), &json!(8)));
    let sent = gateway.last();
    assert_eq!((&sent["model"], &sent["options"]), (&json!(LLAMA), &json!({"temperature": 0.2, "num_predict": 9})));
    let answer = gateway.admin.post("/api/chat/completions", streamed("llama3.1")).await;
    assert!(answer.body.starts_with("data: {") && answer.body.ends_with("data: [DONE]\n\n"), "{}", answer.body);
    let vectors = gateway.admin.post("/api/embeddings", json!({"model": "nomic-embed-text", "input": ["a", "b"]})).await.ok();
    assert_eq!((&vectors["object"], vectors["data"].as_array().map(Vec::len)), (&json!("list"), Some(2)));
    gateway.admin.post("/openai/chat/completions", chat("llama3.1")).await.refused(400);
    gateway.admin.post("/openai/responses", chat("llama3.1")).await.refused(400);
}

#[actix_web::test]
async fn a_refusal_keeps_its_status_and_words() {
    let gateway = Gateway::start().await;
    for (status, expected) in [(400, 400), (404, 404), (422, 422), (429, 429), (500, 502), (503, 502)] {
        gateway.upstream.script(Script::refuses(status, "too many requests, come back in 20s"));
        for call in [chat(GPT), streamed(GPT), chat(LLAMA), streamed(LLAMA)] {
            let words = gateway.admin.post("/api/chat/completions", call).await.refused(expected);
            assert_eq!(words, "too many requests, come back in 20s");
        }
    }
    gateway.upstream.script_path("/v1/embeddings", Script::refuses(413, "too long"));
    assert_eq!(gateway.admin.post("/api/embeddings", json!({"model": GPT, "input": "x"})).await.refused(413), "too long");
}

#[actix_web::test]
async fn an_upstream_that_repeats_its_key_is_not_quoted_with_it() {
    let gateway = Gateway::with(ModelsConfig { passthrough: true, ..settings() }).await;
    let words = json!({"error": {"message": format!("Incorrect API key provided: {KEY}."), "key": KEY}});
    for path in ["/v1/chat/completions", "/v1/responses", "/v1/embeddings", "/api/generate", "/api/pull", "/v1/files"] {
        gateway.upstream.script_path(path, Script::json(401, &words));
    }
    gateway.upstream.script(Script::json(401, &words));
    let roads = [
        ("/api/chat/completions", GPT),
        ("/api/chat/completions", LLAMA),
        ("/openai/responses", GPT),
        ("/api/embeddings", GPT),
        ("/ollama/api/generate", LLAMA),
        ("/ollama/api/pull", LLAMA),
    ];
    for (path, model) in roads {
        let answer = gateway.admin.post(path, chat(model)).await;
        assert!(answer.status == 502 && answer.body.contains("***") && !answer.body.contains(KEY), "{path}: {}", answer.body);
    }
    let answer = gateway.admin.get("/openai/files").await;
    assert!(answer.status == 502 && !answer.body.contains(KEY), "{}", answer.body);
    for path in ["/openai/config", "/ollama/config", "/api/models", "/api/config", "/openai/models"] {
        let answer = gateway.admin.get(path).await;
        answer.ok();
        assert!(!answer.body.contains(KEY), "{path}");
    }
    let received = gateway.upstream.requests_of("/v1/chat/completions");
    assert_eq!(received[0].headers["authorization"], format!("Bearer {KEY}"), "ours goes to the upstream, never the caller's");
}

/// A gateway whose upstream is dead by the time it is asked, or answers too late.
async fn troubled(make: impl Fn(&str) -> Vec<Connection>) -> Gateway {
    let upstream = Upstream::start().await;
    let connections = make(upstream.base_url());
    Gateway::over(upstream, connections, settings()).await
}

#[actix_web::test]
async fn an_upstream_that_cannot_be_reached_is_a_502_and_a_slow_one_a_504() {
    let slow = troubled(|base| vec![patient_openai(0, base, impatient()), patient_ollama(0, base, impatient())]).await;
    slow.upstream.script(Script::hangs());
    for call in [chat(GPT), streamed(GPT), chat(LLAMA), streamed(LLAMA)] {
        let words = slow.admin.post("/api/chat/completions", call).await.refused(504);
        assert!(!words.is_empty());
    }
    slow.admin.post("/ollama/api/chat", chat(LLAMA)).await.refused(504);
    slow.upstream.script_path("/v1/responses", Script::hangs());
    slow.admin.post("/openai/responses", chat(GPT)).await.refused(504);
    let gone = troubled(|base| vec![openai(0, base), ollama(0, base)]).await;
    let Gateway { upstream, server: _server, admin, .. } = gone;
    let base = upstream.base_url().to_owned();
    drop(upstream);
    let _closed = ClosedPort::in_place_of(&base).await;
    for call in [chat(GPT), streamed(GPT), chat(LLAMA), streamed(LLAMA)] {
        assert!(!admin.post("/api/chat/completions", call).await.refused(502).is_empty());
    }
    admin.post("/ollama/api/generate", chat(LLAMA)).await.refused(502);
    admin.post("/openai/responses", chat(GPT)).await.refused(502);
    let closed = ClosedPort::start();
    let never = troubled(|_| vec![openai(0, &closed.base_url())]).await;
    never.admin.post("/api/chat/completions", chat(GPT)).await.refused(503);
}

#[actix_web::test]
async fn an_answer_that_is_no_answer_is_a_502() {
    let gateway = Gateway::start().await;
    for script in [
        Script::raw(200, "text/html", &["<html>"]),
        Script::raw(200, "application/json", &["[]"]),
        Script::raw(302, "text/plain", &["elsewhere"]),
        Script::says(&["one ", "two"]).then_breaks(),
    ] {
        gateway.upstream.script(script);
        for model in [GPT, LLAMA] {
            gateway.admin.post("/api/chat/completions", chat(model)).await.refused(502);
        }
    }
}

#[actix_web::test]
async fn a_stream_that_breaks_ends_with_an_error_and_never_silently() {
    let gateway = Gateway::start().await;
    for script in [Script::says(&["one ", "two"]).then_breaks(), Script::says(&["one ", "two"]).then_stops_short()] {
        gateway.upstream.script(script);
        for (path, model) in [(CHATS[0], GPT), (CHATS[0], LLAMA), (CHATS[2], GPT)] {
            let answer = gateway.admin.post(path, streamed(model)).await;
            let last = answer.body.trim_end().rsplit("\n\n").next().unwrap().strip_prefix("data: ").expect("a frame");
            let error: Value = serde_json::from_str(last).unwrap();
            assert!(answer.status == 200 && answer.body.contains("one "), "{}", answer.body);
            assert!(error["error"]["message"].is_string() && !answer.body.contains("[DONE]"), "{}", answer.body);
        }
    }
    let gateway = troubled(|base| vec![patient_openai(0, base, impatient()), patient_ollama(0, base, impatient())]).await;
    gateway.upstream.script(Script::says(&["one "]).then_hangs());
    for model in [GPT, LLAMA] {
        let answer = gateway.admin.post(CHATS[0], streamed(model)).await;
        assert!(answer.body.contains("one ") && answer.body.contains("\"code\":\"upstream_timeout\""), "{}", answer.body);
    }
}

async fn leaves_before_the_first_byte(gateway: &Gateway, client: &Client, path: &str, call: Value) {
    gateway.upstream.script(Script::hangs());
    let (calls, left) = (gateway.upstream.call_count(), gateway.upstream.left_count());
    let request = client.request(Method::POST, path).json(&call);
    let asking = actix_web::rt::spawn(request.send());
    gateway.upstream.calls(calls + 1).await;
    asking.abort();
    gateway.upstream.clients_left(left + 1).await;
}

#[actix_web::test]
async fn a_client_that_leaves_ends_the_call_before_the_first_token_in_the_middle_and_on_a_whole_answer() {
    let gateway = Gateway::start().await;
    let roads = [(CHATS[0], GPT), (CHATS[0], LLAMA), (CHATS[2], GPT), ("/ollama/api/chat", LLAMA), ("/ollama/api/generate", LLAMA)];
    for (path, model) in roads {
        let mut whole = chat(model);
        whole["stream"] = json!(false);
        leaves_before_the_first_byte(&gateway, &gateway.admin, path, streamed(model)).await;
        leaves_before_the_first_byte(&gateway, &gateway.admin, path, whole).await;
        gateway.upstream.script(Script::says(&["one "]).then_hangs());
        let left = gateway.upstream.left_count();
        let response = gateway.admin.request(Method::POST, path).json(&streamed(model)).send().await.unwrap();
        let mut parts = response.bytes_stream();
        let first = parts.next().await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&first).contains("one "), "{path}");
        drop(parts);
        gateway.upstream.clients_left(left + 1).await;
    }
}
