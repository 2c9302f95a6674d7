//! Which upstream answers for a model while some of them come and go.

use std::time::Duration;

use serde_json::json;
use transom_app::models::{ConnectionSettings, ModelsConfig};
use transom_testkit::{ClosedPort, Script, Upstream};

use crate::common::{Answer, Server, Setup};
use crate::gateway::{Gateway, chat, ids, read, settings};
use crate::upstreams::{ollama, openai};

const GPT: &str = "gpt-4-turbo";
const LLAMA: &str = "llama3.1:latest";

/// Lists that count as old at once, where an id is unknown.
fn curious() -> ModelsConfig {
    ModelsConfig { recheck: Duration::ZERO, ..settings() }
}

#[actix_web::test]
async fn the_first_call_for_a_model_that_an_upstream_gained_finds_it() {
    let gateway = Gateway::with(curious()).await;
    gateway.grant_bob("new").await;
    gateway.grant_bob("new:latest").await;
    gateway.upstream.offer_openai(&[GPT, "new"]);
    gateway.bob.post("/openai/responses", chat("new")).await;
    assert_eq!(gateway.last()["model"], "new");
    gateway.bob.post("/api/chat/completions", chat("new")).await.ok();
    gateway.upstream.offer_ollama(&[LLAMA, "newer:latest"]);
    gateway.grant_bob("newer:latest").await;
    assert_eq!(gateway.bob.post("/ollama/api/chat", chat("newer")).await.status, 200);
    gateway.admin.post("/api/chat/completions", chat("nobody-has-it")).await.refused(400);
    gateway.bob.post("/ollama/api/chat", chat("nobody-has-it")).await.refused(403);
}

#[actix_web::test]
async fn while_an_upstream_that_may_have_the_model_does_not_answer_the_call_may_be_tried_again() {
    let upstream = Upstream::start().await;
    upstream.script_path("/v1/models", Script::refuses(500, "starting"));
    let connections = vec![openai(0, upstream.base_url()), ollama(0, upstream.base_url())];
    let gateway = Gateway::over(upstream, connections, curious()).await;
    gateway.grant_bob(GPT).await;
    let preset = json!({"id": "preset", "base_model_id": GPT, "name": "P", "meta": {}, "params": {}, "access_grants": [read("user", "*")]});
    gateway.admin.post("/api/v1/models/create", preset).await.ok();
    for client in [&gateway.admin, &gateway.bob] {
        for path in ["/api/chat/completions", "/openai/chat/completions", "/api/embeddings", "/openai/responses"] {
            assert!(client.post(path, chat(GPT)).await.refused(503).contains("try again"), "{path}");
        }
        client.post("/api/chat/completions", chat("preset")).await.refused(503);
    }
    // The Ollama answers, so it is known that it has none.
    gateway.admin.post("/ollama/api/chat", chat(GPT)).await.refused(400);
    gateway.upstream.unscript();
    gateway.bob.post("/api/chat/completions", chat("preset")).await.ok();
    gateway.bob.post("/openai/chat/completions", chat(GPT)).await.ok();
}

#[actix_web::test]
async fn an_address_that_nobody_configured_is_expected_to_have_nothing() {
    let (upstream, closed) = (Upstream::start().await, ClosedPort::start());
    let presumed = ConnectionSettings { presumed: true, ..ConnectionSettings::default() };
    let connections = vec![openai(0, upstream.base_url()), ollama(0, &closed.base_url()).with(presumed)];
    let gateway = Gateway::over(upstream, connections, curious()).await;
    gateway.admin.post("/api/chat/completions", chat("nobody-has-it")).await.refused(400);
}

