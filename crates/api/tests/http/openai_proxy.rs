//! `/openai/…` beyond chat and embeddings.

use reqwest::Method;
use serde_json::json;
use transom_app::models::ModelsConfig;
use transom_testkit::Script;

use crate::common::Answer;
use crate::gateway::{Gateway, chat, post_bytes, settings};

const GPT: &str = "gpt-4-turbo";

const BEYOND: [&str; 9] = [
    "/openai/files",
    "/openai/files/f-1",
    "/openai/fine_tuning/jobs",
    "/openai/organization/admin_api_keys",
    "/openai/realtime/client_secrets",
    "/openai/responses/r-1",
    "/openai/responses/r-1/cancel",
    "/openai/batches",
    "/openai/audio/voices",
];

fn methods() -> [Method; 4] {
    [Method::GET, Method::POST, Method::PUT, Method::DELETE]
}

#[actix_web::test]
async fn nothing_beyond_the_known_endpoints_is_passed_on_unless_the_settings_say_so() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    let call = json!({"model": GPT, "session": {"model": "gpt-4o-mini"}});
    for path in BEYOND {
        for method in methods() {
            for client in [&gateway.bob, &gateway.admin] {
                let words = Answer::of(client.request(method.clone(), path).json(&call)).await.refused(403);
                assert!(words.contains("ENABLE_OPENAI_API_PASSTHROUGH"), "{words}");
            }
            Answer::of(gateway.server.anonymous().request(method.clone(), path).json(&call)).await.refused(401);
        }
    }
    gateway.bob.get("/openai/config").await.refused(401);
    assert!(gateway.upstream.requests().is_empty());
}

#[actix_web::test]
async fn where_the_settings_say_so_administrators_alone_pass_any_call_on() {
    let gateway = Gateway::with(ModelsConfig { passthrough: true, ..settings() }).await;
    gateway.grant_bob(GPT).await;
    for path in BEYOND {
        for method in methods() {
            Answer::of(gateway.bob.request(method.clone(), path).json(&chat(GPT))).await.refused(401);
            Answer::of(gateway.server.anonymous().request(method.clone(), path)).await.refused(401);
        }
    }
    assert!(gateway.upstream.requests().is_empty());
    gateway.upstream.script_path("/v1/files/f-1", Script::json(200, &json!({"id": "f-1"})));
    for method in methods() {
        let answer = Answer::of(gateway.admin.request(method.clone(), "/openai/files/f-1?x=1")).await;
        assert_eq!(answer.ok()["id"], "f-1");
        let sent = gateway.upstream.requests().pop().unwrap();
        assert_eq!((sent.method.as_str(), sent.path.as_str()), (method.as_str(), "/v1/files/f-1?x=1"));
    }
}

#[actix_web::test]
async fn a_call_that_names_no_model_goes_to_no_upstream() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    let bodies =
        ["", "not json", "[]", r#"{"input":"x"}"#, r#"{"name":"gpt-4-turbo"}"#, r#"{"model":null}"#, r#"{"model":["gpt-4-turbo"]}"#];
    for body in bodies {
        for path in ["/openai/responses", "/openai/moderations", "/openai/audio/transcriptions", "/openai/images/edits"] {
            for client in [&gateway.bob, &gateway.admin] {
                post_bytes(client, path, body).await.refused(422);
            }
        }
    }
    gateway.server.anonymous().post("/openai/responses", chat(GPT)).await.refused(401);
    assert!(gateway.upstream.requests().is_empty());
}

#[actix_web::test]
async fn a_path_that_climbs_is_refused_whoever_asks() {
    let gateway = Gateway::with(ModelsConfig { passthrough: true, ..settings() }).await;
    gateway.grant_bob(GPT).await;
    let address = gateway.server.base.trim_start_matches("http://").to_owned();
    let authorization = |client: &crate::common::Client| {
        let request = client.request(Method::GET, "/").build().unwrap();
        request.headers()["authorization"].to_str().unwrap().to_owned()
    };
    // Clients tidy such paths up before they send them, so these are written by hand.
    for client in [&gateway.admin, &gateway.bob] {
        for path in [
            "/openai/../api/pull",
            "/openai/..%2fapi/pull",
            "/openai/%2e%2e/api/pull",
            "/openai/.%2E/api/pull",
            "/openai/x/../../api/pull",
            "/openai/x/./y",
            "/openai/..\\api",
            "/openai/%2e%2e%5capi",
            "/openai/%252e%252e/api/pull",
            "/openai//evil.example/x",
            "/ollama/../x",
            "/ollama/api/blobs/sha256:00%2f..%2f..",
            "/ollama/api/%2e%2e/pull",
            "/ollama/api/chat/..",
        ] {
            for method in ["GET", "POST"] {
                let body = chat(GPT).to_string();
                let (token, length) = (authorization(client), body.len());
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: {token}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                let status = by_hand(&address, &request).await;
                assert!((400..500).contains(&status), "{method} {path}: {status}");
            }
        }
    }
    let reached: Vec<String> = gateway.upstream.requests().into_iter().map(|request| request.path).collect();
    assert!(reached.is_empty(), "{reached:?}");
}

/// Sends these bytes; the status of the answer.
async fn by_hand(address: &str, request: &str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {answer:?}"))
}

#[actix_web::test]
async fn a_granted_models_call_goes_there_as_it_is_and_its_answer_comes_back_as_it_is() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    let frames = ["event: response.created\ndata: {\"a\": 1.0}\n\n", "event: x\ndata: {}\n\n"];
    gateway.upstream.script_path("/v1/responses", Script::raw(200, "text/event-stream", &frames));
    let body = "{ \"model\" : \"gpt-4-turbo\", \"input\":\"x\",\"stream\": true, \"id\":\"kept\", \"n\": 1.0 }";
    let answer = post_bytes(&gateway.bob, "/openai/responses?a=b", body).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, frames.concat().as_str()));
    let sent = gateway.upstream.requests().pop().unwrap();
    assert_eq!((sent.path.as_str(), sent.raw.as_ref()), ("/v1/responses", body.as_bytes()), "the query stays here");
    gateway.upstream.script_path("/v1/responses", Script::refuses(429, "slow down"));
    assert_eq!(post_bytes(&gateway.bob, "/openai/responses", body).await.refused(429), "slow down");
    gateway.upstream.script_path("/v1/responses", Script::raw(302, "text/plain", &["x"]));
    post_bytes(&gateway.bob, "/openai/responses", body).await.refused(502);
    gateway.upstream.script_path("/v1/responses", Script::raw(404, "text/plain", &[""]));
    assert!(!post_bytes(&gateway.bob, "/openai/responses", body).await.refused(404).is_empty());
}

#[actix_web::test]
async fn a_stream_that_breaks_inside_a_frame_ends_with_an_error_frame() {
    let gateway = Gateway::start().await;
    let half = ["event: x\ndata: {}\n\n", "data: {\"half\":"];
    gateway.upstream.script_path("/v1/responses", Script::raw(200, "text/event-stream", &half).then_breaks());
    let answer = gateway.admin.post("/openai/responses", chat(GPT)).await;
    let frames: Vec<&str> = answer.body.trim_end().split("\n\n").collect();
    assert!(frames.len() == 3 && frames[2].starts_with("data: {\"error\":{"), "{}", answer.body);
}
