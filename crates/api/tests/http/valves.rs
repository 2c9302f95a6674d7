//! Values of functions' settings at rest: encrypted, and set again where the server's secret was changed.

use serde_json::{Value, json};
use transom_auth::{Sealer, Secret};
use transom_domain::{Caller, Role};

use crate::functions::{Functions, ask, content, pipe};

const VALVES: &str = "/api/v1/functions/id/echo/valves";

fn administrator() -> Caller {
    Caller::new("anybody".into(), Role::Admin)
}

/// What is stored of the administrator's values.
async fn stored(house: &Functions) -> Value {
    house.server.store.function(&administrator(), &"echo".into()).await.unwrap().unwrap().valves.unwrap()
}

async fn bob(house: &Functions) -> Caller {
    let id = house.bob.get("/api/v1/auths/").await.ok()["id"].as_str().unwrap().to_owned();
    Caller::new(id.into(), Role::User)
}

async fn settings(house: &Functions) -> Value {
    let user = house.server.store.user(&bob(house).await.id).await.unwrap().unwrap();
    user.settings.unwrap()
}

#[actix_web::test]
async fn values_are_encrypted_in_the_database() {
    let house = Functions::start().await;
    house.on("echo", &pipe("{valve}/{own}")).await;
    house.admin.post(&format!("{VALVES}/update"), json!({"X": "sk-admin"})).await.ok();
    house.bob.post(&format!("{VALVES}/user/update"), json!({"X": "sk-bob"})).await.ok();
    assert!(stored(&house).await.as_str().unwrap().starts_with("sealed:"));
    for text in [stored(&house).await.to_string(), settings(&house).await.to_string()] {
        assert!(!text.contains("sk-"), "{text}");
    }
    assert!(!house.bob.get("/api/v1/users/user/settings").await.body.contains("sk-bob"));
    assert_eq!(house.admin.get(VALVES).await.ok(), json!({"X": "sk-admin"}));
    assert_eq!(house.bob.get(&format!("{VALVES}/user")).await.ok(), json!({"X": "sk-bob"}));
    assert_eq!(content(&house.ask("echo").await), "sk-admin/null");
    let synced = house.admin.get("/api/v1/functions/export?include_valves=true").await.ok();
    house.admin.post("/api/v1/functions/sync", json!({"functions": synced})).await.ok();
    assert!(stored(&house).await.is_string());
}

#[actix_web::test]
async fn values_that_an_earlier_version_stored_in_the_clear_are_encrypted_at_the_next_start() {
    let house = Functions::start().await;
    house.on("echo", &pipe("{valve}/{own}")).await;
    let store = &house.server.store;
    store.set_function_valves(&administrator(), &"echo".into(), json!({"X": "sk-admin"})).await.unwrap().unwrap();
    store.set_user_valves(&bob(&house).await, &"echo".into(), json!({"X": "sk-bob"})).await.unwrap().unwrap();
    house.server.app.functions.start().await.expect("it starts");
    assert!(stored(&house).await.as_str().unwrap().starts_with("sealed:"));
    assert!(!settings(&house).await.to_string().contains("sk-bob"));
    assert_eq!(house.admin.get(VALVES).await.ok(), json!({"X": "sk-admin"}));
    assert_eq!(house.bob.get(&format!("{VALVES}/user")).await.ok(), json!({"X": "sk-bob"}));
    assert_eq!(content(&house.ask("echo").await), "sk-admin/null");
    // Once is enough.
    let sealed = stored(&house).await;
    house.server.app.functions.start().await.expect("it starts again");
    assert_eq!(stored(&house).await, sealed);
}

#[actix_web::test]
async fn values_under_a_lost_secret_are_set_again_and_stop_nothing() {
    let house = Functions::start().await;
    house.on("echo", &pipe("{valve}/{own}")).await;
    let lost = Sealer::for_valves(&Secret::new("another secret, 0123456789abcdef0123")).expect("a sealer");
    let seal = |place: &str| Value::String(lost.seal_text(place, r#"{"X": "sk-lost"}"#).expect("sealed"));
    let store = &house.server.store;
    store.set_function_valves(&administrator(), &"echo".into(), seal("function echo")).await.unwrap().unwrap();
    let user = bob(&house).await;
    store.set_user_valves(&user, &"echo".into(), seal(&format!("function echo of {}", user.id))).await.unwrap().unwrap();

    house.server.app.functions.start().await.expect("it starts");
    assert_eq!(house.admin.get(VALVES).await.ok(), json!({}));
    assert_eq!(house.bob.get(&format!("{VALVES}/user")).await.ok(), json!({}));
    assert_eq!(content(&house.ask("echo").await), "null/null");
    house.admin.get("/api/v1/functions/export").await.ok();
    let refused = house.admin.get("/api/v1/functions/export?include_valves=true").await.refused(400);
    assert!(refused.contains("echo") && refused.contains("set them again"), "{refused}");

    house.admin.post(&format!("{VALVES}/update"), json!({"X": "new"})).await.ok();
    assert_eq!(content(&house.ask("echo").await), "new/null");
    house.admin.get("/api/v1/functions/export?include_valves=true").await.ok();
}

#[actix_web::test]
async fn values_of_one_row_do_not_open_in_another() {
    let house = Functions::start().await;
    for id in ["echo", "other"] {
        house.on(id, &pipe("{valve}")).await;
    }
    house.admin.post(&format!("{VALVES}/update"), json!({"X": "sk-echo"})).await.ok();
    house.server.store.set_function_valves(&administrator(), &"other".into(), stored(&house).await).await.unwrap().unwrap();
    house.server.app.functions.start().await.expect("it starts");
    assert_eq!(content(&ask(&house.admin, "other").await), "null");
}
