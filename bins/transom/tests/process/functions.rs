//! Functions in a real server: in real Python, and without any.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{Client, answer};
use crate::place::{Place, until, words};

/// Says the question again, and which of the server's variables and processes it can see.
const PIPE: &str = r#""""
title: Echo
"""
import os
from pydantic import BaseModel

class Pipe:
    class Valves(BaseModel):
        PREFIX: str = "echo"

    def __init__(self):
        self.valves = self.Valves()

    async def pipe(self, body: dict, __user__: dict):
        seen = [name for name in os.environ if "SECRET" in name or "KEY" in name or "DATABASE" in name]
        return f"{self.valves.PREFIX}: {body['messages'][-1]['content']} for {__user__['name']} {seen} pid={os.getpid()}"
"#;

const FILTER: &str = r#"
class Filter:
    def inlet(self, body: dict) -> dict:
        body["messages"][-1]["content"] += " [seen]"
        return body
"#;

/// Takes longer to list its models than a list of models waits.
const SLOW_MANIFOLD: &str = r#"
import time

class Pipe:
    def pipes(self):
        time.sleep(6)
        return [{"id": "a", "name": "a"}]

    def pipe(self, body: dict):
        return "from " + body["model"]
"#;

/// Tries to open what is the server's.
const SPY: &str = r#"
import os, pathlib

class Pipe:
    def pipe(self, body: dict):
        data = pathlib.Path.cwd().parents[3]
        server = pathlib.Path("/proc") / str(os.getppid())
        wanted = [server / "environ", server / "mem", data / "transom.db", data / "secret_key", pathlib.Path("/etc/shadow")]
        reached = []
        for path in wanted:
            try:
                path.open("rb").close()
                reached.append(str(path))
            except PermissionError:
                pass
        return f"{len(wanted)} tried, {len(reached)} reached: {reached}"
"#;

/// A place whose functions find this machine's Python and its package index.
fn place() -> Place {
    let wanted = |name: &str| ["PATH", "HOME"].contains(&name) || name.starts_with("PIP_") || name.starts_with("UV_");
    let variables = std::env::vars().filter(|(name, _)| wanted(name));
    let place = Place::bare().with("WEBUI_SECRET_KEY", "a secret of the server, 0123456789abcdef");
    variables.fold(place, |place, (name, value)| place.with(&name, value))
}

async fn create(client: &Client, id: &str, content: &str) -> (StatusCode, Value) {
    let body = json!({"id": id, "name": id, "content": content, "meta": {"description": "d"}});
    client.post("/api/v1/functions/create", &body).await
}

async fn on(client: &Client, id: &str, content: &str, more: &[&str]) {
    let (status, body) = create(client, id, content).await;
    assert_eq!(status, 200, "{body}");
    for switch in [&["toggle"], more].concat() {
        let (status, body) = client.post(&format!("/api/v1/functions/id/{id}/{switch}"), &Value::Null).await;
        assert_eq!(status, 200, "{body}");
    }
}

async fn said(client: &Client, model: &str) -> String {
    let (status, body) = answer(client.chat(model, false).send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    body["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

fn worker_of(answer: &str) -> u32 {
    answer.rsplit("pid=").next().unwrap().parse().unwrap()
}

async fn gone(worker: u32) {
    until("the worker is gone", async || (!Path::new(&format!("/proc/{worker}")).exists()).then_some(())).await;
}

#[tokio::test]
async fn a_pipe_runs_in_a_process_that_knows_no_secret_and_ends_with_the_server_and_needs_no_network_the_second_time() {
    let mut place = place();
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let (status, body) = create(&admin, "broken", "class Pipe(:\n").await;
    assert!(status == 400 && body["detail"].as_str().unwrap().contains("line 1"), "{body}");
    on(&admin, "echo", PIPE, &[]).await;
    on(&admin, "seen", FILTER, &["toggle/global"]).await;
    let first = said(&admin, "echo").await;
    assert!(first.starts_with("echo: Why is the sky blue? [seen] for Admin [] pid="), "{first}");
    let (status, body) = admin.post("/api/v1/functions/id/echo/valves/update", &json!({"PREFIX": "sesame"})).await;
    assert_eq!(status, 200, "{body}");
    let second = said(&admin, "echo").await;
    assert!(second.starts_with("sesame: "), "{second}");
    let (status, _) = admin.post("/api/v1/functions/id/echo/toggle", &Value::Null).await;
    assert_eq!(status, 200);
    gone(worker_of(&second)).await;
    let (status, _) = admin.post("/api/v1/functions/id/echo/toggle", &Value::Null).await;
    assert_eq!(status, 200);
    let worker = worker_of(&said(&admin, "echo").await);
    assert!(!server.log().contains("sesame") && !server.log().contains("sky blue"), "{}", server.log());
    on(&admin, "slow", SLOW_MANIFOLD, &[]).await;
    server.stop().await;
    gone(worker).await;

    // Nothing can be fetched now, and nothing need be.
    place.set("PIP_INDEX_URL", "http://127.0.0.1:9/simple");
    place.set("UV_INDEX_URL", "http://127.0.0.1:9/simple");
    place.set("PIP_FIND_LINKS", "/nowhere");
    let server = place.serve().await;
    let admin = server.client.sign_in_admin().await;
    assert_eq!(said(&admin, "slow.a").await, "from slow.a", "the first call waits for the pipe to list its models");
    let again = said(&admin, "echo").await;
    assert!(again.starts_with("sesame: "), "{again}");
    server.kill().await;
    gone(worker_of(&again)).await;

    place.set("ENABLE_PLUGINS", "false");
    let server = place.serve().await;
    let admin = server.client.sign_in_admin().await;
    assert_eq!(admin.models().await, Vec::<String>::new());
    assert_eq!(admin.get("/api/v1/functions/").await.1, json!([]));
    assert_eq!(admin.chat("echo", false).send().await.unwrap().status(), 400);
    server.stop().await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_function_reaches_neither_the_servers_memory_nor_its_data() {
    // The secret is in the data folder this time.
    let mut place = place();
    place.set("WEBUI_SECRET_KEY", "");
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    on(&admin, "spy", SPY, &[]).await;
    assert_eq!(said(&admin, "spy").await, "5 tried, 0 reached: []");
    server.stop().await;
}

#[tokio::test]
async fn without_python_function_routes_say_so_and_quotes_are_to_be_had_without_any_upstream() {
    let place = Place::bare().with("TRANSOM_PYTHON", "/nowhere/python3");
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let (status, body) = create(&admin, "echo", PIPE).await;
    assert!(status == 503 && body["detail"].as_str().unwrap().contains("TRANSOM_PYTHON"), "{status} {body}");
    let (_, body) = admin.get("/api/v1/functions/").await;
    assert_eq!(body, json!([]));

    let file = admin.upload("tower.txt", "The tower is thirty metres high.").await;
    admin.completed(&file).await;
    let who = json!({"name": "Bob", "email": "bob@example.com", "password": "Passw0rd!bob", "role": "user"});
    assert_eq!(admin.post("/api/v1/auths/add", &who).await.0, 200);
    let bob = server.client.sign_in("bob@example.com", "Passw0rd!bob").await.unwrap();
    let question = |file: &str| json!({"model": "transom/quote", "files": [{"type": "file", "id": file}], "messages": [{"role": "user", "content": "How high is the tower?"}]});
    let (status, body) = admin.post("/api/chat/completions", &question(&file)).await;
    assert_eq!(status, 200, "{body}");
    let said = body["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(said.contains("thirty metres") && said.contains("[1] tower.txt"), "{said}");
    assert_eq!(body["sources"][0]["source"]["id"], file.as_str());

    // Every account may ask, and is shown what it may read.
    let (status, body) = bob.post("/api/chat/completions", &question(&file)).await;
    assert_eq!(status, 404, "{body}");
    let own = bob.upload("own.txt", "The bridge is older than the tower.").await;
    bob.completed(&own).await;
    let (status, body) = bob.post("/api/chat/completions", &question(&own)).await;
    assert!(status == 200 && !body.to_string().contains("thirty"), "{body}");
    assert!(body["choices"][0]["message"]["content"].as_str().unwrap().contains("own.txt"), "{body}");
    server.stop().await;
    let doctor = place.run(&["doctor"], "").await;
    assert!(doctor.status.success() && words(&doctor).0.contains("TRANSOM_PYTHON"), "{:?}", words(&doctor));
}
