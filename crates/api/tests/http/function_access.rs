//! Who may not touch functions, and what is not there.

use serde_json::json;

use crate::common::{Answer, Client, Setup};
use crate::functions::{Functions, draft, pipe};

/// Every route, with the method it takes.
const ROUTES: [(&str, &str); 20] = [
    ("GET", "/api/v1/functions/list"),
    ("GET", "/api/v1/functions/export"),
    ("POST", "/api/v1/functions/load/url"),
    ("POST", "/api/v1/functions/sync"),
    ("POST", "/api/v1/functions/create"),
    ("GET", "/api/v1/functions/id/echo"),
    ("POST", "/api/v1/functions/id/echo/toggle"),
    ("POST", "/api/v1/functions/id/echo/toggle/global"),
    ("POST", "/api/v1/functions/id/echo/update"),
    ("POST", "/api/v1/functions/id/echo/update/version"),
    ("DELETE", "/api/v1/functions/id/echo/delete"),
    ("GET", "/api/v1/functions/id/echo/valves"),
    ("GET", "/api/v1/functions/id/echo/valves/spec"),
    ("POST", "/api/v1/functions/id/echo/valves/update"),
    ("GET", "/api/v1/functions/id/echo/history"),
    ("GET", "/api/v1/functions/id/echo/history/diff?from_id=a&to_id=b"),
    ("GET", "/api/v1/functions/id/echo/history/x"),
    ("DELETE", "/api/v1/functions/id/echo/history/x"),
    ("GET", "/api/v1/functions/export?include_valves=true"),
    ("GET", "/api/v1/functions/id/missing"),
];

async fn call(client: &Client, method: &str, path: &str) -> Answer {
    match method {
        "GET" => client.get(path).await,
        "DELETE" => client.delete(path).await,
        _ => client.post(path, json!({})).await,
    }
}

#[actix_web::test]
async fn whoever_is_no_administrator_is_refused_on_every_route() {
    let house = Functions::start().await;
    house.on("echo", &pipe("a")).await;
    let (pending, _) = house.server.account(&house.admin, "pending", "pending").await;
    for (method, path) in ROUTES {
        for client in [&house.bob, &pending, &house.server.anonymous()] {
            call(client, method, path).await.refused(401);
        }
    }
    for path in ["/api/v1/functions/", "/api/v1/functions/id/echo/valves/user", "/api/v1/functions/id/echo/valves/user/spec"] {
        pending.get(path).await.refused(401);
        house.server.anonymous().get(path).await.refused(401);
    }
    assert_eq!(house.admin.get("/api/v1/functions/id/echo").await.ok()["is_active"], true, "nothing was done");
}

#[actix_web::test]
async fn what_is_not_there_is_said_so() {
    let house = Functions::start().await;
    for (method, path) in ROUTES {
        let Some(rest) = path.strip_prefix("/api/v1/functions/id/echo") else { continue };
        if rest == "/delete" || rest.ends_with("update") || rest.ends_with("version") {
            continue;
        }
        call(&house.admin, method, path).await.refused(404);
    }
    house.admin.post("/api/v1/functions/id/echo/update", draft("echo", &pipe("a"))).await.refused(404);
    house.admin.post("/api/v1/functions/id/echo/valves/update", json!({})).await.refused(404);
    house.admin.post("/api/v1/functions/id/echo/update/version", json!({"version_id": "x"})).await.refused(404);
    assert_eq!(house.admin.post("/api/v1/functions/create", json!({"id": "x"})).await.status, 422);
}

#[actix_web::test]
async fn without_plugins_there_are_no_functions_to_be_seen() {
    let house = Functions::with(Setup { without_plugins: true, ..Setup::default() }).await;
    for path in ["/api/v1/functions/", "/api/v1/functions/list", "/api/v1/functions/export"] {
        assert_eq!(house.admin.get(path).await.ok(), json!([]), "{path}");
    }
    assert!(house.create("echo", &pipe("a")).await.refused(404).contains("ENABLE_PLUGINS"));
    house.admin.get("/api/v1/functions/id/echo").await.refused(404);
    assert_eq!(house.admin.get("/api/config").await.ok()["features"]["enable_plugins"], false);
}
