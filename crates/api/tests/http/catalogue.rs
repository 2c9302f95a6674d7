//! The catalogue over several upstreams: names, turns, and those that do not answer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use transom_app::models::{Connection, ModelsConfig};
use transom_llm::testkit::FakeModel;
use transom_testkit::{ClosedPort, Script, Upstream};

use crate::common::{Server, Setup};
use crate::gateway::{Gateway, chat, ids, settings};
use crate::upstreams::{KEY, ollama, openai};

const GPT: &str = "gpt-4-turbo";
const LLAMA: &str = "llama3.1:latest";

#[actix_web::test]
async fn the_first_openai_connection_has_the_name_and_several_ollamas_take_turns() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    second.offer_openai(&[GPT, "only-there"]);
    let connections =
        vec![openai(0, first.base_url()), openai(1, second.base_url()), ollama(0, first.base_url()), ollama(1, second.base_url())];
    let gateway = Gateway::over(first, connections, settings()).await;
    second.forget();
    for model in [GPT, GPT, "only-there"] {
        gateway.admin.post("/api/chat/completions", chat(model)).await.ok();
    }
    assert_eq!((gateway.upstream.requests().len(), second.requests().len()), (2, 1));
    gateway.upstream.forget();
    second.forget();
    for _ in 0..4 {
        gateway.admin.post("/api/chat/completions", chat("llama3.1")).await.ok();
    }
    assert_eq!((gateway.upstream.requests().len(), second.requests().len()), (2, 2));
    assert_eq!(gateway.admin.post("/ollama/api/chat/1", chat(LLAMA)).await.status, 200);
    gateway.admin.post("/ollama/api/generate?url_idx=1", json!({"model": LLAMA, "prompt": "x", "stream": false})).await.ok();
    assert_eq!((gateway.upstream.requests().len(), second.requests().len()), (2, 4));
    gateway.admin.post("/ollama/api/chat/2", chat(LLAMA)).await.refused(400);
    assert_eq!(ids(&gateway.admin.get("/openai/models/1").await.ok()), [GPT, "only-there"]);
    let everything = gateway.admin.get("/api/models").await;
    assert!(!everything.body.contains(KEY));
}

#[actix_web::test]
async fn a_dead_upstream_hides_none_of_a_living_one() {
    let upstream = Upstream::start().await;
    let closed = ClosedPort::start();
    let dead = closed.base_url();
    let connections = vec![openai(0, &dead), ollama(0, &dead), openai(1, upstream.base_url()), ollama(1, upstream.base_url())];
    let gateway = Gateway::over(upstream, connections, settings()).await;
    let listed = ids(&gateway.admin.get("/api/models?refresh=true").await.ok());
    assert!(listed.contains(&GPT.to_owned()) && listed.contains(&LLAMA.to_owned()));
    gateway.admin.post("/api/chat/completions", chat(GPT)).await.ok();
    assert_eq!(gateway.admin.get("/ollama/api/version").await.ok()["version"], "0.12.6");
    gateway.admin.get("/ollama/api/version/0").await.refused(502);
    gateway.admin.get("/ollama/api/version/7").await.refused(404);
    gateway.admin.get("/ollama/api/ps").await.ok();
}

#[actix_web::test]
async fn an_ollama_that_died_gets_no_turn_while_its_twin_lives() {
    let (living, dying) = (Upstream::start().await, Upstream::start().await);
    let connections = vec![ollama(0, living.base_url()), ollama(1, dying.base_url())];
    let gateway = Gateway::over(living, connections, settings()).await;
    dying.script_path("/api/tags", Script::refuses(500, "starting"));
    gateway.admin.get("/api/models?refresh=true").await.ok();
    dying.script(Script::refuses(500, "starting"));
    for _ in 0..4 {
        gateway.admin.post("/api/chat/completions", chat(LLAMA)).await.ok();
    }
}

#[actix_web::test]
async fn a_hiccup_of_the_list_takes_no_model_away_and_a_long_absence_does() {
    let gateway = Gateway::start().await;
    let listed = ids(&gateway.admin.get("/api/models").await.ok());
    gateway.upstream.script_path("/v1/models", Script::refuses(500, "hiccup"));
    gateway.upstream.script_path("/api/tags", Script::raw(200, "text/html", &["<html>"]));
    assert_eq!(ids(&gateway.admin.get("/api/models?refresh=true").await.ok()), listed);
    gateway.admin.post("/api/chat/completions", chat(GPT)).await.ok();
    let forgetful = Gateway::with(ModelsConfig { keep_unanswered: Duration::ZERO, ..settings() }).await;
    forgetful.upstream.script_path("/v1/models", Script::refuses(500, "gone"));
    let listed = ids(&forgetful.admin.get("/api/models?refresh=true").await.ok());
    assert!(!listed.contains(&GPT.to_owned()) && listed.contains(&LLAMA.to_owned()), "{listed:?}");
}

