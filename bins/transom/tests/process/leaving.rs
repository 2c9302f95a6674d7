//! Clients that leave, through the whole server.

use futures_util::FutureExt;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use transom_testkit::{Script, Upstream};

use crate::client::Client;
use crate::place::Place;

/// Sends a call, and leaves once the upstream was asked.
async fn leaves_unanswered(upstream: &Upstream, call: RequestBuilder) {
    let (calls, left) = (upstream.call_count(), upstream.left_count());
    upstream.script(Script::hangs());
    let answer = tokio::spawn(call.send());
    upstream.calls(calls + 1).await;
    answer.abort();
    upstream.clients_left(left + 1).await;
}

/// Sends a call, and leaves after the first piece of its answer.
async fn leaves_in_mid_stream(upstream: &Upstream, call: RequestBuilder) {
    let left = upstream.left_count();
    upstream.script(Script::says(&["one "]).then_hangs());
    let mut answer = call.send().await.unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    drop(answer);
    upstream.clients_left(left + 1).await;
}

fn through_the_proxy(client: &Client, path: &str, model: &str, stream: bool) -> RequestBuilder {
    let body = json!({"model": model, "stream": stream, "prompt": "Why?", "messages": [{"role": "user", "content": "Why?"}]});
    client.call(Method::POST, path).json(&body)
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_upstreams_call_on_every_road() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let admin = server.client.sign_up().await;
    assert_eq!(admin.models().await.len(), 5);
    let roads = [
        ("/api/chat/completions", "gpt-4-turbo"),
        ("/api/chat/completions", "llama3.2"),
        ("/openai/chat/completions", "gpt-4-turbo"),
        ("/ollama/api/chat", "llama3.2"),
        ("/ollama/api/generate", "llama3.2"),
        ("/ollama/v1/chat/completions", "llama3.2"),
    ];
    for (path, model) in roads {
        for stream in [false, true] {
            leaves_unanswered(&upstream, through_the_proxy(&admin, path, model, stream)).boxed().await;
        }
        leaves_in_mid_stream(&upstream, through_the_proxy(&admin, path, model, true)).boxed().await;
    }
    // The server is none the worse for it.
    upstream.unscript();
    assert_eq!(admin.chat("gpt-4-turbo", false).send().await.unwrap().status(), 200);
}
