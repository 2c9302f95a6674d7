//! `/ollama/…`.

use reqwest::Method;
use serde_json::{Value, json};
use transom_testkit::{Script, Upstream};

use crate::common::Answer;
use crate::gateway::{Gateway, chat, post_bytes, settings};
use crate::upstreams::{ollama, openai};

const LLAMA: &str = "llama3.1:latest";
const NDJSON: &str = "application/x-ndjson";

#[actix_web::test]
async fn a_call_and_its_answer_pass_byte_for_byte_whatever_media_type_curl_puts_on_it() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(LLAMA).await;
    let body = "{ \"model\" : \"llama3.1:latest\", \"prompt\":\"x\", \"options\": {\"seed\": 1.0,  \"x\":[ ]}, \"id\": \"kept\" }";
    let lines = ["{\"model\":\"x\", \"response\":\"a\" }\n", "{\"done\":tr", "ue}\n"];
    gateway.upstream.script(Script::raw(200, NDJSON, &lines));
    for media in ["application/json", "application/x-www-form-urlencoded", "text/plain"] {
        for path in ["/ollama/api/generate", "/ollama/api/generate/0", "/ollama/api/generate?url_idx=0"] {
            let request = gateway.bob.request(Method::POST, path).header("content-type", media).body(body);
            let answer = Answer::of(request).await;
            assert_eq!((answer.status, answer.header("content-type"), answer.body.as_str()), (200, Some(NDJSON), lines.concat().as_str()));
            let sent = gateway.upstream.requests().pop().unwrap();
            assert_eq!(sent.path, "/api/generate", "the query stays here");
            assert_eq!((sent.raw.as_ref(), sent.headers["content-type"].as_str()), (body.as_bytes(), "application/json"));
        }
    }
}

#[actix_web::test]
async fn what_changes_an_ollama_is_the_administrators() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(LLAMA).await;
    let digest = format!("sha256:{}", "0".repeat(64));
    let changes = ["pull", "push", "create", "copy", "delete"].map(|verb| format!("/ollama/api/{verb}"));
    let changes: Vec<String> = changes.iter().flat_map(|path| ["", "/0", "?url_idx=0"].map(|form| format!("{path}{form}"))).collect();
    for path in &changes {
        for method in [Method::POST, Method::DELETE] {
            Answer::of(gateway.bob.request(method.clone(), path).json(&json!({"model": LLAMA}))).await.refused(401);
            Answer::of(gateway.server.anonymous().request(method, path).json(&json!({"model": LLAMA}))).await.refused(401);
        }
    }
    for method in [Method::POST, Method::HEAD] {
        let answer = Answer::of(gateway.bob.request(method, &format!("/ollama/api/blobs/{digest}"))).await;
        assert_eq!(answer.status, 401);
    }
    gateway.bob.get("/ollama/config").await.refused(401);
    assert!(gateway.upstream.requests().is_empty());
    let lines = ["{\"status\":\"pulling\"}\n", "{\"status\":\"success\"}\n"];
    gateway.upstream.script_path("/api/pull", Script::raw(200, NDJSON, &lines));
    assert_eq!(gateway.admin.post("/ollama/api/pull", json!({"model": "new"})).await.body, lines.concat());
    gateway.upstream.script_path("/api/delete", Script::raw(200, "text/plain", &[""]));
    gateway.upstream.script_path("/api/copy", Script::raw(200, "text/plain", &[""]));
    let answer = Answer::of(gateway.admin.request(Method::DELETE, "/ollama/api/delete").json(&json!({"model": LLAMA}))).await;
    assert_eq!(answer.ok(), json!(true));
    assert_eq!(gateway.admin.post("/ollama/api/copy", json!({"source": LLAMA, "destination": "new"})).await.ok(), json!(true));
    let blob = format!("/api/blobs/{digest}");
    gateway.upstream.script_path(&blob, Script::raw(201, "text/plain", &[""]));
    let answer = Answer::of(gateway.admin.request(Method::POST, &format!("/ollama{blob}")).body("layer")).await;
    assert_eq!((answer.status, gateway.upstream.requests_of(&blob)[0].raw.as_ref()), (201, b"layer".as_slice()));
    Answer::of(gateway.admin.request(Method::POST, "/ollama/api/blobs/passwd").body("layer")).await.refused(400);
}

#[actix_web::test]
async fn a_refusal_of_the_ollama_keeps_its_status_and_words() {
    let gateway = Gateway::start().await;
    for (status, expected) in [(400, 400), (404, 404), (429, 429), (500, 502)] {
        gateway.upstream.script(Script::refuses(status, "model requires more system memory"));
        gateway.upstream.script_path("/api/show", Script::refuses(status, "model requires more system memory"));
        for path in ["/ollama/api/chat", "/ollama/api/generate", "/ollama/api/show", "/ollama/v1/chat/completions"] {
            let words = gateway.admin.post(path, chat(LLAMA)).await.refused(expected);
            assert_eq!(words, "model requires more system memory", "{path}");
        }
    }
    let unknown = gateway.admin.post("/ollama/api/chat", chat("zzz")).await.refused(400);
    assert!(unknown.contains("zzz"));
    post_bytes(&gateway.admin, "/ollama/api/chat", "not json").await.refused(422);
}

