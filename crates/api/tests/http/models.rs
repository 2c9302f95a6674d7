//! Who sees and uses which models, on every road.

use serde_json::{Value, json};
use transom_app::models::ModelsConfig;
use transom_testkit::Script;

use crate::common::{Client, text};
use crate::gateway::{Gateway, chat, ids, post_bytes, read, settings};

const GPT: &str = "gpt-4-turbo";
const LLAMA: &str = "llama3.1:latest";

/// Every road to an OpenAI's model, with the status of a refusal.
const OPENAI_ROADS: [(&str, u16); 14] = [
    ("/api/chat/completions", 400),
    ("/api/v1/chat/completions", 400),
    ("/api/embeddings", 400),
    ("/api/v1/embeddings", 400),
    ("/openai/chat/completions", 403),
    ("/openai/embeddings", 403),
    ("/openai/responses", 403),
    ("/openai/completions", 403),
    ("/openai/audio/speech", 403),
    ("/openai/audio/transcriptions", 403),
    ("/openai/images/generations", 403),
    ("/openai/messages", 403),
    ("/openai/moderations", 403),
    ("/openai/rerank", 403),
];

/// The roads to an Ollama's model below `/ollama`.
const OLLAMA_ROADS: [&str; 11] = [
    "/api/generate",
    "/api/chat",
    "/api/embed",
    "/api/embeddings",
    "/api/show",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/responses",
    "/v1/images/generations",
];

/// A body that every road understands.
fn body(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}], "input": "hi", "prompt": "hi"})
}

fn roads() -> Vec<(String, &'static str, u16)> {
    let mut roads: Vec<(String, &str, u16)> = OPENAI_ROADS.iter().map(|(path, refused)| ((*path).to_owned(), GPT, *refused)).collect();
    for path in ["/api/chat/completions", "/api/embeddings"] {
        roads.push((path.to_owned(), LLAMA, 400));
        roads.push((path.to_owned(), "llama3.1", 400));
    }
    for path in OLLAMA_ROADS {
        for form in ["", "/0", "?url_idx=0"] {
            roads.push((format!("/ollama{path}{form}"), LLAMA, 403));
        }
        roads.push((format!("/ollama{path}"), "llama3.1", 403));
    }
    roads
}

async fn all_refused(gateway: &Gateway, client: &Client) {
    for (path, model, refused) in roads() {
        let sentence = client.post(&path, body(model)).await.refused(refused);
        assert!(!sentence.is_empty(), "{path}");
    }
    assert_eq!(gateway.upstream.requests().len(), 0, "no upstream is asked for what is refused");
}

async fn all_reach(gateway: &Gateway, client: &Client) {
    for (path, model, _) in roads() {
        gateway.upstream.forget();
        client.post(&path, body(model)).await;
        assert_eq!(gateway.upstream.requests().len(), 1, "{path} with {model}");
    }
    gateway.upstream.forget();
}

async fn seen(client: &Client) -> Vec<Vec<String>> {
    let mut seen = Vec::new();
    for path in ["/api/models", "/openai/models", "/openai/models/0", "/ollama/api/tags", "/ollama/api/tags/0", "/ollama/v1/models"] {
        seen.push(ids(&client.get(path).await.ok()));
    }
    seen
}

#[actix_web::test]
async fn a_plain_user_reaches_no_model_on_any_road_until_it_is_granted_and_none_once_it_is_taken_back() {
    let gateway = Gateway::start().await;
    all_refused(&gateway, &gateway.bob).await;
    for (path, model, _) in roads() {
        gateway.server.anonymous().post(&path, body(model)).await.refused(401);
        gateway.server.bearer("nonsense").post(&path, body(model)).await.refused(401);
    }
    gateway.grant_bob(GPT).await;
    gateway.grant_bob(LLAMA).await;
    all_reach(&gateway, &gateway.bob).await;
    for model in [GPT, LLAMA] {
        gateway.grant(model, json!([])).await;
    }
    all_refused(&gateway, &gateway.bob).await;
    all_reach(&gateway, &gateway.admin).await;
}

