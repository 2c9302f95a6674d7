//! What an account changes of itself is kept.

use serde_json::{Value, json};

use crate::common::{Server, text};

const SETTINGS: &str = "/api/v1/users/user/settings";

#[actix_web::test]
async fn a_profile_keeps_every_field_that_is_sent_and_leaves_those_that_are_not() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, id) = server.account(&admin, "bob", "user").await;
    let path = "/api/v1/auths/update/profile";
    let whole = json!({
        "name": "Bob", "profile_image_url": "/user.png", "bio": "Fires the kiln.", "gender": "male", "date_of_birth": "1990-12-31",
    });
    assert_eq!(bob.post(path, whole.clone()).await.ok()["name"], "Bob");
    let shown = async || {
        let own = bob.get("/api/v1/auths/").await.ok();
        let listed = admin.get("/api/v1/users/").await.ok();
        let listed = listed["users"].as_array().unwrap().iter().find(|user| user["id"] == json!(id)).unwrap().clone();
        for field in ["bio", "gender", "date_of_birth"] {
            assert_eq!(own[field], listed[field], "{field}");
        }
        own
    };
    let first = shown().await;
    for field in ["name", "profile_image_url", "bio", "gender", "date_of_birth"] {
        assert_eq!(first[field], whole[field], "{field}");
    }
    bob.post(path, json!({"name": "Robert", "profile_image_url": ""})).await.ok();
    assert_eq!((&shown().await["name"], &shown().await["bio"]), (&json!("Robert"), &whole["bio"]));
    bob.post(path, json!({"name": "Robert", "profile_image_url": "", "bio": null})).await.ok();
    let last = shown().await;
    assert_eq!((&last["bio"], &last["gender"], &last["date_of_birth"]), (&Value::Null, &whole["gender"], &whole["date_of_birth"]));
}

#[actix_web::test]
async fn a_profile_that_cannot_be_kept_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let before = admin.get("/api/v1/auths/").await.ok();
    for (field, value, status) in [
        ("date_of_birth", json!("31.12.1990"), 422),
        ("date_of_birth", json!("1990-02-30"), 422),
        ("date_of_birth", json!(19901231), 422),
        ("bio", json!(["a"]), 422),
        ("bio", json!("x".repeat(10_001)), 400),
        ("gender", json!("x".repeat(256)), 400),
    ] {
        let mut profile = json!({"name": "New", "profile_image_url": ""});
        profile[field] = value;
        admin.post("/api/v1/auths/update/profile", profile).await.refused(status);
    }
    let after = admin.get("/api/v1/auths/").await.ok();
    for field in ["name", "bio", "gender", "date_of_birth"] {
        assert_eq!(after[field], before[field], "{field}");
    }
}

#[actix_web::test]
async fn settings_are_laid_over_those_that_are_there() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let update = async |settings: Value| admin.post(&format!("{SETTINGS}/update"), settings).await.ok();
    update(json!({"ui": {"theme": "dark", "models": ["a"]}, "other": {"a": 1}})).await;
    update(json!({"ui": {"models": ["b"], "system": "be kind"}})).await;
    let merged = json!({"ui": {"theme": "dark", "models": ["b"], "system": "be kind"}, "other": {"a": 1}});
    assert_eq!(admin.get(SETTINGS).await.ok(), merged);
    update(json!({"ui": {"theme": null}, "other": {"b": 2}})).await;
    let fewer = json!({"ui": {"models": ["b"], "system": "be kind"}, "other": {"b": 2}});
    assert_eq!(update(json!({"ui": null})).await, fewer);
    assert_eq!(update(json!({})).await, fewer);
    for bad in [json!({"ui": "dark"}), json!({"ui": []}), json!([])] {
        admin.post(&format!("{SETTINGS}/update"), bad).await.refused(422);
    }
    assert_eq!(admin.get(SETTINGS).await.ok(), fewer);
}

#[actix_web::test]
async fn settings_of_two_clients_at_once_are_both_kept() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let update = async |n: usize| admin.post(&format!("{SETTINGS}/update"), json!({"ui": {format!("member{n}"): n}})).await.ok();
    futures_util::future::join_all((0..8).map(update)).await;
    let kept = admin.get(SETTINGS).await.ok();
    assert_eq!(kept["ui"].as_object().map(serde_json::Map::len), Some(8), "{kept}");
}

#[actix_web::test]
async fn settings_that_need_a_permission_stay_as_they_are_without_it() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, _) = server.account(&admin, "bob", "user").await;
    let all = json!({
        "functions": {"valves": {"f": {"key": "new"}}},
        "notifications": {"webhook_url": "http://x"},
        "ui": {
            "system": "new", "params": {"temperature": 1}, "toolServers": ["new"], "chatBubble": true, "theme": "new",
            "notifications": {"webhook_url": "http://x", "sound": true},
        },
    });
    let nothing = json!({"chat": {"controls": false}, "settings": {"interface": false}, "features": {"webhooks": false}});
    admin.post("/api/v1/users/default/permissions", nothing).await.ok();
    let kept = bob.post(&format!("{SETTINGS}/update"), all.clone()).await.ok();
    assert_eq!(kept, json!({"ui": {"theme": "new", "notifications": {"sound": true}}}));
    let some =
        json!({"chat": {"controls": true}, "settings": {"interface": true}, "features": {"webhooks": true, "direct_tool_servers": true}});
    admin.post("/api/v1/users/default/permissions", some).await.ok();
    assert_eq!(bob.post(&format!("{SETTINGS}/update"), all.clone()).await.ok(), all);
    assert_eq!(text(&bob.get("/api/v1/auths/").await.ok()["name"]), "bob");
}
