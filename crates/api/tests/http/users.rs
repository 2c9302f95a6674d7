//! `/api/v1/users/…`.

use serde_json::json;

use crate::common::{ADMIN, PASSWORD, Server, text};

#[actix_web::test]
async fn plain_accounts_rule_over_nobody() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, id) = server.account(&admin, "bob", "user").await;
    let (_, other) = server.account(&admin, "eve", "user").await;
    for path in ["/api/v1/users/", "/api/v1/users/all", "/api/v1/users/default/permissions", "/api/v1/users/default/permissions/defaults"] {
        bob.get(path).await.refused(401);
    }
    for id in [&id, &other] {
        bob.get(&format!("/api/v1/users/{id}/groups")).await.refused(401);
        bob.post(&format!("/api/v1/users/{id}/update"), json!({"role": "admin"})).await.refused(401);
        bob.post(&format!("/api/v1/users/{id}/sessions/revoke"), json!({})).await.refused(401);
        bob.delete(&format!("/api/v1/users/{id}")).await.refused(401);
    }
    bob.post("/api/v1/users/default/permissions", json!({"features": {"api_keys": true}})).await.refused(401);
    assert_eq!(admin.get("/api/v1/users/").await.ok()["total"], 3);
}

#[actix_web::test]
async fn the_list_is_searched_ordered_and_paged() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for n in 0..31 {
        let new = transom_domain::NewUser {
            email: format!("u{n:02}@example.com"),
            name: format!("User {n:02}"),
            password_hash: "none".to_owned(),
            profile_image_url: "/user.png".to_owned(),
        };
        server.store.create_user(new, transom_domain::Role::User).await.unwrap();
    }
    let first = admin.get("/api/v1/users/?order_by=email&direction=asc").await.ok();
    assert_eq!((first["total"].as_u64(), first["users"].as_array().map(Vec::len)), (Some(32), Some(30)));
    assert_eq!(first["users"][0]["email"], ADMIN);
    for field in ["username", "oauth", "scim", "settings", "info", "bio"] {
        assert!(first["users"][0].get(field).is_some_and(serde_json::Value::is_null), "{field}");
    }
    assert_eq!(first["users"][0]["group_ids"], json!([]));
    let second = admin.get("/api/v1/users/?order_by=email&direction=asc&page=2").await.ok();
    assert_eq!(second["users"].as_array().map(Vec::len), Some(2));
    let found = admin.get("/api/v1/users/?query=uSER%2030").await.ok();
    assert_eq!((&found["total"], &found["users"][0]["email"]), (&json!(1), &json!("u30@example.com")));
    assert_eq!(admin.get("/api/v1/users/all").await.ok()["users"].as_array().map(Vec::len), Some(32));
}

#[actix_web::test]
async fn an_account_sees_of_another_its_name_alone() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, _) = server.account(&admin, "bob", "user").await;
    let (_, eve) = server.account(&admin, "eve", "user").await;
    for path in ["", "/info"] {
        let answer = bob.get(&format!("/api/v1/users/{eve}{path}")).await;
        let seen = answer.ok();
        assert_eq!((&seen["name"], &seen["id"]), (&json!("eve"), &json!(eve)));
        for hidden in ["email", "role", "last_active_at", "settings", "info", "created_at"] {
            assert!(seen.get(hidden).is_none(), "{path}: {hidden}");
        }
        assert!(!answer.body.contains("eve@example.com"));
    }
    bob.get("/api/v1/users/nobody").await.refused(404);
    let picture = bob.get(&format!("/api/v1/users/{eve}/profile/image")).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/svg+xml")));
    assert!(picture.header("content-security-policy").is_some());
}

