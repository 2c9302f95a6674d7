//! Who gets in, and by what.

use reqwest::Method;
use serde_json::json;
use transom_app::accounts::AccountsConfig;

use crate::common::{ADMIN, Answer, PASSWORD, Server, Setup, text};

const PROTECTED: &[(&str, &str)] = &[
    ("GET", "/api/v1/auths/"),
    ("POST", "/api/v1/auths/add"),
    ("POST", "/api/v1/auths/update/password"),
    ("POST", "/api/v1/auths/update/profile"),
    ("GET", "/api/v1/auths/api_key"),
    ("POST", "/api/v1/auths/api_key"),
    ("DELETE", "/api/v1/auths/api_key"),
    ("GET", "/api/v1/auths/admin/details"),
    ("GET", "/api/v1/auths/admin/config"),
    ("POST", "/api/v1/auths/admin/config"),
    ("GET", "/api/v1/users/"),
    ("GET", "/api/v1/users"),
    ("GET", "/api/v1/users/all"),
    ("GET", "/api/v1/users/search"),
    ("GET", "/api/v1/users/groups"),
    ("GET", "/api/v1/users/permissions"),
    ("GET", "/api/v1/users/default/permissions"),
    ("POST", "/api/v1/users/default/permissions"),
    ("GET", "/api/v1/users/default/permissions/defaults"),
    ("GET", "/api/v1/users/user/settings"),
    ("POST", "/api/v1/users/user/settings/update"),
    ("GET", "/api/v1/users/user/info"),
    ("POST", "/api/v1/users/user/info/update"),
    ("GET", "/api/v1/users/x"),
    ("DELETE", "/api/v1/users/x"),
    ("GET", "/api/v1/users/x/info"),
    ("GET", "/api/v1/users/x/active"),
    ("POST", "/api/v1/users/x/update"),
    ("GET", "/api/v1/users/x/groups"),
    ("POST", "/api/v1/users/x/sessions/revoke"),
    ("DELETE", "/api/v1/users/x/api_key"),
    ("GET", "/api/v1/users/x/profile/image"),
    ("GET", "/api/v1/groups/"),
    ("POST", "/api/v1/groups/create"),
    ("GET", "/api/v1/groups/id/x"),
    ("GET", "/api/v1/groups/id/x/info"),
    ("GET", "/api/v1/groups/id/x/export"),
    ("POST", "/api/v1/groups/id/x/update"),
    ("GET", "/api/v1/groups/id/x/members"),
    ("POST", "/api/v1/groups/id/x/users"),
    ("POST", "/api/v1/groups/id/x/users/add"),
    ("POST", "/api/v1/groups/id/x/users/remove"),
    ("DELETE", "/api/v1/groups/id/x/delete"),
    ("GET", "/api/models"),
    ("GET", "/api/v1/models"),
    ("POST", "/api/v1/models/create"),
    ("GET", "/api/v1/files/"),
    ("POST", "/api/v1/files/"),
    ("DELETE", "/api/v1/files/all"),
    ("GET", "/api/v1/knowledge/"),
    ("POST", "/api/v1/knowledge/create"),
    ("POST", "/api/v1/knowledge/x/file/add"),
];

/// Routes that a pending account may use: it may see and leave itself.
const FOR_PENDING: &[&str] = &["/api/v1/auths/"];

fn send(client: &crate::common::Client, (method, path): (&str, &str)) -> impl Future<Output = Answer> + use<> {
    // No body that any of them could take: a refusal comes before it is looked at.
    Answer::of(client.request(method.parse::<Method>().unwrap(), path).body("{"))
}

#[actix_web::test]
async fn every_protected_route_refuses_a_missing_credential() {
    let server = Server::start().await;
    for route in PROTECTED {
        let answer = send(&server.anonymous(), *route).await;
        assert_eq!((answer.status, answer.json()["detail"].as_str()), (401, Some("Not authenticated")), "{route:?}");
    }
}

#[actix_web::test]
async fn every_protected_route_refuses_a_wrong_credential_and_a_pending_account() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (pending, _) = server.account(&admin, "pen", "pending").await;
    for route in PROTECTED {
        let answer = send(&server.bearer("nonsense"), *route).await;
        assert_eq!(answer.status, 401, "{route:?}");
        if !FOR_PENDING.contains(&route.1) {
            assert_eq!(send(&pending, *route).await.status, 401, "{route:?}");
        }
    }
    assert_eq!(pending.get("/api/v1/auths/").await.ok()["role"], "pending");
}

#[actix_web::test]
async fn what_is_no_credential_is_refused() {
    let server = Server::start().await;
    server.admin().await;
    let with = |name: &str, value: &str| server.anonymous().with(name, value);
    for client in [
        with("authorization", "Bearer "),
        with("authorization", "Bearer"),
        with("authorization", "Basic YTpi"),
        with("authorization", "Bearer sk-00000000000000000000000000000000"),
        with("authorization", "Bearer a.b.c"),
        with("x-api-key", ""),
        with("x-api-key", "sk-00000000000000000000000000000000"),
        with("cookie", "token="),
        with("cookie", "token=a.b.c"),
    ] {
        client.get("/api/v1/auths/").await.refused(401);
    }
}

