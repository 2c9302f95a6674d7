//! The program as somebody runs it.
#![expect(clippy::disallowed_methods, reason = "the client is the test's own, and nothing but the loopback is called")]

use std::process::Stdio;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

/// The program, running on a data folder of its own, and its address.
struct Server {
    base: String,
    _child: Child,
    _folder: TempDir,
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_own-provider"))
            .arg("serve")
            .env_clear()
            .envs([("PORT", "0"), ("HOST", "127.0.0.1"), ("ENABLE_OLLAMA_API", "false")])
            .env("DATA_DIR", folder.path().join("data"))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a log")).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.expect("the log can be read") {
                if let Some((_, address)) = line.split_once("listening on ") {
                    return address.trim().to_owned();
                }
            }
            panic!("it ended before it listened")
        };
        let base = timeout(PATIENCE, listening).await.expect("it listens");
        // What it logs from now on is read, so that it never waits for its log.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { base, _child: child, _folder: folder }
    }

    async fn post(&self, token: &str, path: &str, body: &Value) -> String {
        let call = Client::new().post(format!("{}{path}", self.base)).bearer_auth(token).json(body).send();
        let answer = timeout(PATIENCE, call).await.expect("it answers").expect("it answers");
        let (status, text) = (answer.status(), answer.text().await.expect("a text"));
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }
}

#[tokio::test]
async fn a_provider_of_ones_own_is_a_model_like_any_other() {
    let server = Server::start().await;
    let who = json!({"name": "Ada", "email": "ada@example.com", "password": "a long enough password"});
    let session: Value = serde_json::from_str(&server.post("", "/api/v1/auths/signup", &who).await).expect("JSON");
    let token = session["token"].as_str().expect("a token");

    let listed = Client::new().get(format!("{}/api/models", server.base)).bearer_auth(token).send().await.expect("it answers");
    let listed: Value = serde_json::from_str(&listed.text().await.expect("a text")).expect("JSON");
    assert!(listed["data"].as_array().expect("models").iter().any(|model| model["id"] == "parrot"), "{listed}");

    let mut call = json!({"model": "parrot", "messages": [{"role": "user", "content": "Pieces of eight"}]});
    let whole: Value = serde_json::from_str(&server.post(token, "/api/chat/completions", &call).await).expect("JSON");
    assert_eq!(whole["choices"][0]["message"]["content"], "Pieces of eight");

    call["stream"] = true.into();
    let stream = server.post(token, "/api/chat/completions", &call).await;
    assert!(stream.contains("\"eight\"") && stream.ends_with("data: [DONE]\n\n"), "{stream}");
}
