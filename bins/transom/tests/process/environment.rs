//! Variables that change what the running server does.

use reqwest::{Method, StatusCode};
use serde_json::json;
use transom_testkit::Upstream;

use crate::client::{Client, answer};
use crate::place::Place;

async fn key_of(client: &Client) -> String {
    let (status, body) = client.post("/api/v1/auths/api_key", &json!({})).await;
    assert_eq!(status, 200, "{body}");
    body["api_key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn keys_open_only_the_paths_they_are_restricted_to() {
    let place =
        Place::bare().with("ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS", "true").with("API_KEYS_ALLOWED_ENDPOINTS", "/api/models,/api/v1/files");
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let key = server.client.bearing(&key_of(&admin).await);
    for path in ["/api/models", "/api/v1/files/"] {
        assert_eq!(key.get(path).await.0, 200, "{path}");
    }
    for path in ["/api/v1/users/", "/api/v1/knowledge/", "/api/v1/auths/api_key", "/api/modelsx"] {
        let status = key.get(path).await.0;
        assert!([StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND].contains(&status), "{path}: {status}");
    }
    assert_eq!(admin.get("/api/v1/users/").await.0, 200, "sessions are not restricted");
}

#[tokio::test]
async fn a_key_may_come_in_the_header_that_was_chosen_and_in_no_other() {
    let place = Place::bare().with("CUSTOM_API_KEY_HEADER", "X-Transom-Key");
    let server = place.serve().await;
    let key = key_of(&server.client.sign_up().await).await;
    let with = async |header: &str| server.client.call(Method::GET, "/api/models").header(header, &key).send().await.unwrap().status();
    assert_eq!(with("x-transom-key").await, 200);
    assert_eq!(with("x-api-key").await, 401);
}

#[tokio::test]
async fn keys_can_be_switched_off() {
    let mut place = Place::bare();
    let server = place.serve().await;
    let key = key_of(&server.client.sign_up().await).await;
    assert_eq!(server.client.bearing(&key).get("/api/models").await.0, 200);
    server.stop().await;
    place.set("ENABLE_API_KEYS", "false");
    let server = place.serve().await;
    assert!(matches!(server.client.bearing(&key).get("/api/models").await.0.as_u16(), 401 | 403));
    assert_eq!(server.client.sign_in_admin().await.post("/api/v1/auths/api_key", &json!({})).await.0, 403);
}

#[tokio::test]
async fn pages_of_the_listed_origins_may_call_and_no_others() {
    let allowed = async |server: &crate::place::Server, origin: &str| {
        let answer = server.client.call(Method::GET, "/health").header("origin", origin).send().await.unwrap();
        answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
    };
    let server = Place::bare().with("CORS_ALLOW_ORIGIN", "https://chat.example.com;http://localhost:5173").into_server().await;
    assert_eq!(allowed(&server, "https://chat.example.com").await.as_deref(), Some("https://chat.example.com"));
    assert_eq!(allowed(&server, "http://localhost:5173").await.as_deref(), Some("http://localhost:5173"));
    assert_eq!(allowed(&server, "https://evil.example.com").await, None);
    let server = Place::bare().into_server().await;
    assert_eq!(allowed(&server, "https://chat.example.com").await, None);
    let server = Place::bare().with("CORS_ALLOW_ORIGIN", "*").into_server().await;
    assert_eq!(allowed(&server, "https://anywhere.example.com").await.as_deref(), Some("*"));
}

#[tokio::test]
async fn models_are_granted_unless_access_control_is_bypassed() {
    let upstream = Upstream::start().await;
    let mut place = Place::with_upstream(&upstream).init().await;
    assert!(place.run(&["user", "create", "root@example.com", "--role", "admin"], "Passw0rd!root").await.status.success());
    assert!(place.run(&["user", "create", "eve@example.com"], "Passw0rd!eve").await.status.success());
    let server = place.serve().await;
    let eve = server.client.sign_in("eve@example.com", "Passw0rd!eve").await.unwrap();
    assert!(eve.models().await.is_empty());
    let (status, body) = answer(eve.chat("gpt-4-turbo", false).send().await.unwrap()).await;
    assert_eq!((status.as_u16(), body["detail"].as_str()), (400, Some("Model not found")), "{body}");
    assert!(upstream.requests_of("/v1/chat/completions").is_empty());
    server.stop().await;
    place.set("BYPASS_MODEL_ACCESS_CONTROL", "true");
    let server = place.serve().await;
    let eve = server.client.sign_in("eve@example.com", "Passw0rd!eve").await.unwrap();
    assert_eq!(eve.models().await.len(), 5);
    assert_eq!(eve.chat("gpt-4-turbo", false).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn defaults_of_permissions_come_from_the_environment() {
    let place = Place::bare().with("USER_PERMISSIONS_FEATURES_API_KEYS", "true").init().await;
    assert!(place.run(&["user", "create", "root@example.com", "--role", "admin"], "Passw0rd!root").await.status.success());
    assert!(place.run(&["user", "create", "eve@example.com"], "Passw0rd!eve").await.status.success());
    let server = place.serve().await;
    let eve = server.client.sign_in("eve@example.com", "Passw0rd!eve").await.unwrap();
    key_of(&eve).await;
}
