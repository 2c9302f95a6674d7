//! `/api/v1/functions/…`: every route, and who may not.

use serde_json::{Value, json};
use transom_testkit::Upstream;

use crate::common::{Answer, Client, Server, Setup, text};
use crate::upstreams::openai;

/// A pipe that says what it is told to.
pub fn pipe(says: &str) -> Value {
    json!({
        "type": "pipe", "manifest": {"title": "T"}, "says": says,
        "valves": {"properties": {"X": {"default": "x"}, "priority": {}}}, "user_valves": {"properties": {"X": {}}},
    })
}

pub struct Functions {
    pub server: Server,
    pub upstream: Upstream,
    pub admin: Client,
    pub bob: Client,
}

impl Functions {
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let upstream = Upstream::start().await;
        let connections = vec![openai(0, upstream.base_url())];
        let server = Server::with(Setup { connections, ..setup }).await;
        let admin = server.admin().await;
        let (bob, _) = server.account(&admin, "bob", "user").await;
        Self { server, upstream, admin, bob }
    }

    pub async fn create(&self, id: &str, code: &Value) -> Answer {
        self.admin.post("/api/v1/functions/create", draft(id, code)).await
    }

    /// Makes it and switches it on.
    pub async fn on(&self, id: &str, code: &Value) {
        self.create(id, code).await.ok();
        assert_eq!(self.admin.post(&format!("/api/v1/functions/id/{id}/toggle"), json!(null)).await.ok()["is_active"], true);
    }

    pub async fn everywhere(&self, id: &str, code: &Value) {
        self.on(id, code).await;
        assert_eq!(self.admin.post(&format!("/api/v1/functions/id/{id}/toggle/global"), json!(null)).await.ok()["is_global"], true);
    }

    pub async fn ask(&self, model: &str) -> Answer {
        ask(&self.admin, model).await
    }
}

pub async fn ask(client: &Client, model: &str) -> Answer {
    client.post("/api/chat/completions", json!({"model": model, "messages": [{"role": "user", "content": "hello"}]})).await
}

pub fn content(answer: &Answer) -> String {
    text(&answer.ok()["choices"][0]["message"]["content"]).to_owned()
}

pub fn draft(id: &str, code: &Value) -> Value {
    json!({"id": id, "name": id, "content": code.to_string(), "meta": {"description": "d"}})
}

async fn models(client: &Client) -> Vec<String> {
    let list = client.get("/api/models").await.ok();
    list["data"].as_array().unwrap().iter().map(|model| text(&model["id"]).to_owned()).collect()
}

#[actix_web::test]
async fn a_function_is_made_switched_off_with_what_its_code_says() {
    let house = Functions::start().await;
    let made = house.create("Echo", &pipe("a")).await.ok();
    assert_eq!(
        (&made["id"], &made["type"], &made["is_active"], &made["is_global"]),
        (&json!("echo"), &json!("pipe"), &json!(false), &json!(false))
    );
    assert_eq!(made["meta"], json!({"description": "d", "manifest": {"title": "T"}}));
    assert!(made.get("content").is_none() && made["version_id"].is_string());
    let whole = house.admin.get("/api/v1/functions/id/echo").await.ok();
    assert_eq!(whole["content"], pipe("a").to_string());
    assert!(whole.get("valves").is_none());
    for path in ["/api/v1/functions", "/api/v1/functions/"] {
        assert_eq!(house.admin.get(path).await.ok()[0]["id"], "echo");
    }
    let listed = &house.admin.get("/api/v1/functions/list").await.ok()[0];
    assert_eq!((&listed["user"]["name"], &listed["user"]["role"]), (&json!("Admin"), &json!("admin")));
    assert!(house.create("echo", &pipe("b")).await.refused(400).contains("taken"));
    assert!(!models(&house.admin).await.contains(&"echo".to_owned()));
    assert_eq!(house.ask("echo").await.status, 400);
}

