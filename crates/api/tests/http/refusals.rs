//! Refusals, our own and the upstreams', as the clients of each API read them.

use serde_json::{Value, json};
use transom_testkit::Script;

use crate::gateway::{Gateway, chat};

const GPT: &str = "gpt-4-turbo";
const LLAMA: &str = "llama3.1:latest";
const CHATS: [&str; 3] = ["/api/chat/completions", "/api/v1/chat/completions", "/openai/chat/completions"];

fn streamed(model: &str) -> Value {
    let mut call = chat(model);
    call["stream"] = json!(true);
    call
}

#[actix_web::test]
async fn a_refusal_keeps_the_upstreams_error_object_and_the_headers_that_clients_read() {
    let gateway = Gateway::start().await;
    let error = json!({"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded", "param": "messages"});
    let script = Script::json(429, &json!({ "error": error }))
        .with_header("retry-after", "17")
        .with_header("x-ratelimit-remaining-requests", "0")
        .with_header("openai-processing-ms", "5")
        .with_header("x-request-id", "req_upstream")
        .with_header("set-cookie", "a=b");
    for path in ["/v1/chat/completions", "/v1/responses", "/v1/embeddings"] {
        gateway.upstream.script_path(path, script.clone());
    }
    let chats = CHATS.iter().flat_map(|path| [(*path, chat(GPT)), (*path, streamed(GPT))]);
    let others = ["/openai/responses", "/api/embeddings", "/openai/embeddings"].into_iter().map(|path| (path, chat(GPT)));
    for (path, call) in chats.chain(others) {
        let answer = gateway.admin.post(path, call).await;
        assert_eq!(answer.refused(429), "too long", "{path}");
        assert_eq!(answer.json()["error"], error, "{path}");
        for (name, value) in [("retry-after", "17"), ("x-ratelimit-remaining-requests", "0"), ("openai-processing-ms", "5")] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!((answer.header("x-upstream-request-id"), answer.header("set-cookie")), (Some("req_upstream"), None), "{path}");
        assert_ne!(answer.header("x-request-id"), Some("req_upstream"), "{path}: our own id stays our own");
    }
}

#[actix_web::test]
async fn our_own_refusals_read_as_the_clients_of_the_route_expect() {
    let gateway = Gateway::start().await;
    let anonymous = gateway.server.anonymous();
    for path in ["/api/chat/completions", "/openai/chat/completions", "/openai/responses", "/api/embeddings", "/ollama/v1/chat/completions"]
    {
        let answer = anonymous.post(path, chat(GPT)).await;
        let words = answer.refused(401);
        let error = json!({"message": words, "type": "authentication_error", "code": "invalid_api_key", "param": null});
        assert_eq!(answer.json()["error"], error, "{path}");
    }
    for path in ["/api/models", "/api/v1/models", "/openai/models"] {
        assert_eq!(anonymous.get(path).await.json()["error"]["code"], "invalid_api_key", "{path}");
    }
    for path in CHATS {
        let answer = gateway.admin.post(path, chat("nobody")).await;
        assert!((400..500).contains(&answer.status), "{}", answer.body);
        assert_eq!(
            (&answer.json()["error"]["code"], &answer.json()["error"]["message"]),
            (&json!("model_not_found"), &answer.json()["detail"])
        );
    }
    let answer = gateway.admin.get("/api/chat/completions").await;
    assert_eq!(
        (answer.refused(405), answer.json()["error"]["type"].clone()),
        ("Method Not Allowed".to_owned(), json!("invalid_request_error"))
    );
    let answer = anonymous.post("/ollama/api/chat", chat(LLAMA)).await;
    assert_eq!(answer.json()["error"], answer.refused(401));
    let answer = anonymous.post("/ollama/v1/messages", chat(LLAMA)).await;
    let own = json!({"type": "authentication_error", "message": answer.refused(401)});
    assert_eq!((&answer.json()["type"], &answer.json()["error"]), (&json!("error"), &own));
    assert_eq!(anonymous.get("/api/v1/files/").await.json().as_object().map(serde_json::Map::len), Some(1), "`detail` alone elsewhere");
}

#[actix_web::test]
async fn a_refusal_of_our_credential_at_an_upstream_is_no_refusal_of_the_callers() {
    let gateway = Gateway::start().await;
    for status in [401, 403] {
        gateway.upstream.script(Script::refuses(status, "this key may not"));
        for path in ["/v1/responses", "/v1/embeddings", "/api/show"] {
            gateway.upstream.script_path(path, Script::refuses(status, "this key may not"));
        }
        let roads = [
            ("/api/chat/completions", chat(GPT)),
            ("/api/chat/completions", streamed(LLAMA)),
            ("/openai/responses", chat(GPT)),
            ("/api/embeddings", chat(GPT)),
            ("/ollama/api/chat", chat(LLAMA)),
            ("/ollama/api/show", chat(LLAMA)),
        ];
        for (path, call) in roads {
            assert_eq!(gateway.admin.post(path, call).await.refused(502), "this key may not", "{path}");
        }
    }
}

#[actix_web::test]
async fn an_error_before_the_first_event_is_a_status_and_one_after_it_is_the_last_event() {
    let gateway = Gateway::start().await;
    let error = json!({"message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded", "param": null});
    let frame = format!("data: {}\n\n", json!({ "error": error }));
    let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    for path in CHATS {
        gateway.upstream.script(Script::raw(200, "text/event-stream", &["data:\n\n", &frame]));
        let answer = gateway.admin.post(path, streamed(GPT)).await;
        assert_eq!((answer.refused(429), answer.json()["error"].clone()), ("slow down".to_owned(), error.clone()), "{path}");
        for end in ["", "data: [DONE]\n\n"] {
            gateway.upstream.script(Script::raw(200, "text/event-stream", &[chunk, &frame, end]));
            let answer = gateway.admin.post(path, streamed(GPT)).await;
            assert_eq!((answer.status, answer.body), (200, format!("{chunk}{frame}")), "{path}");
        }
    }
}