#[actix_web::test]
async fn an_administrator_and_an_account_itself_see_all_of_it() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, id) = server.account(&admin, "bob", "user").await;
    for client in [&admin, &bob] {
        let seen = client.get(&format!("/api/v1/users/{id}")).await.ok();
        assert_eq!((&seen["id"], &seen["email"], &seen["role"]), (&json!(id), &json!("bob@example.com"), &json!("user")));
        assert!(seen["is_active"].is_boolean() && seen["groups"].is_array() && seen["created_at"].is_i64());
        let seen = client.get(&format!("/api/v1/users/{id}/info")).await.ok();
        assert_eq!((&seen["email"], &seen["role"]), (&json!("bob@example.com"), &json!("user")));
    }
}

#[actix_web::test]
async fn a_search_tells_plain_accounts_names_and_administrators_all() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, _) = server.account(&admin, "bob", "user").await;
    server.account(&admin, "eve", "user").await;
    let found = bob.get("/api/v1/users/search?query=eV").await.ok();
    assert_eq!((&found["total"], &found["users"][0]["name"]), (&json!(1), &json!("eve")));
    for user in bob.get("/api/v1/users/search").await.ok()["users"].as_array().expect("accounts") {
        assert!(user["id"].is_string() && user["name"].is_string());
        for hidden in ["email", "role", "last_active_at"] {
            assert!(user.get(hidden).is_none(), "{user}");
        }
    }
    assert_eq!(bob.get("/api/v1/users/search?query=Eve@example.com").await.ok()["total"], 1, "a whole address");
    for part in ["@example", "eve@", "example.com"] {
        assert_eq!(bob.get(&format!("/api/v1/users/search?query={part}")).await.ok()["total"], 0, "{part}");
        assert_ne!(admin.get(&format!("/api/v1/users/search?query={part}")).await.ok()["total"], 0, "{part}");
    }
    let names = |answer: serde_json::Value| {
        answer["users"].as_array().expect("accounts").iter().map(|user| text(&user["name"]).to_owned()).collect::<Vec<_>>()
    };
    let by_name = names(bob.get("/api/v1/users/search?order_by=name&direction=asc").await.ok());
    for order in ["role", "email"] {
        assert_eq!(names(bob.get(&format!("/api/v1/users/search?order_by={order}&direction=asc")).await.ok()), by_name, "{order}");
    }
    let seen = admin.get("/api/v1/users/search?query=eve").await.ok();
    assert_eq!((&seen["users"][0]["email"], &seen["users"][0]["role"]), (&json!("eve@example.com"), &json!("user")));
    admin.post("/api/v1/users/default/permissions", json!({"access_grants": {"allow_users": false}})).await.ok();
    bob.get("/api/v1/users/search?query=eve").await.refused(403);
}

#[actix_web::test]
async fn settings_and_facts_have_a_size_and_what_is_larger_is_not_stored() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.post("/api/v1/users/user/settings/update", json!({"ui": {"theme": "dark"}})).await.ok();
    let large = json!({"ui": {"theme": "x".repeat(70_000)}});
    assert!(admin.post("/api/v1/users/user/settings/update", large).await.refused(413).contains("settings"));
    assert_eq!(admin.get("/api/v1/users/user/settings").await.ok(), json!({"ui": {"theme": "dark"}}));
    admin.post("/api/v1/users/user/info/update", json!({"city": "Oslo"})).await.ok();
    admin.post("/api/v1/users/user/info/update", json!({"note": "x".repeat(17_000)})).await.refused(413);
    assert_eq!(admin.get("/api/v1/users/user/info").await.ok(), json!({"city": "Oslo"}));
    let picture = format!("data:image/png;base64,{}", "A".repeat(300_000));
    admin.post("/api/v1/auths/update/profile", json!({"name": "Ada", "profile_image_url": picture})).await.refused(422);
}