#[actix_web::test]
async fn ids_that_nobody_has_do_not_make_the_upstreams_list_again_and_again() {
    let gateway = Gateway::start().await;
    for n in 0..20 {
        gateway.admin.post("/api/chat/completions", chat(&format!("unknown-{n}"))).await.refused(400);
    }
    assert!(gateway.upstream.requests().is_empty(), "the lists were fresh");
    let upstream = Upstream::start().await;
    upstream.script_path("/v1/models", Script::raw(200, "application/json", &[r#"{"data":[{"id":"late"}]}"#]).stepped());
    let server = Server::with(Setup { connections: vec![openai(0, upstream.base_url())], models: curious(), ..Setup::default() }).await;
    let admin = server.admin().await;
    let asking: Vec<_> = (0..8)
        .map(|n| {
            let admin = admin.clone();
            actix_web::rt::spawn(async move { admin.post("/api/chat/completions", chat(&format!("unknown-{n}"))).await.status })
        })
        .collect();
    upstream.calls(1).await;
    upstream.step(100);
    for answer in asking {
        assert_eq!(answer.await.unwrap(), 400);
    }
    assert!(upstream.requests_of("/v1/models").len() <= 3, "those who ask at the same time share an answer");
}

#[actix_web::test]
async fn a_model_that_was_pulled_or_deleted_through_us_is_there_or_gone_at_once_even_beside_an_ollama_that_hangs() {
    let (upstream, hanging) = (Upstream::start().await, Upstream::start().await);
    hanging.script_path("/api/tags", Script::hangs());
    let patient = ModelsConfig { patience: Duration::from_millis(200), list_timeout: Duration::from_secs(60), ..settings() };
    let connections = vec![ollama(0, upstream.base_url()), ollama(1, hanging.base_url())];
    let gateway = Gateway::over(upstream, connections, patient).await;
    let lines = ["{\"status\":\"pulling\"}\n", "{\"status\":\"success\"}\n"];
    gateway.upstream.script_path("/api/pull", Script::raw(200, "application/x-ndjson", &lines));
    gateway.upstream.script_path("/api/delete", Script::raw(200, "text/plain", &[""]));
    gateway.upstream.offer_ollama(&[LLAMA, "pulled:latest"]);
    let answer = gateway.admin.post("/ollama/api/pull", json!({"model": "pulled"})).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, lines.concat().as_str()));
    assert_eq!(gateway.admin.post("/ollama/api/chat", chat("pulled")).await.status, 200);
    gateway.upstream.offer_ollama(&[LLAMA]);
    let delete = gateway.admin.request(reqwest::Method::DELETE, "/ollama/api/delete").json(&json!({"model": "pulled:latest"}));
    assert_eq!(Answer::of(delete).await.status, 200);
    assert_eq!(ids(&gateway.admin.get("/ollama/api/tags").await.ok()), [LLAMA]);
}

#[actix_web::test]
async fn a_living_upstream_answers_for_a_model_that_a_dead_one_has_too() {
    let (dying, living) = (Upstream::start().await, Upstream::start().await);
    let connections = vec![openai(0, dying.base_url()), openai(1, living.base_url())];
    let gateway = Gateway::over(living, connections, settings()).await;
    gateway.grant_bob(GPT).await;
    gateway.bob.post("/api/chat/completions", chat(GPT)).await.ok();
    assert!(gateway.upstream.requests().is_empty(), "the first has the name while it lives");
    let base = dying.base_url().to_owned();
    drop(dying);
    let _closed = ClosedPort::in_place_of(&base).await;
    gateway.bob.post("/api/chat/completions", chat(GPT)).await.refused(502);
    for path in ["/api/chat/completions", "/openai/chat/completions", "/api/embeddings", "/openai/embeddings"] {
        gateway.bob.post(path, chat(GPT)).await.ok();
    }
    assert_eq!(gateway.upstream.requests().len(), 4, "the call that found out is the only one that fails");
}

#[actix_web::test]
async fn an_upstream_that_lists_its_models_again_has_their_names_again() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    let connections = vec![openai(0, first.base_url()), openai(1, second.base_url())];
    let gateway = Gateway::over(first, connections, settings()).await;
    second.forget();
    gateway.upstream.script_path("/v1/models", Script::refuses(500, "starting"));
    let shown = gateway.admin.get("/api/models?refresh=true").await.ok();
    assert!(shown["data"].as_array().unwrap().iter().all(|model| model["urlIdx"] == 1), "{shown}");
    gateway.admin.post("/api/chat/completions", chat(GPT)).await.ok();
    assert_eq!(second.requests_of("/v1/chat/completions").len(), 1);
    gateway.upstream.unscript();
    gateway.admin.get("/api/models?refresh=true").await.ok();
    gateway.admin.post("/api/chat/completions", chat(GPT)).await.ok();
    assert_eq!(second.requests_of("/v1/chat/completions").len(), 1);
}

#[actix_web::test]
async fn a_model_that_an_openai_and_an_ollama_have_is_reached_below_both() {
    let upstream = Upstream::start().await;
    upstream.offer_openai(&[LLAMA]);
    let connections = vec![openai(0, upstream.base_url()), ollama(0, upstream.base_url())];
    let gateway = Gateway::over(upstream, connections, settings()).await;
    gateway.bob.post("/ollama/api/chat", chat(LLAMA)).await.refused(403);
    gateway.grant_bob(LLAMA).await;
    let roads = [
        ("/api/chat/completions", "/v1/chat/completions"),
        ("/openai/chat/completions", "/v1/chat/completions"),
        ("/ollama/api/chat", "/api/chat"),
        ("/ollama/api/chat/0", "/api/chat"),
        ("/ollama/v1/chat/completions", "/v1/chat/completions"),
    ];
    for (road, reached) in roads {
        assert_eq!(gateway.bob.post(road, chat(LLAMA)).await.status, 200, "{road}");
        assert_eq!(gateway.upstream.requests().pop().unwrap().path, reached, "{road}");
    }
    for list in ["/openai/models", "/openai/models/0", "/ollama/api/tags", "/ollama/api/tags/0", "/ollama/v1/models", "/api/models"] {
        assert_eq!(ids(&gateway.bob.get(list).await.ok()), [LLAMA], "{list}");
    }
}
