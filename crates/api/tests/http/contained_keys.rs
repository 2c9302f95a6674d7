//! What somebody who got hold of an API key cannot do with it, and how it is taken away.

use serde_json::{Value, json};

use crate::common::{ADMIN, Client, PASSWORD, Server, text};

async fn new_key(client: &Client) -> String {
    text(&client.post("/api/v1/auths/api_key", json!({})).await.ok()["api_key"]).to_owned()
}

/// A server with its administrator, and another administrator's session, id and key.
async fn with_a_key() -> (Server, Client, Client, String, Client) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, id) = server.account(&admin, "bob", "admin").await;
    let key = server.bearer(&new_key(&bob).await);
    key.get("/api/v1/users/permissions").await.ok();
    (server, admin, bob, id, key)
}

#[actix_web::test]
async fn a_key_ends_when_its_owner_changes_the_password() {
    let (_server, _, bob, _, key) = with_a_key().await;
    let change = json!({"password": PASSWORD, "new_password": "another good one"});
    bob.post("/api/v1/auths/update/password", change).await.ok();
    key.get("/api/v1/users/permissions").await.refused(401);
}

#[actix_web::test]
async fn a_key_ends_when_an_administrator_resets_the_password() {
    let (_server, admin, _, id, key) = with_a_key().await;
    admin.post(&format!("/api/v1/users/{id}/update"), json!({"password": "another good one"})).await.ok();
    key.get("/api/v1/users/permissions").await.refused(401);
}

#[actix_web::test]
async fn a_key_ends_when_all_sessions_are_ended() {
    let (_server, admin, _, id, key) = with_a_key().await;
    admin.post(&format!("/api/v1/users/{id}/sessions/revoke"), json!({})).await.ok();
    key.get("/api/v1/users/permissions").await.refused(401);
}

#[actix_web::test]
async fn an_administrator_ends_the_key_of_another_account_and_its_session_stays() {
    let (server, admin, bob, id, key) = with_a_key().await;
    let path = format!("/api/v1/users/{id}/api_key");
    let (eve, _) = server.account(&admin, "eve", "user").await;
    eve.delete(&path).await.refused(401);
    key.delete(&path).await.refused(403);
    key.get("/api/v1/users/permissions").await.ok();
    assert_eq!(admin.delete(&path).await.ok(), json!(true));
    key.get("/api/v1/users/permissions").await.refused(401);
    assert_eq!(admin.delete(&path).await.ok(), json!(false));
    bob.get("/api/v1/users/permissions").await.ok();
    admin.delete("/api/v1/users/nobody/api_key").await.refused(404);
}

#[actix_web::test]
async fn a_key_cannot_read_replace_or_delete_itself() {
    let (server, _, bob, _, key) = with_a_key().await;
    assert!(key.get("/api/v1/auths/api_key").await.refused(403).contains("sign in"));
    key.post("/api/v1/auths/api_key", json!({})).await.refused(403);
    key.delete("/api/v1/auths/api_key").await.refused(403);
    key.get("/api/v1/users/permissions").await.ok();
    let shown = bob.get("/api/v1/auths/api_key").await.ok();
    server.bearer(text(&shown["api_key"])).get("/api/v1/users/permissions").await.ok();
}

#[actix_web::test]
async fn a_key_cannot_change_its_account() {
    let (_server, _, bob, id, key) = with_a_key().await;
    let before = bob.get("/api/v1/auths/").await.ok();
    key.post("/api/v1/auths/update/profile", json!({"name": "Mallory", "profile_image_url": ""})).await.refused(403);
    key.post("/api/v1/auths/update/password", json!({"password": PASSWORD, "new_password": "another good one"})).await.refused(403);
    for change in [json!({"name": "Mallory"}), json!({"email": "m@example.com"}), json!({"password": "another good one"})] {
        key.post(&format!("/api/v1/users/{id}/update"), change).await.refused(403);
    }
    key.post(&format!("/api/v1/users/{id}/sessions/revoke"), json!({})).await.refused(403);
    let after = bob.get("/api/v1/auths/").await.ok();
    let shown = |own: &Value| (own["name"].clone(), own["email"].clone(), own["profile_image_url"].clone());
    assert_eq!(shown(&before), shown(&after));
}

#[actix_web::test]
async fn an_administrators_key_makes_no_administrator_takes_over_no_account_and_shuts_no_administrator_out() {
    let (server, admin, _, _, key) = with_a_key().await;
    let (_, other) = server.account(&admin, "ann", "admin").await;
    let (_, eve) = server.account(&admin, "eve", "user").await;
    let new = |role: &str| json!({"name": "X", "email": format!("{role}@example.com"), "password": PASSWORD, "role": role});
    key.post("/api/v1/auths/add", new("admin")).await.refused(403);
    key.post(&format!("/api/v1/users/{eve}/update"), json!({"role": "admin"})).await.refused(403);
    key.post(&format!("/api/v1/users/{eve}/update"), json!({"password": "another good one"})).await.refused(403);
    key.post(&format!("/api/v1/users/{eve}/update"), json!({"email": "m@example.com"})).await.refused(403);
    key.post(&format!("/api/v1/users/{other}/update"), json!({"role": "pending"})).await.refused(403);
    key.post(&format!("/api/v1/users/{other}/sessions/revoke"), json!({})).await.refused(403);
    key.delete(&format!("/api/v1/users/{other}")).await.refused(403);
    key.post("/api/v1/auths/admin/config", json!({"DEFAULT_USER_ROLE": "admin"})).await.refused(403);
    // What provisioning needs, it does.
    key.post("/api/v1/auths/add", new("user")).await.ok();
    key.post(&format!("/api/v1/users/{eve}/update"), json!({"role": "pending", "name": "Eve"})).await.ok();
    key.delete(&format!("/api/v1/users/{eve}")).await.ok();
}

#[actix_web::test]
async fn the_first_administrators_sessions_are_ended_by_itself_alone() {
    let (server, admin, bob, _, _) = with_a_key().await;
    let first = text(&admin.get("/api/v1/auths/").await.ok()["id"]).to_owned();
    bob.post(&format!("/api/v1/users/{first}/sessions/revoke"), json!({})).await.refused(403);
    admin.get("/api/v1/auths/").await.ok();
    admin.post(&format!("/api/v1/users/{first}/sessions/revoke"), json!({})).await.ok();
    admin.get("/api/v1/auths/").await.refused(401);
    server.sign_in(ADMIN, PASSWORD).await;
}