#[actix_web::test]
async fn an_administrator_changes_name_address_password_and_role() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (_, id) = server.account(&admin, "bob", "user").await;
    let path = format!("/api/v1/users/{id}/update");
    let change = json!({"name": "Robert", "email": "Robert@Example.com", "password": "another one", "role": "pending"});
    let changed = admin.post(&path, change).await.ok();
    assert_eq!((text(&changed["name"]), text(&changed["email"]), text(&changed["role"])), ("Robert", "robert@example.com", "pending"));
    server.sign_in("robert@example.com", "another one").await.get("/api/v1/auths/").await.ok();
    admin.post(&path, json!({"email": ADMIN})).await.refused(400);
    admin.post(&path, json!({"email": "nope"})).await.refused(400);
    admin.post(&path, json!({"role": "king"})).await.refused(400);
    admin.post("/api/v1/users/nobody/update", json!({"name": "x"})).await.refused(404);
    let same = admin.post(&path, json!({"name": "Rob", "password": ""})).await.ok();
    assert_eq!((text(&same["name"]), text(&same["role"])), ("Rob", "pending"));
    server.sign_in("robert@example.com", "another one").await;
}

#[actix_web::test]
async fn the_first_administrator_is_neither_deleted_nor_deposed() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let first = text(&admin.get("/api/v1/auths/").await.ok()["id"]).to_owned();
    let (second, id) = server.account(&admin, "second", "admin").await;
    second.delete(&format!("/api/v1/users/{first}")).await.refused(403);
    second.post(&format!("/api/v1/users/{first}/update"), json!({"role": "user"})).await.refused(403);
    second.post(&format!("/api/v1/users/{first}/update"), json!({"password": "mine now"})).await.refused(403);
    admin.post(&format!("/api/v1/users/{first}/update"), json!({"role": "user"})).await.refused(403);
    admin.delete(&format!("/api/v1/users/{first}")).await.refused(403);
    second.delete(&format!("/api/v1/users/{id}")).await.refused(403);
    admin.post(&format!("/api/v1/users/{first}/update"), json!({"name": "Chief"})).await.ok();
    admin.delete(&format!("/api/v1/users/{id}")).await.ok();
    admin.delete(&format!("/api/v1/users/{id}")).await.refused(404);
    server.sign_in(ADMIN, PASSWORD).await;
}

#[actix_web::test]
async fn the_defaults_of_permissions_are_felt_at_once() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, _) = server.account(&admin, "bob", "user").await;
    assert_eq!(bob.get("/api/v1/users/permissions").await.ok()["workspace"]["knowledge"], false);
    let tree = admin.post("/api/v1/users/default/permissions", json!({"workspace": {"knowledge": true}, "chat": {"file_upload": false}}));
    assert_eq!(tree.await.ok()["workspace"]["knowledge"], true);
    let own = bob.get("/api/v1/users/permissions").await.ok();
    assert_eq!(
        (&own["workspace"]["knowledge"], &own["chat"]["file_upload"], &own["chat"]["params"]),
        (&json!(true), &json!(false), &json!(true))
    );
    assert_eq!(admin.get("/api/v1/users/default/permissions").await.ok()["workspace"]["knowledge"], true);
    assert_eq!(admin.get("/api/v1/users/default/permissions/defaults").await.ok()["workspace"]["knowledge"], false);
    admin.post("/api/v1/users/default/permissions", json!({"chat": "all"})).await.refused(422);
}

#[actix_web::test]
async fn settings_are_replaced_and_facts_are_added() {
    let server = Server::start().await;
    let admin = server.admin().await;
    assert_eq!(admin.get("/api/v1/users/user/settings").await.ok(), json!(null));
    let settings = json!({"ui": {"theme": "dark"}, "more": 1});
    assert_eq!(admin.post("/api/v1/users/user/settings/update", settings.clone()).await.ok(), settings);
    assert_eq!(admin.get("/api/v1/users/user/settings").await.ok(), settings);
    admin.post("/api/v1/users/user/info/update", json!({"city": "Oslo"})).await.ok();
    assert_eq!(admin.post("/api/v1/users/user/info/update", json!({"team": "red"})).await.ok(), json!({"city": "Oslo", "team": "red"}));
    assert_eq!(admin.get("/api/v1/users/user/info").await.ok(), json!({"city": "Oslo", "team": "red"}));
}
