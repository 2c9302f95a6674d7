//! Connections with settings: prefixes, and models that are named instead of listed.

use reqwest::Method;
use serde_json::json;
use transom_app::models::ConnectionSettings;
use transom_testkit::{Script, Upstream};

use crate::common::Answer;
use crate::gateway::{Gateway, chat, ids, settings};
use crate::upstreams::{ollama, openai};

const GPT: &str = "gpt-4-turbo";

fn prefix(prefix: &str) -> ConnectionSettings {
    ConnectionSettings { prefix_id: Some(prefix.to_owned()), ..ConnectionSettings::default() }
}

#[actix_web::test]
async fn a_prefix_tells_the_models_of_two_connections_apart_and_stays_here() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    let connections = vec![openai(0, first.base_url()).with(prefix("a")), openai(1, second.base_url()).with(prefix("b"))];
    let gateway = Gateway::over(first, connections, settings()).await;
    second.forget();
    assert_eq!(ids(&gateway.admin.get("/api/models").await.ok()), ["a.gpt-4-turbo", "a.gpt-4o-mini", "b.gpt-4-turbo", "b.gpt-4o-mini"]);
    assert_eq!(ids(&gateway.admin.get("/openai/models/1").await.ok()), ["b.gpt-4-turbo", "b.gpt-4o-mini"]);
    gateway.grant_bob("b.gpt-4-turbo").await;
    gateway.bob.post("/api/chat/completions", chat("b.gpt-4-turbo")).await.ok();
    gateway.bob.post("/openai/embeddings", json!({"model": "b.gpt-4-turbo", "input": "x"})).await.ok();
    gateway.bob.post("/openai/responses", chat("b.gpt-4-turbo")).await;
    assert!(second.requests().iter().all(|sent| sent.body["model"] == GPT) && second.requests().len() == 3);
    for other in ["a.gpt-4-turbo", GPT, "b.b.gpt-4-turbo"] {
        gateway.bob.post("/openai/responses", chat(other)).await.refused(403);
    }
    // A model inside the request is one of the connection that answers, and its grant is that one's too.
    let tool = |model: &str| json!({"model": "b.gpt-4-turbo", "tools": [{"type": "image_generation", "model": model}]});
    gateway.grant_bob("a.gpt-4o-mini").await;
    gateway.bob.post("/openai/responses", tool("gpt-4o-mini")).await.refused(400);
    gateway.bob.post("/openai/responses", tool("a.gpt-4o-mini")).await.refused(400);
    gateway.grant_bob("b.gpt-4o-mini").await;
    gateway.bob.post("/openai/responses", tool("gpt-4o-mini")).await;
    assert_eq!((second.requests().len(), gateway.upstream.requests().len()), (4, 0));
}

#[actix_web::test]
async fn an_ollama_with_a_prefix_is_asked_without_it_and_changed_without_it() {
    let upstream = Upstream::start().await;
    let connections = vec![ollama(0, upstream.base_url()).with(prefix("gpu"))];
    let gateway = Gateway::over(upstream, connections, settings()).await;
    let listed = gateway.admin.get("/ollama/api/tags").await.ok();
    assert!(listed["models"].as_array().unwrap().iter().all(|model| model["name"] == model["model"]), "{listed}");
    assert!(ids(&listed).contains(&"gpu.llama3.1:latest".to_owned()), "{listed}");
    gateway.grant_bob("gpu.llama3.1:latest").await;
    for (path, model) in [("/ollama/api/chat", "gpu.llama3.1:latest"), ("/api/chat/completions", "gpu.llama3.1")] {
        assert_eq!(gateway.bob.post(path, chat(model)).await.status, 200, "{path}");
        assert_eq!(gateway.last()["model"], "llama3.1:latest");
    }
    let running = json!({"models": [{"model": "llama3.1:latest"}, {"model": "llama3.2:latest"}]});
    gateway.upstream.script_path("/api/ps", Script::json(200, &running));
    assert_eq!(gateway.bob.get("/ollama/api/ps").await.ok()["models"], json!([{"model": "gpu.llama3.1:latest", "urls": [0]}]));
    gateway.upstream.script_path("/api/delete", Script::raw(200, "text/plain", &[""]));
    let delete = gateway.admin.request(Method::DELETE, "/ollama/api/delete").json(&json!({"model": "gpu.llama3.2:latest"}));
    assert_eq!(Answer::of(delete).await.status, 200);
    assert_eq!(gateway.upstream.requests_of("/api/delete")[0].body, json!({"model": "llama3.2:latest"}));
}

#[actix_web::test]
async fn an_upstream_without_a_list_offers_the_models_of_its_settings() {
    let upstream = Upstream::start().await;
    upstream.script_path("/v1/models", Script::refuses(404, "no such path"));
    upstream.offer_openai(&["only"]);
    let named = ConnectionSettings {
        model_ids: vec!["only".to_owned()],
        tags: vec!["hosted".to_owned()],
        connection_type: Some("local".to_owned()),
        ..ConnectionSettings::default()
    };
    let connections = vec![
        openai(0, upstream.base_url()).with(named),
        ollama(0, upstream.base_url())
            .with(ConnectionSettings { model_ids: vec!["llama3.2:latest".to_owned()], ..ConnectionSettings::default() }),
    ];
    let gateway = Gateway::over(upstream, connections, settings()).await;
    let listed = gateway.admin.get("/api/models?refresh=true").await.ok();
    assert_eq!(ids(&listed), ["llama3.2:latest", "only"]);
    let only = listed["data"].as_array().unwrap().iter().find(|model| model["id"] == "only").unwrap();
    assert_eq!((&only["tags"], &only["connection_type"]), (&json!([{"name": "hosted"}]), &json!("local")));
    assert!(gateway.upstream.requests_of("/v1/models").is_empty(), "it is not asked for a list");
    gateway.admin.post("/api/chat/completions", chat("only")).await.ok();
    gateway.admin.post("/api/chat/completions", chat("other")).await.refused(400);
}