#[actix_web::test]
async fn many_who_ask_at_once_ask_the_upstreams_once() {
    let upstream = Upstream::start().await;
    upstream.script_path("/v1/models", Script::raw(200, "application/json", &[r#"{"data":[{"id":"late"}]}"#]).stepped());
    let connections = vec![openai(0, upstream.base_url())];
    let server = Server::with(Setup { connections, models: settings(), ..Setup::default() }).await;
    let admin = server.admin().await;
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let admin = admin.clone();
            actix_web::rt::spawn(async move { ids(&admin.get("/api/models").await.ok()) })
        })
        .collect();
    upstream.calls(1).await;
    upstream.step(100);
    for answer in asking {
        assert_eq!(answer.await.unwrap(), ["late"]);
    }
    assert!(upstream.requests_of("/v1/models").len() <= 2, "those who came while it was asked were told what it said");
}

#[actix_web::test]
async fn a_grant_does_not_wait_for_an_upstream_that_is_slow_to_list() {
    let gateway = Gateway::start().await;
    gateway.upstream.script_path("/v1/models", Script::hangs());
    let (admin, before) = (gateway.admin.clone(), gateway.upstream.call_count());
    let refreshing = actix_web::rt::spawn(async move { admin.get("/api/models?refresh=true").await.status });
    gateway.upstream.calls(before + 2).await;
    gateway.grant_bob(GPT).await;
    assert!(!refreshing.is_finished(), "the list is still being waited for");
    gateway.bob.post("/api/chat/completions", chat(GPT)).await.ok();
    assert_eq!(refreshing.await.unwrap(), 200);
}

#[actix_web::test]
async fn an_upstream_that_hangs_delays_nobody_and_joins_when_it_answers() {
    let (living, slow) = (Upstream::start().await, Upstream::start().await);
    slow.script_path("/v1/models", Script::raw(200, "application/json", &[r#"{"data":[{"id":"late"}]}"#]).stepped());
    let connections = vec![openai(0, slow.base_url()), openai(1, living.base_url())];
    let patient = ModelsConfig { patience: Duration::from_millis(100), list_timeout: Duration::from_secs(60), ..settings() };
    let gateway = Gateway::over(living, connections, patient).await;
    // The living one may need longer than the patience of this test.
    let mut listed = Vec::new();
    while !listed.contains(&GPT.to_owned()) {
        listed = ids(&gateway.admin.get("/api/models").await.ok());
    }
    assert!(!listed.contains(&"late".to_owned()), "{listed:?}");
    gateway.admin.post("/api/chat/completions", chat(GPT)).await.ok();
    slow.step(100);
    while !ids(&gateway.admin.get("/api/models").await.ok()).contains(&"late".to_owned()) {
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn a_provider_of_the_programs_own_is_granted_like_any_other_and_has_no_api_beside_it() {
    let upstream = Upstream::start().await;
    let parrot = Arc::new(FakeModel::new("parrot", &["grey", GPT]).says(&["Pieces of eight"]));
    let connections = vec![openai(0, upstream.base_url()), Connection::own(0, parrot.clone())];
    let gateway = Gateway::over(upstream, connections, settings()).await;
    gateway.bob.post("/api/chat/completions", chat("grey")).await.refused(400);
    assert!(!ids(&gateway.bob.get("/api/models").await.ok()).contains(&"grey".to_owned()));
    gateway.grant_bob("grey").await;
    let answer = gateway.bob.post("/api/chat/completions", chat("grey")).await.ok();
    assert_eq!(answer["choices"][0]["message"]["content"], "Pieces of eight");
    gateway.bob.post("/openai/chat/completions", chat("grey")).await.refused(403);
    gateway.admin.post("/openai/chat/completions", chat("grey")).await.refused(400);
    gateway.admin.post("/api/chat/completions", chat(GPT)).await.ok();
    assert_eq!(parrot.requests().len(), 1, "a name that an upstream has is the upstream's");
}
