//! `/api/v1/auths/api_key`, and what keys open.

use serde_json::json;
use transom_app::accounts::{AccountsConfig, ApiKeysConfig};

use crate::common::{Client, PASSWORD, Server, Setup, text};

async fn new_key(client: &Client) -> String {
    text(&client.post("/api/v1/auths/api_key", json!({})).await.ok()["api_key"]).to_owned()
}

#[actix_web::test]
async fn a_key_is_made_shown_again_replaced_and_removed() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.get("/api/v1/auths/api_key").await.refused(404);
    let first = new_key(&admin).await;
    assert!(first.len() == 35 && first.starts_with("sk-"));
    assert_eq!(admin.get("/api/v1/auths/api_key").await.ok()["api_key"], first.as_str());
    server.bearer(&first).get("/api/v1/users/").await.ok();
    let second = new_key(&admin).await;
    server.bearer(&first).get("/api/v1/users/").await.refused(401);
    server.bearer(&second).get("/api/v1/users/").await.ok();
    assert_eq!(admin.delete("/api/v1/auths/api_key").await.ok(), json!(true));
    server.bearer(&second).get("/api/v1/users/").await.refused(401);
    assert_eq!(admin.delete("/api/v1/auths/api_key").await.ok(), json!(false));
}

#[actix_web::test]
async fn a_key_is_not_in_the_database_as_it_is() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = new_key(&admin).await;
    let own = admin.get("/api/v1/auths/").await.ok();
    let row = server.store.api_key(&text(&own["id"]).into()).await.unwrap().expect("a key");
    assert!(!row.digest.contains(&key[3..]) && !row.sealed.windows(8).any(|part| part == &key.as_bytes()[3..11]));
}

#[actix_web::test]
async fn keys_of_plain_accounts_need_a_permission_and_lose_with_it() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (user, id) = server.account(&admin, "bob", "user").await;
    user.post("/api/v1/auths/api_key", json!({})).await.refused(403);
    let group = json!({"name": "staff", "description": "", "permissions": {"features": {"api_keys": true}}});
    let group = text(&admin.post("/api/v1/groups/create", group).await.ok()["id"]).to_owned();
    admin.post(&format!("/api/v1/groups/id/{group}/users/add"), json!({"user_ids": [id]})).await.ok();
    let key = new_key(&user).await;
    server.bearer(&key).get("/api/v1/users/permissions").await.ok();
    admin.post(&format!("/api/v1/groups/id/{group}/users/remove"), json!({"user_ids": [id]})).await.ok();
    server.bearer(&key).get("/api/v1/users/permissions").await.refused(403);
    admin.post("/api/v1/users/default/permissions", json!({"features": {"api_keys": true}})).await.ok();
    server.bearer(&key).get("/api/v1/users/permissions").await.ok();
}

#[actix_web::test]
async fn a_key_ends_with_its_account_and_does_not_come_back_after_a_spell_as_pending() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (user, id) = server.account(&admin, "bob", "admin").await;
    let key = server.bearer(&new_key(&user).await);
    key.get("/api/v1/users/").await.ok();
    admin.post(&format!("/api/v1/users/{id}/update"), json!({"role": "pending"})).await.ok();
    key.get("/api/v1/users/").await.refused(401);
    admin.post(&format!("/api/v1/users/{id}/update"), json!({"role": "admin"})).await.ok();
    key.get("/api/v1/users/").await.refused(401);
    let user = server.sign_in("bob@example.com", PASSWORD).await;
    user.get("/api/v1/auths/api_key").await.refused(404);
    let key = server.bearer(&new_key(&user).await);
    key.get("/api/v1/users/").await.ok();
    admin.delete(&format!("/api/v1/users/{id}")).await.ok();
    key.get("/api/v1/users/").await.refused(401);
}

#[actix_web::test]
async fn where_keys_are_confined_they_open_whole_path_segments_alone() {
    let only = Some(vec!["/api/v1/auths/api_key".to_owned(), "/api/v1/users".to_owned()]);
    let accounts = AccountsConfig { api_keys: ApiKeysConfig { only, ..ApiKeysConfig::default() }, ..AccountsConfig::default() };
    let server = Server::with(Setup { accounts, ..Setup::default() }).await;
    let admin = server.admin().await;
    let key = server.bearer(&new_key(&admin).await);
    key.get("/api/v1/users/").await.ok();
    key.get("/api/v1/users/permissions").await.ok();
    key.get("/api/v1/auths/").await.refused(403);
    key.get("/api/v1/groups/").await.refused(403);
    key.get("/api/v1/users/../groups/").await.refused(403);
    admin.get("/api/v1/groups/").await.ok();
}

#[actix_web::test]
async fn where_keys_are_off_none_is_made_or_taken() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.bearer(&new_key(&admin).await);
    key.get("/api/v1/users/").await.ok();
    admin.post("/api/v1/auths/admin/config", json!({"ENABLE_API_KEYS": false})).await.ok();
    key.get("/api/v1/users/").await.refused(403);
    admin.post("/api/v1/auths/api_key", json!({})).await.refused(403);
}

#[actix_web::test]
async fn the_keys_header_has_the_name_it_was_given() {
    let api_keys = ApiKeysConfig { header: "x-my-key".to_owned(), ..ApiKeysConfig::default() };
    let server = Server::with(Setup { accounts: AccountsConfig { api_keys, ..AccountsConfig::default() }, ..Setup::default() }).await;
    let key = new_key(&server.admin().await).await;
    server.anonymous().with("x-my-key", &key).get("/api/v1/users/").await.ok();
    server.anonymous().with("x-api-key", &key).get("/api/v1/users/").await.refused(401);
}

#[actix_web::test]
async fn a_known_credential_is_not_looked_up_again_until_something_changes() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (user, id) = server.account(&admin, "bob", "admin").await;
    let key = server.bearer(&new_key(&user).await);
    for client in [&user, &key] {
        client.get("/api/v1/users/permissions").await.ok();
    }
    // Behind the service's back, as another process would.
    server.store.delete_user(&id.into()).await.unwrap();
    for client in [&user, &key] {
        client.get("/api/v1/users/permissions").await.ok();
    }
    admin.post("/api/v1/users/default/permissions", json!({})).await.ok();
    for client in [&user, &key] {
        client.get("/api/v1/users/permissions").await.refused(401);
    }
}