#[actix_web::test]
async fn lists_hold_what_is_granted_and_nothing_else() {
    let gateway = Gateway::start().await;
    assert!(seen(&gateway.bob).await.iter().all(Vec::is_empty));
    gateway.grant_bob(GPT).await;
    gateway.grant_bob(LLAMA).await;
    let (gpt, llama) = (vec![GPT.to_owned()], vec![LLAMA.to_owned()]);
    let expected = [vec![GPT.to_owned(), LLAMA.to_owned()], gpt.clone(), gpt, llama.clone(), llama.clone(), llama];
    assert_eq!(seen(&gateway.bob).await, expected);
    let (carol, _) = gateway.server.account(&gateway.admin, "carol", "user").await;
    assert!(seen(&carol).await.iter().all(Vec::is_empty), "what is granted to one is not granted to another");
    let running = json!({"models": [{"model": LLAMA, "name": LLAMA}, {"model": "llama3.2:latest", "name": "llama3.2:latest"}]});
    gateway.upstream.script_path("/api/ps", Script::json(200, &running));
    assert_eq!(ids(&gateway.bob.get("/ollama/api/ps").await.ok()), [LLAMA]);
    assert!(ids(&carol.get("/ollama/api/ps").await.ok()).is_empty());
    gateway.bob.get("/openai/models/7").await.refused(404);
    gateway.bob.get("/ollama/api/tags/7").await.refused(404);
    for path in ["/api/models", "/openai/models", "/ollama/api/tags", "/ollama/api/ps", "/ollama/v1/models", "/ollama/api/version"] {
        gateway.server.anonymous().get(path).await.refused(401);
    }
}

#[actix_web::test]
async fn a_group_is_granted_a_model_and_who_leaves_it_loses_it_at_once() {
    let gateway = Gateway::start().await;
    let group = gateway.admin.post("/api/v1/groups/create", json!({"name": "staff", "description": ""})).await.ok();
    let path = format!("/api/v1/groups/id/{}/users", text(&group["id"]));
    gateway.grant(GPT, json!([read("group", text(&group["id"]))])).await;
    gateway.bob.post("/api/chat/completions", chat(GPT)).await.refused(400);
    gateway.admin.post(&format!("{path}/add"), json!({"user_ids": [gateway.bob_id]})).await.ok();
    gateway.bob.post("/api/chat/completions", chat(GPT)).await.ok();
    assert_eq!(ids(&gateway.bob.get("/api/models").await.ok()), [GPT]);
    gateway.admin.post(&format!("{path}/remove"), json!({"user_ids": [gateway.bob_id]})).await.ok();
    gateway.bob.post("/api/chat/completions", chat(GPT)).await.refused(400);
    assert!(ids(&gateway.bob.get("/api/models").await.ok()).is_empty());
}

#[actix_web::test]
async fn a_grant_to_everyone_is_for_accounts_and_not_for_pending_ones() {
    let gateway = Gateway::start().await;
    let (eve, _) = gateway.server.account(&gateway.admin, "eve", "pending").await;
    gateway.grant(GPT, json!([read("user", "*")])).await;
    gateway.bob.post("/openai/chat/completions", chat(GPT)).await.ok();
    eve.post("/openai/chat/completions", chat(GPT)).await.refused(401);
    eve.get("/api/models").await.refused(401);
    gateway.server.anonymous().post("/api/chat/completions", chat(GPT)).await.refused(401);
}