#[actix_web::test]
async fn what_does_not_load_is_refused_with_reason_and_line() {
    let house = Functions::start().await;
    let body = json!({"id": "broken", "name": "b", "content": "{\n nonsense", "meta": {}});
    assert!(house.admin.post("/api/v1/functions/create", body).await.refused(400).contains("(line 2)"));
    house.create("echo", &pipe("a")).await.ok();
    let body = json!({"id": "echo", "name": "b", "content": "nonsense", "meta": {}});
    house.admin.post("/api/v1/functions/id/echo/update", body).await.refused(400);
    assert_eq!(house.admin.get("/api/v1/functions/id/echo").await.ok()["name"], "echo", "nothing changed");
    for id in ["", "a-b", "../x", "2x"] {
        house.create(id, &pipe("a")).await.refused(400);
    }
}

#[actix_web::test]
async fn a_pipe_is_a_model_as_soon_as_it_is_on_and_none_as_soon_as_it_is_off() {
    let house = Functions::start().await;
    models(&house.admin).await;
    house.on("echo", &pipe("{last} for {user} by {model}")).await;
    assert_eq!(content(&house.ask("echo").await), "hello for Admin by echo");
    let list = house.admin.get("/api/models").await.ok();
    let entry = list["data"].as_array().unwrap().iter().find(|model| model["id"] == "echo").unwrap();
    assert_eq!(entry["pipe"], json!({"type": "pipe"}));
    assert_eq!((&entry["object"], &entry["owned_by"], &entry["has_user_valves"]), (&json!("model"), &json!("openai"), &json!(true)));
    let update = house.admin.post("/api/v1/functions/id/echo/update", draft("echo", &pipe("new"))).await.ok();
    assert_eq!(update["is_active"], true);
    assert_eq!(content(&house.ask("echo").await), "new");
    house.admin.post("/api/v1/functions/id/echo/toggle", json!(null)).await.ok();
    assert!(!models(&house.admin).await.contains(&"echo".to_owned()));
    assert_eq!(house.ask("echo").await.refused(400), "Model not found");
    assert_eq!(house.server.functions.log(), ["stop echo"]);
}

#[actix_web::test]
async fn a_manifold_is_many_models_and_streams() {
    let house = Functions::start().await;
    let code = json!({"type": "pipe", "says": "{model}", "models": [["a", "fold/A"], ["b.c", "fold/B"]]});
    house.on("fold", &code).await;
    let ids = models(&house.admin).await;
    assert!(ids.contains(&"fold.a".to_owned()) && ids.contains(&"fold.b.c".to_owned()) && !ids.contains(&"fold".to_owned()), "{ids:?}");
    assert_eq!(content(&house.ask("fold.b.c").await), "fold.b.c");
    let body = json!({"model": "fold.a", "stream": true, "messages": [{"role": "user", "content": "x"}]});
    let streamed = house.admin.post("/api/chat/completions", body).await;
    assert!(streamed.body.contains("\"content\":\"fold.a\"") && streamed.body.ends_with("data: [DONE]\n\n"), "{}", streamed.body);
}

#[actix_web::test]
async fn a_function_that_fails_says_so_in_its_own_words() {
    let house = Functions::start().await;
    house.on("boom", &json!({"type": "pipe", "raises": "the pipe broke"})).await;
    let answer = house.ask("boom").await;
    assert!((400..600).contains(&answer.status) && answer.body.contains("the pipe broke"), "{} {}", answer.status, answer.body);
}