#[actix_web::test]
async fn a_stream_that_breaks_ends_with_a_line_that_says_so() {
    let gateway = Gateway::start().await;
    for parts in [vec!["{\"response\":\"a\"}\n"], vec!["{\"response\":\"a\"}\n", "{\"respon"]] {
        gateway.upstream.script(Script::raw(200, NDJSON, &parts).then_breaks());
        let answer = gateway.admin.post("/ollama/api/generate", chat(LLAMA)).await;
        let last: Value = serde_json::from_str(answer.body.lines().last().unwrap()).unwrap_or_else(|_| panic!("{}", answer.body));
        assert!(answer.body.starts_with(parts[0]) && last["error"].is_string(), "{}", answer.body);
        assert!(!answer.body.contains(gateway.upstream.base_url()), "it does not say where the upstream stands");
    }
}

#[actix_web::test]
async fn a_connection_is_asked_only_for_models_that_it_has() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    second.offer_ollama(&["there:1b"]);
    let connections = vec![ollama(0, first.base_url()), ollama(1, second.base_url()), openai(0, first.base_url())];
    let gateway = Gateway::over(first, connections, settings()).await;
    gateway.grant_bob("there:1b").await;
    second.forget();
    for path in ["/ollama/api/chat", "/ollama/api/chat/1", "/ollama/api/chat?url_idx=1"] {
        assert_eq!(gateway.bob.post(path, chat("there:1b")).await.status, 200);
    }
    for path in ["/ollama/api/chat/0", "/ollama/api/chat?url_idx=0", "/ollama/api/chat/9"] {
        gateway.bob.post(path, chat("there:1b")).await.refused(400);
    }
    gateway.bob.post("/ollama/api/chat/1", chat(LLAMA)).await.refused(403);
    gateway.bob.post("/ollama/api/chat", chat("gpt-4-turbo")).await.refused(403);
    assert_eq!((gateway.upstream.requests().len(), second.requests().len()), (0, 3));
    gateway.admin.post("/ollama/api/delete", json!({"model": "there:1b"})).await;
    assert_eq!(second.requests_of("/api/delete").len(), 1, "a change goes where the model is");
}

#[actix_web::test]
async fn a_number_that_no_connection_can_have_is_refused_and_not_passed_over() {
    let gateway = Gateway::start().await;
    for path in
        ["/ollama/api/chat/99999999999999999999", "/ollama/api/tags/99999999999999999999", "/ollama/api/delete/99999999999999999999"]
    {
        let method = if path.contains("tags") { Method::GET } else { Method::POST };
        Answer::of(gateway.admin.request(method, path).json(&chat(LLAMA))).await.refused(404);
    }
    for blob in ["sha256:", "sha256:00", "sha256-zz"] {
        Answer::of(gateway.admin.request(Method::POST, &format!("/ollama/api/blobs/{blob}")).body("layer")).await.refused(400);
    }
    assert!(gateway.upstream.requests().is_empty());
}

#[actix_web::test]
async fn anybody_may_ask_whether_an_ollama_is_here_and_only_accounts_for_its_version() {
    let gateway = Gateway::start().await;
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(Answer::of(gateway.server.anonymous().request(method, "/ollama/")).await.status, 200);
    }
    assert_eq!(gateway.server.anonymous().get("/ollama/").await.ok(), json!({"status": true}));
    gateway.server.anonymous().get("/ollama/api/version").await.refused(401);
    gateway.upstream.script_path("/api/version", Script::json(200, &json!({"version": "v0.9.1"})));
    for path in ["/ollama/api/version", "/ollama/api/version/0"] {
        assert_eq!(gateway.bob.get(path).await.ok(), json!({"version": "v0.9.1"}));
    }
    let without = Gateway::over(Upstream::start().await, Vec::new(), settings()).await;
    assert_eq!(without.bob.get("/ollama/api/version").await.ok(), json!({"version": false}));
}

#[actix_web::test]
async fn a_model_is_made_of_another_where_that_one_is() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    second.offer_ollama(&["there:1b"]);
    let connections = vec![ollama(0, first.base_url()), ollama(1, second.base_url())];
    let gateway = Gateway::over(first, connections, settings()).await;
    second.script_path("/api/create", Script::raw(200, NDJSON, &["{\"status\":\"success\"}\n"]));
    assert_eq!(gateway.admin.post("/ollama/api/create", json!({"model": "mine", "from": "there:1b"})).await.status, 200);
    assert_eq!(second.requests_of("/api/create").len(), 1);
}