#[actix_web::test]
async fn a_model_that_is_switched_off_is_nobodys() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    gateway.admin.post(&format!("/api/v1/models/model/toggle?id={GPT}"), json!({})).await.ok();
    for client in [&gateway.bob, &gateway.admin] {
        client.post("/api/chat/completions", chat(GPT)).await.refused(400);
        assert!(!ids(&client.get("/api/models").await.ok()).contains(&GPT.to_owned()));
    }
    gateway.bob.post("/openai/chat/completions", chat(GPT)).await.refused(403);
    gateway.bob.post("/openai/responses", body(GPT)).await.refused(403);
    assert!(gateway.upstream.requests().is_empty());
    gateway.admin.post(&format!("/api/v1/models/model/toggle?id={GPT}"), json!({})).await.ok();
    gateway.bob.post("/api/chat/completions", chat(GPT)).await.ok();
}

#[actix_web::test]
async fn a_model_that_is_named_twice_or_in_capitals_is_the_one_that_was_judged() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    gateway.grant_bob(LLAMA).await;
    let (secret_gpt, secret_llama) = ("gpt-4o-mini", "llama3.2:latest");
    for (path, refused) in OPENAI_ROADS {
        let twice = format!(r#"{{"model":"{GPT}","messages":[],"input":"x","model":"{secret_gpt}"}}"#);
        post_bytes(&gateway.bob, path, &twice).await.refused(refused);
        assert!(gateway.upstream.requests().is_empty(), "{path}");
        for capitals in ["Model", "MODEL", "mOdel"] {
            let body = format!(r#"{{"model":"{GPT}","messages":[],"input":"x","{capitals}":"{secret_gpt}"}}"#);
            post_bytes(&gateway.bob, path, &body).await.refused(400);
            assert!(gateway.upstream.requests().is_empty(), "{path}");
        }
    }
    for path in OLLAMA_ROADS {
        let path = format!("/ollama{path}");
        for refused in [
            format!(r#"{{"model":"{LLAMA}","model":"{secret_llama}"}}"#),
            format!(r#"{{"model":"{secret_llama}","name":"{LLAMA}"}}"#),
            format!(r#"{{"model":"","name":"{LLAMA}"}}"#),
            format!(r#"{{"name":"{secret_llama}"}}"#),
        ] {
            post_bytes(&gateway.bob, &path, &refused).await.refused(403);
        }
        assert!(gateway.upstream.requests().is_empty(), "{path}");
        for other in ["name", "Name", "NAME"] {
            for (first, second) in [("model", other), (other, "model")] {
                let value = |member: &str| if member == "model" { LLAMA } else { secret_llama };
                let body = format!(r#"{{"{first}":"{}","messages":[],"{second}":"{}"}}"#, value(first), value(second));
                post_bytes(&gateway.bob, &path, &body).await;
                let sent = gateway.upstream.requests();
                assert!(sent.len() == 1 && !String::from_utf8_lossy(&sent[0].raw).contains(secret_llama), "{path}: {body}");
                gateway.upstream.forget();
            }
        }
        post_bytes(&gateway.bob, &path, &format!(r#"{{"name":"{LLAMA}"}}"#)).await;
        assert_eq!((&gateway.last()["model"], &gateway.last()["name"]), (&json!(LLAMA), &Value::Null), "{path}");
        gateway.upstream.forget();
    }
    gateway.bob.post("/api/chat/completions", json!({"model": null, "messages": []})).await.refused(400);
    gateway.bob.post("/api/chat/completions", json!({"model": [GPT], "messages": []})).await.refused(422);
    gateway.bob.post("/ollama/api/chat", json!({"model": null, "name": LLAMA})).await.refused(422);
}

#[actix_web::test]
async fn a_bypass_opens_every_model_and_no_administrators_door() {
    let gateway = Gateway::with(ModelsConfig { open_to_all: true, ..settings() }).await;
    all_reach(&gateway, &gateway.bob).await;
    assert_eq!(seen(&gateway.bob).await, seen(&gateway.admin).await);
    for path in ["/ollama/api/pull", "/ollama/api/push", "/ollama/api/create", "/ollama/api/copy"] {
        gateway.bob.post(path, json!({"model": LLAMA})).await.refused(401);
    }
    gateway.bob.get("/openai/config").await.refused(401);
    assert!(gateway.upstream.requests().is_empty());
}