#[actix_web::test]
async fn a_function_model_is_the_administrators_until_it_is_granted() {
    let house = Functions::start().await;
    house.on("echo", &pipe("hi {user}")).await;
    assert!(!models(&house.bob).await.contains(&"echo".to_owned()));
    assert_eq!(ask(&house.bob, "echo").await.refused(400), "Model not found");
    let grants = json!({"id": "echo", "access_grants": [{"principal_type": "user", "principal_id": "*", "permission": "read"}]});
    house.admin.post("/api/v1/models/model/access/update", grants).await.ok();
    assert_eq!(content(&ask(&house.bob, "echo").await), "hi bob");
    let preset = json!({"id": "preset", "base_model_id": "echo", "name": "P", "params": {"system": "S"}, "meta": {}});
    house.admin.post("/api/v1/models/create", preset).await.ok();
    assert_eq!(content(&house.ask("preset").await), "hi Admin");
}

#[actix_web::test]
async fn values_are_checked_kept_and_shown_to_administrators_alone() {
    let house = Functions::start().await;
    house.on("echo", &pipe("{valve}/{own}")).await;
    assert_eq!(house.admin.get("/api/v1/functions/id/echo/valves").await.ok(), json!({}));
    assert_eq!(house.admin.get("/api/v1/functions/id/echo/valves/spec").await.ok()["properties"]["X"]["default"], "x");
    let set = house.admin.post("/api/v1/functions/id/echo/valves/update", json!({"X": "secret", "priority": null})).await.ok();
    assert_eq!(set, json!({"X": "secret"}));
    assert!(house.admin.post("/api/v1/functions/id/echo/valves/update", json!({"Y": 1})).await.refused(400).contains('Y'));
    assert_eq!(content(&house.ask("echo").await), "secret/null");
    for path in ["/api/v1/functions/", "/api/v1/functions/list", "/api/v1/functions/export", "/api/v1/functions/id/echo", "/api/models"] {
        assert!(!house.admin.get(path).await.body.contains("secret"), "{path}");
    }
    assert_eq!(house.admin.get("/api/v1/functions/export?include_valves=true").await.ok()[0]["valves"], json!({"X": "secret"}));
    for path in ["valves", "valves/spec"] {
        house.bob.get(&format!("/api/v1/functions/id/echo/{path}")).await.refused(401);
    }
    house.create("plain", &json!({"type": "pipe"})).await.ok();
    assert_eq!(house.admin.get("/api/v1/functions/id/plain/valves/spec").await.ok(), Value::Null);
    house.admin.post("/api/v1/functions/id/plain/valves/update", json!({"X": 1})).await.refused(404);
}

#[actix_web::test]
async fn every_user_has_values_of_its_own() {
    let house = Functions::start().await;
    house.on("echo", &pipe("{own}")).await;
    let path = "/api/v1/functions/id/echo/valves/user";
    assert_eq!(house.bob.get(path).await.ok(), json!({}));
    assert!(house.bob.get(&format!("{path}/spec")).await.ok()["properties"]["X"].is_object());
    assert_eq!(house.bob.post(&format!("{path}/update"), json!({"X": "bobs"})).await.ok(), json!({"X": "bobs"}));
    house.bob.post(&format!("{path}/update"), json!({"Z": 1})).await.refused(400);
    assert_eq!(house.bob.get(path).await.ok(), json!({"X": "bobs"}));
    assert_eq!(house.admin.get(path).await.ok(), json!({}), "another's");
    assert_eq!(content(&house.ask("echo").await), "null");
    assert!(!house.bob.get("/api/v1/users/user/settings").await.body.contains("bobs"), "encrypted there");
    // A user sees what it has values for, and no code.
    let listed = house.bob.get("/api/v1/functions/").await;
    assert_eq!(listed.ok()[0]["id"], "echo");
    assert!(!listed.body.contains("says") && listed.ok()[0].get("content").is_none());
    house.admin.post("/api/v1/functions/id/echo/toggle", json!(null)).await.ok();
    house.bob.get(path).await.refused(404);
    assert_eq!(house.bob.get("/api/v1/functions/").await.ok(), json!([]));
}