#[actix_web::test]
async fn a_forged_token_is_refused() {
    use base64::Engine;
    let server = Server::start().await;
    let admin = server.admin().await;
    let own = admin.get("/api/v1/auths/").await.ok();
    let part = |value: serde_json::Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = part(json!({"id": own["id"], "jti": "x", "iat": 0, "exp": 9_999_999_999_i64, "gen": 0}));
    let unsigned = format!("{}.{claims}.", part(json!({"alg": "none", "typ": "JWT"})));
    server.bearer(&unsigned).get("/api/v1/auths/").await.refused(401);
    let token = text(&own["token"]);
    server.bearer(&format!("{}abc", &token[..token.len() - 3])).get("/api/v1/auths/").await.refused(401);
    let other = token.split('.').collect::<Vec<_>>();
    server.bearer(&format!("{}.{claims}.{}", other[0], other[2])).get("/api/v1/auths/").await.refused(401);
}

#[actix_web::test]
async fn the_header_comes_before_the_key_and_the_key_before_the_cookie() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let token = text(&admin.get("/api/v1/auths/").await.ok()["token"]).to_owned();
    let key = text(&admin.post("/api/v1/auths/api_key", json!({})).await.ok()["api_key"]).to_owned();
    let cookie = format!("token={token}");
    let with = |name: &str, value: &str| server.anonymous().with(name, value);
    with("cookie", &cookie).get("/api/v1/auths/").await.ok();
    with("x-api-key", &key).get("/api/v1/auths/").await.ok();
    with("authorization", &format!("bearer {key}")).get("/api/v1/auths/").await.ok();
    // A proxy may use Authorization for itself.
    with("authorization", "Basic YTpi").with("x-api-key", &key).get("/api/v1/auths/").await.ok();
    with("authorization", "Basic YTpi").with("cookie", &cookie).get("/api/v1/auths/").await.ok();
    with("authorization", "Bearer nonsense").with("x-api-key", &key).get("/api/v1/auths/").await.refused(401);
    with("authorization", "Bearer nonsense").with("cookie", &cookie).get("/api/v1/auths/").await.refused(401);
    with("x-api-key", "sk-nonsense").with("cookie", &cookie).get("/api/v1/auths/").await.refused(401);
}

#[actix_web::test]
async fn a_page_of_another_origin_changes_nothing_with_a_cookie() {
    let accounts = AccountsConfig { trusted_origins: vec!["https://app.example".to_owned()], ..AccountsConfig::default() };
    let server = Server::with(Setup { accounts, ..Setup::default() }).await;
    let admin = server.admin().await;
    let token = text(&admin.get("/api/v1/auths/").await.ok()["token"]).to_owned();
    let from = |origin: &str| server.anonymous().with("cookie", &format!("token={token}")).with("origin", origin);
    let change = json!({"name": "Mallory", "profile_image_url": ""});
    for foreign in ["https://evil.example", "null", "", "http://127.0.0.1:1"] {
        from(foreign).post("/api/v1/auths/update/profile", change.clone()).await.refused(403);
        from(foreign).post("/api/v1/auths/signout", json!({})).await.refused(403);
        from(foreign).get("/api/v1/auths/").await.ok();
    }
    let own = server.base.clone();
    for good in [own.as_str(), "https://app.example"] {
        from(good).post("/api/v1/auths/update/profile", change.clone()).await.ok();
    }
    // A header is never sent unasked, so its origin does not matter.
    admin.clone().with("origin", "https://evil.example").post("/api/v1/auths/update/profile", change).await.ok();
}

#[actix_web::test]
async fn what_an_administrator_takes_away_is_gone_with_the_next_request() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (user, id) = server.account(&admin, "bob", "admin").await;
    user.get("/api/v1/users/").await.ok();
    admin.post(&format!("/api/v1/users/{id}/update"), json!({"role": "user"})).await.ok();
    user.get("/api/v1/auths/").await.refused(401);
    let user = server.sign_in("bob@example.com", PASSWORD).await;
    user.get("/api/v1/users/").await.refused(401);
    user.get("/api/v1/users/permissions").await.ok();
    admin.post(&format!("/api/v1/users/{id}/sessions/revoke"), json!({})).await.ok();
    user.get("/api/v1/users/permissions").await.refused(401);
    let user = server.sign_in("bob@example.com", PASSWORD).await;
    user.get("/api/v1/users/permissions").await.ok();
    admin.delete(&format!("/api/v1/users/{id}")).await.ok();
    user.get("/api/v1/users/permissions").await.refused(401);
    server.anonymous().post("/api/v1/auths/signin", json!({"email": "bob@example.com", "password": PASSWORD})).await.refused(400);
    server.sign_in(ADMIN, PASSWORD).await.get("/api/v1/users/").await.ok();
}
