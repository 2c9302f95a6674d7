//! What Open WebUI answers itself below `/openai` and `/ollama` never reaches an upstream.

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};
use transom_app::models::ModelsConfig;

use crate::common::Answer;
use crate::gateway::{Gateway, settings};

/// Every operation of Open WebUI's below the two, as its own description has them.
const REFERENCE: &str = include_str!("reference_paths.txt");

/// What it hands to an upstream, or what we do.
fn is_an_upstreams(path: &str) -> bool {
    let ollama = path.starts_with("/ollama/api/") && path != "/ollama/api/unload" || path.starts_with("/ollama/v1/");
    ollama || ["/openai/audio/speech", "/openai/chat/completions", "/openai/responses", "/openai/{path}"].contains(&path)
}

#[actix_web::test]
async fn what_the_reference_answers_itself_is_never_passed_on_even_for_an_administrator_who_may_pass_calls_on() {
    let gateway = Gateway::with(ModelsConfig { passthrough: true, ..settings() }).await;
    let secrets = json!({"OPENAI_API_KEYS": ["sk-of-another"], "url": "http://127.0.0.1:9", "key": "sk-of-another"});
    let listed = REFERENCE.lines().filter_map(|line| line.split_once(' ')).filter(|(_, path)| !is_an_upstreams(path));
    let mut calls: Vec<(&str, String)> =
        listed.map(|(method, path)| (method, path.replace("{url_idx}", "0").replace("{job_id}", "job"))).collect();
    assert!(calls.len() > 15, "{calls:?}");
    for spelled in [
        "/openai/CONFIG/update",
        "/openai//config/update",
        "/openai/config//update",
        "/openai/config/update/",
        "/openai/%63onfig/update",
        "/openai/verify/",
        "/openai/models/gpt-4-turbo/load",
    ] {
        calls.push(("POST", spelled.to_owned()));
    }
    for (method, path) in calls {
        let method: Method = method.parse().unwrap();
        gateway.upstream.forget();
        for client in [&gateway.admin, &gateway.bob] {
            Answer::of(client.request(method.clone(), &path).json(&secrets)).await;
        }
        for received in gateway.upstream.requests() {
            assert_eq!((received.method.as_str(), received.path.as_str()), ("GET", "/v1/models"), "{method} {path}");
            assert!(!String::from_utf8_lossy(&received.raw).contains("sk-of-another"), "{method} {path}");
        }
    }
    gateway.admin.post("/openai/config/update", secrets.clone()).await.refused(404);
    gateway.admin.post("/openai/verify", secrets).await.refused(404);
}

/// The material that is not part of the repository, where it is there.
fn description() -> Option<Value> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("TRANSOM_SHARED").map_or_else(beside, PathBuf::from);
    serde_json::from_slice(&std::fs::read(folder.join("contract/reference/openapi-0.12.4.json")).ok()?).ok()
}

#[test]
fn the_list_of_its_paths_is_that_of_its_own_description() {
    let mut listed: Vec<&str> = REFERENCE.lines().collect();
    assert!(listed.contains(&"POST /openai/config/update") && listed.contains(&"POST /openai/verify"));
    let Some(description) = description() else { return };
    let paths = description["paths"].as_object().expect("paths");
    let below = paths.iter().filter(|(path, _)| path.starts_with("/openai") || path.starts_with("/ollama"));
    let mut there: Vec<String> = below
        .flat_map(|(path, operations)| {
            operations
                .as_object()
                .into_iter()
                .flat_map(move |all| all.keys().map(move |method| format!("{} {path}", method.to_uppercase())))
        })
        .collect();
    listed.sort_unstable();
    there.sort_unstable();
    assert_eq!(listed, there);
}
