//! A server before scripted upstreams, an administrator and a plain user who was granted nothing.

use std::time::Duration;

use serde_json::{Value, json};
use transom_app::models::{Connection, ModelsConfig};
use transom_testkit::Upstream;
use transom_upstream::Limits;

use crate::common::{Answer, Client, Server, Setup};
use crate::upstreams::{ollama, openai};

pub struct Gateway {
    pub upstream: Upstream,
    pub server: Server,
    pub admin: Client,
    pub bob: Client,
    pub bob_id: String,
}

impl Gateway {
    /// One upstream, as an OpenAI and as an Ollama.
    pub async fn start() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(models: ModelsConfig) -> Self {
        let upstream = Upstream::start().await;
        let connections = vec![openai(0, upstream.base_url()), ollama(0, upstream.base_url())];
        Self::over(upstream, connections, models).await
    }

    /// These connections; `upstream` is the one that the test looks at.
    pub async fn over(upstream: Upstream, connections: Vec<Connection>, models: ModelsConfig) -> Self {
        let server = Server::with(Setup { connections, models, ..Setup::default() }).await;
        let admin = server.admin().await;
        let (bob, bob_id) = server.account(&admin, "bob", "user").await;
        admin.get("/api/models").await.ok();
        upstream.forget();
        Self { upstream, server, admin, bob, bob_id }
    }

    /// Sets who may use a model.
    pub async fn grant(&self, model: &str, grants: Value) {
        self.admin.post("/api/v1/models/model/access/update", json!({"id": model, "access_grants": grants})).await.ok();
    }

    /// Lets Bob use a model.
    pub async fn grant_bob(&self, model: &str) {
        self.grant(model, json!([read("user", &self.bob_id)])).await;
    }

    /// The body of the last call that the upstream got.
    pub fn last(&self) -> Value {
        self.upstream.requests().last().expect("a call").body.clone()
    }
}

/// A catalogue that is asked anew only when a test says so.
pub fn settings() -> ModelsConfig {
    let hour = Duration::from_secs(3600);
    ModelsConfig { max_age: hour, recheck: hour, ..ModelsConfig::default() }
}

/// A grant to use something.
pub fn read(principal: &str, id: &str) -> Value {
    json!({"principal_type": principal, "principal_id": id, "permission": "read"})
}

/// A short conversation with a model.
pub fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}]})
}

/// A POST with these very bytes.
pub async fn post_bytes(client: &Client, path: &str, body: &str) -> Answer {
    Answer::of(client.request(reqwest::Method::POST, path).body(body.to_owned())).await
}

/// The ids in a list of models, sorted.
pub fn ids(list: &Value) -> Vec<String> {
    let models = list["data"].as_array().or_else(|| list["models"].as_array()).expect("a list");
    let mut ids: Vec<String> =
        models.iter().map(|model| model["id"].as_str().or_else(|| model["model"].as_str()).unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Limits of somebody who does not wait.
pub fn impatient() -> Limits {
    Limits { answer: Duration::from_secs(1), idle: Duration::from_secs(1), ..Limits::default() }
}