#[actix_web::test]
async fn what_a_function_was_is_kept_and_comes_back() {
    let house = Functions::start().await;
    house.on("echo", &pipe("one")).await;
    let first = house.admin.get("/api/v1/functions/id/echo").await.ok()["version_id"].clone();
    let mut change = draft("echo", &pipe("two"));
    change["commit_message"] = json!("better");
    let second = house.admin.post("/api/v1/functions/id/echo/update", change).await.ok()["version_id"].clone();
    let history = house.admin.get("/api/v1/functions/id/echo/history?page=1").await.ok();
    assert_eq!((history.as_array().unwrap().len(), &history[0]["id"], &history[0]["commit_message"]), (2, &second, &json!("better")));
    assert_eq!((&history[0]["parent_id"], &history[0]["user"]["name"]), (&first, &json!("Admin")));
    assert_eq!(house.admin.get("/api/v1/functions/id/echo/history?page=2").await.ok(), json!([]));
    let path = |version: &Value| format!("/api/v1/functions/id/echo/history/{}", text(version));
    assert_eq!(house.admin.get(&path(&first)).await.ok()["snapshot"]["content"], pipe("one").to_string());
    let diff = format!("/api/v1/functions/id/echo/history/diff?from_id={}&to_id={}", text(&first), text(&second));
    assert_eq!(house.admin.get(&diff).await.ok()["content_diff"].as_array().unwrap().len(), 2);
    house.admin.delete(&path(&second)).await.refused(400);
    let back = house.admin.post("/api/v1/functions/id/echo/update/version", json!({"version_id": first})).await.ok();
    assert_eq!(back["version_id"], first);
    assert_eq!(content(&house.ask("echo").await), "one");
    assert_eq!(house.admin.delete(&path(&second)).await.ok(), json!(true));
    house.admin.get(&path(&second)).await.refused(404);
}

#[actix_web::test]
async fn a_set_is_synced_and_a_function_deleted() {
    let house = Functions::start().await;
    house.on("goes", &pipe("x")).await;
    let function = |id: &str| {
        let mut function = draft(id, &pipe("{valve}"));
        function["is_active"] = json!(true);
        function["valves"] = json!({"X": "synced"});
        function
    };
    let bad = json!({"functions": [function("comes"), {"id": "bad", "name": "b", "content": "no", "meta": {}}]});
    house.admin.post("/api/v1/functions/sync", bad).await.refused(400);
    assert_eq!(house.admin.get("/api/v1/functions/").await.ok()[0]["id"], "goes", "all or nothing");
    let synced = house.admin.post("/api/v1/functions/sync", json!({"functions": [function("comes")]})).await.ok();
    assert_eq!((&synced[0]["id"], &synced[0]["valves"]["X"]), (&json!("comes"), &json!("synced")));
    assert_eq!(content(&house.ask("comes").await), "synced");
    house.ask("goes").await.refused(400);
    let path = "/api/v1/functions/id/comes/delete";
    assert_eq!(house.admin.delete(path).await.ok(), json!(true));
    assert_eq!(house.admin.delete(path).await.ok(), json!(false));
    house.ask("comes").await.refused(400);
    assert_eq!(house.server.functions.log(), ["stop goes", "forget goes", "stop comes", "forget comes"]);
}

#[actix_web::test]
async fn code_is_loaded_from_addresses_that_the_guard_lets_through() {
    let upstream = Upstream::start().await;
    let reach = transom_fetch::FetchSettings { reach: transom_fetch::Reach::Local, ..Default::default() };
    let open = Functions::with(Setup { fetch: reach, ..Setup::default() }).await;
    let url = json!({"url": format!("{}/api/version", upstream.base_url())});
    let loaded = open.admin.post("/api/v1/functions/load/url", url.clone()).await.ok();
    assert!(loaded["name"] == "api" && loaded["content"].is_string(), "{loaded}");
    let guarded = Functions::start().await;
    guarded.admin.post("/api/v1/functions/load/url", url.clone()).await.refused(400);
    open.bob.post("/api/v1/functions/load/url", url).await.refused(401);
}
