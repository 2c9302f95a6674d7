//! The application as somebody runs it.
#![expect(clippy::disallowed_methods, reason = "the client is the test's own, and nothing but the loopback is called")]

use std::process::Stdio;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use transom_testkit::Upstream;

const PATIENCE: Duration = Duration::from_secs(60);
const ADA: &str = "Badge badge-of-ada";
const CHARLES: &str = "Badge badge-of-charles";

/// The application before a scripted upstream, and its address.
struct Application {
    upstream: Upstream,
    base: String,
    _child: Child,
}

impl Application {
    async fn start() -> Self {
        let upstream = Upstream::start().await;
        upstream.offer_openai(&["gpt-test"]);
        upstream.offer_ollama(&["llama-test:latest"]);
        let mut child = Command::new(env!("CARGO_BIN_EXE_mounted"))
            .args([upstream.openai_url(), upstream.base_url().to_owned()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its words")).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("it listens").expect("a line").expect("a line");
        let base = line.strip_prefix("listening on ").expect("an address").to_owned();
        Self { upstream, base, _child: child }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        Client::new().get(format!("{}{path}", self.base))
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        Client::new().post(format!("{}{path}", self.base)).json(body)
    }
}

async fn send(request: RequestBuilder) -> Response {
    timeout(PATIENCE, request.send()).await.expect("it answers").expect("it answers")
}

async fn json_of(request: RequestBuilder) -> Value {
    let answer = send(request).await;
    let (status, text) = (answer.status(), answer.text().await.expect("a text"));
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).expect("JSON")
}

fn ids(list: &Value) -> Vec<&str> {
    let mut ids: Vec<&str> = list["data"].as_array().expect("models").iter().filter_map(|model| model["id"].as_str()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn its_own_routes_stand_beside_the_gateways() {
    let application = Application::start().await;
    let hello = send(application.get("/hello")).await;
    assert_eq!(hello.text().await.expect("a text"), "Hello from the application.");
    assert_eq!(send(application.get("/api/models")).await.status(), 404, "the gateway is below its prefix and nowhere else");
    assert_eq!(
        send(application.get("/ai/api/v1/users/").header("authorization", ADA)).await.status(),
        404,
        "accounts are not the gateway's"
    );
}

#[tokio::test]
async fn nobody_is_let_in_but_by_the_applications_own_word() {
    let application = Application::start().await;
    let call = json!({"model": "gpt-test", "messages": []});
    let paths = ["/ai/api/chat/completions", "/ai/openai/chat/completions", "/ai/ollama/api/chat"];
    let mut refused = vec![application.get("/ai/api/models"), application.get("/ai/api/models").bearer_auth("badge-of-ada")];
    refused.extend(paths.map(|path| application.post(path, &call).header("authorization", "Badge of nobody")));
    for request in refused {
        let answer = send(request).await;
        assert_eq!(answer.status(), 401);
        assert!(answer.text().await.expect("a text").contains("show your badge"));
    }
    let waiting = send(application.get("/ai/api/models").header("authorization", "Badge badge-of-george")).await;
    assert_eq!(waiting.status(), 401, "who is known and waits may do nothing");
    let config = send(application.get("/ai/openai/config").header("authorization", CHARLES)).await;
    assert_eq!(config.status(), 401, "what only administrators may is not for everybody whom the application knows");
    assert!(application.upstream.requests_of("/v1/chat/completions").is_empty());
}

#[tokio::test]
async fn models_are_listed_and_asked_below_the_prefix() {
    let application = Application::start().await;
    for badge in [ADA, CHARLES] {
        let listed = json_of(application.get("/ai/api/models").header("authorization", badge)).await;
        assert_eq!(ids(&listed), ["gpt-test", "llama-test:latest"]);
        let mut call = json!({"model": "gpt-test", "messages": [{"role": "user", "content": "Hi"}]});
        let whole = json_of(application.post("/ai/api/chat/completions", &call).header("authorization", badge)).await;
        assert!(whole["choices"][0]["message"]["content"].is_string(), "{whole}");
        call["stream"] = true.into();
        let stream = send(application.post("/ai/api/chat/completions", &call).header("authorization", badge)).await;
        assert!(stream.text().await.expect("a stream").ends_with("data: [DONE]\n\n"));
    }
}

#[tokio::test]
async fn the_upstreams_own_apis_are_reached_through_it() {
    let application = Application::start().await;
    let listed = json_of(application.get("/ai/openai/models").header("authorization", CHARLES)).await;
    assert_eq!(ids(&listed), ["gpt-test"]);
    let call = json!({"model": "llama-test:latest", "messages": [{"role": "user", "content": "Hi"}], "stream": false});
    for path in ["/ai/ollama/api/chat", "/ai/ollama/api/chat/0"] {
        let answer = json_of(application.post(path, &call).header("authorization", CHARLES)).await;
        assert_eq!(answer["done"], true, "{answer}");
    }
    assert_eq!(application.upstream.requests_of("/api/chat").len(), 2);
}

#[tokio::test]
async fn a_question_to_documents_is_refused_where_none_are_kept() {
    let application = Application::start().await;
    let call = json!({"model": "gpt-test", "messages": [{"role": "user", "content": "Hi"}], "files": [{"type": "file", "id": "any"}]});
    let answer = send(application.post("/ai/api/chat/completions", &call).header("authorization", CHARLES)).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.expect("a text").contains("no documents"));
}
