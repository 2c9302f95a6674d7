//! Settings that an administrator changed while the server ran, and the way back to the variables.

use serde_json::json;

use crate::client::Client;
use crate::place::{Place, words};

async fn change(admin: &Client) {
    let (status, body) = admin.post("/api/v1/retrieval/config/update", &json!({"TOP_K": 7})).await;
    assert_eq!(status, 200, "{body}");
    let (_, mut settings) = admin.get("/api/v1/auths/admin/config").await;
    settings["ENABLE_SIGNUP"] = json!(true);
    let (status, body) = admin.post("/api/v1/auths/admin/config", &settings).await;
    assert_eq!(status, 200, "{body}");
    let (_, mut permissions) = admin.get("/api/v1/users/default/permissions").await;
    permissions["features"]["api_keys"] = json!(true);
    let (status, body) = admin.post("/api/v1/users/default/permissions", &permissions).await;
    assert_eq!(status, 200, "{body}");
}

async fn said(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments, "").await;
    assert!(output.status.success(), "{:?}", words(&output));
    words(&output).0
}

async fn top_k(client: &Client) -> i64 {
    client.get("/api/v1/retrieval/config").await.1["TOP_K"].as_i64().unwrap()
}

#[tokio::test]
async fn a_changed_setting_that_goes_before_a_variable_is_said_at_start_listed_and_reset() {
    let mut place = Place::bare().with("RAG_TOP_K", "4");
    let server = place.serve().await;
    change(&server.client.sign_up().await).await;
    server.stop().await;

    // Another setting of the same kind follows its variable still.
    place.set("RAG_TOP_K", "5");
    place.set("SHOW_ADMIN_DETAILS", "false");
    let server = place.serve().await;
    let admin = server.client.sign_in_admin().await;
    assert_eq!(top_k(&admin).await, 7);
    assert_eq!(admin.get("/api/v1/auths/admin/config").await.1["SHOW_ADMIN_DETAILS"], false);
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("goes before its variable")).collect();
    assert!(lines.len() == 1 && lines[0].contains("RAG_TOP_K") && lines[0].contains('7') && lines[0].contains('5'), "{log}");
    server.stop().await;

    let list = said(&place, &["settings", "list"]).await;
    let expected = "ENABLE_SIGNUP\ttrue\tfalse\nUSER_PERMISSIONS_FEATURES_API_KEYS\ttrue\t\nRAG_TOP_K\t7\t5\n";
    assert_eq!(list, expected);
    assert!(place.refused(&["settings", "reset", "CHUNK_SIZE"]).await.contains("was not changed"));
    said(&place, &["settings", "reset", "RAG_TOP_K"]).await;
    said(&place, &["settings", "reset", "USER_PERMISSIONS_FEATURES_API_KEYS"]).await;
    assert_eq!(said(&place, &["settings", "list"]).await, "ENABLE_SIGNUP\ttrue\tfalse\n");
    said(&place, &["settings", "reset"]).await;
    assert_eq!(said(&place, &["settings", "list"]).await, "");

    let server = place.serve().await;
    let admin = server.client.sign_in_admin().await;
    assert_eq!(top_k(&admin).await, 5);
    assert_eq!(admin.get("/api/v1/auths/admin/config").await.1["ENABLE_SIGNUP"], false);
    assert!(!server.log().contains("goes before its variable"), "{}", server.log());
}
