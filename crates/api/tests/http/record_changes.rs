//! Changes of model records: who may make which, and what stays.

use serde_json::{Value, json};

use crate::common::Client;
use crate::gateway::{Gateway, chat, read};

const GPT: &str = "gpt-4-turbo";
const UPDATE: &str = "/api/v1/models/model/update";
const ACCESS: &str = "/api/v1/models/model/access/update";

fn write(id: &str) -> Value {
    json!({"principal_type": "user", "principal_id": id, "permission": "write"})
}

fn preset(id: &str) -> Value {
    json!({"id": id, "base_model_id": GPT, "name": id, "meta": {}, "params": {}})
}

async fn shown(client: &Client, id: &str) -> Value {
    client.get(&format!("/api/v1/models/model?id={id}")).await.ok()
}

/// A preset of the administrator's with this member, and these grants.
async fn make(gateway: &Gateway, id: &str, member: &str, value: Value, grants: Value) {
    let mut record = preset(id);
    record[member] = value;
    record["access_grants"] = grants;
    gateway.admin.post("/api/v1/models/create", record).await.ok();
}

#[actix_web::test]
async fn a_writer_of_a_preset_changes_it_without_the_permission_to_make_presets_or_to_use_its_base() {
    let gateway = Gateway::start().await;
    make(&gateway, "ours", "name", json!("Ours"), json!([write(&gateway.bob_id)])).await;
    let mut change = preset("ours");
    change["params"] = json!({"system": "Be kind."});
    assert_eq!(gateway.bob.post(UPDATE, change.clone()).await.ok()["params"]["system"], "Be kind.");
    change["base_model_id"] = json!("gpt-4o-mini");
    gateway.bob.post(UPDATE, change.clone()).await.refused(403);
    change["base_model_id"] = Value::Null;
    gateway.bob.post(UPDATE, change).await.refused(403);
    gateway.bob.post("/api/v1/models/create", preset("new")).await.refused(401);
    gateway.bob.post("/api/chat/completions", chat("ours")).await.refused(400);
    gateway.admin.post(ACCESS, json!({"id": "ours", "access_grants": [read("user", &gateway.bob_id)]})).await.ok();
    gateway.bob.post(UPDATE, preset("ours")).await.refused(404);
    assert_eq!(shown(&gateway.admin, "ours").await["params"]["system"], "Be kind.");
}

#[actix_web::test]
async fn a_writer_who_gives_up_its_own_grant_is_told_that_it_was_done() {
    let gateway = Gateway::start().await;
    for (id, path) in [("a", ACCESS), ("b", UPDATE)] {
        make(&gateway, id, "name", json!(id), json!([write(&gateway.bob_id)])).await;
        let mut change = preset(id);
        change["access_grants"] = json!([]);
        assert_eq!(gateway.bob.post(path, change).await.ok()["access_grants"], json!([]), "{path}");
        gateway.bob.get(&format!("/api/v1/models/model?id={id}")).await.refused(404);
    }
}

#[actix_web::test]
async fn what_a_change_leaves_out_stays_as_it_is() {
    let gateway = Gateway::start().await;
    let picture = "data:image/png;base64,AAAA";
    make(&gateway, "p", "meta", json!({"profile_image_url": picture, "description": "old"}), json!([read("user", "*")])).await;
    gateway.admin.post("/api/v1/models/model/toggle?id=p", json!({})).await.ok();
    gateway.admin.post(UPDATE, json!({"id": "p", "name": "New", "meta": {"description": "new"}, "params": {}})).await.ok();
    let after = shown(&gateway.admin, "p").await;
    assert_eq!((&after["name"], &after["base_model_id"], &after["is_active"]), (&json!("New"), &json!(GPT), &json!(false)));
    assert_eq!(after["meta"], json!({"description": "new", "profile_image_url": picture}));
    assert_eq!(after["access_grants"].as_array().map(Vec::len), Some(1));
    let cleared =
        json!({"id": "p", "name": "New", "base_model_id": null, "meta": {"profile_image_url": null}, "params": {}, "is_active": true});
    gateway.admin.post(UPDATE, cleared).await.ok();
    let after = shown(&gateway.admin, "p").await;
    assert_eq!(
        (&after["base_model_id"], &after["meta"]["profile_image_url"], &after["is_active"]),
        (&Value::Null, &Value::Null, &json!(true))
    );
}

#[actix_web::test]
async fn an_upstreams_model_with_a_space_in_its_id_can_be_granted() {
    let gateway = Gateway::start().await;
    let granted = json!({"id": "my fine model", "access_grants": [read("user", &gateway.bob_id)]});
    assert_eq!(gateway.admin.post(ACCESS, granted).await.ok()["id"], "my fine model");
    let decorated = json!({"id": "another fine model", "base_model_id": null, "name": "Fine", "meta": {}, "params": {}});
    gateway.admin.post("/api/v1/models/create", decorated).await.ok();
    gateway.admin.post("/api/v1/models/create", preset("a preset")).await.refused(422);
    for bad in ["", " ", " x", "x ", "a\nb", "a\u{0}b"] {
        gateway.admin.post(ACCESS, json!({"id": bad, "access_grants": []})).await.refused(422);
    }
}

#[actix_web::test]
async fn pictures_that_could_do_something_are_refused() {
    let gateway = Gateway::start().await;
    for (field, bad) in [
        ("profile_image_url", json!("javascript:alert(1)")),
        ("profile_image_url", json!("data:image/svg+xml;base64,AAAA")),
        ("profile_image_url", json!("/api/v1/auths/signout")),
        ("profile_image_url", json!({"url": "x"})),
        ("background_image_url", json!("https://evil.example/a.png")),
        ("background_image_url", json!("data:image/png;base64,AAAA")),
    ] {
        for path in ["/api/v1/models/create", "/api/v1/models/import"] {
            let mut record = preset("p");
            record["meta"] = json!({field: bad});
            let body = if path.ends_with("import") { json!({"models": [record]}) } else { record };
            gateway.admin.post(path, body).await.refused(422);
        }
    }
    assert_eq!(gateway.admin.get("/api/v1/models/all").await.ok(), json!([]), "nothing of it is kept");
    let mut record = preset("p");
    record["meta"] = json!({"profile_image_url": "https://example.com/a.png"});
    gateway.admin.post("/api/v1/models/create", record.clone()).await.ok();
    record["meta"] = json!({"profile_image_url": "javascript:alert(1)"});
    gateway.admin.post(UPDATE, record).await.refused(422);
    assert_eq!(shown(&gateway.admin, "p").await["meta"]["profile_image_url"], "https://example.com/a.png");
}

#[actix_web::test]
async fn a_preset_names_no_documents_that_its_author_may_not_read() {
    let gateway = Gateway::start().await;
    gateway.admin.post("/api/v1/users/default/permissions", json!({"workspace": {"models": true}})).await.ok();
    gateway.grant_bob(GPT).await;
    let secret = gateway.admin.post("/api/v1/knowledge/create", json!({"name": "S", "description": ""})).await.ok()["id"].clone();
    for meta in [
        json!({"knowledge": [{"type": "collection", "id": secret}]}),
        json!({"knowledge": [{"type": "file", "id": "nope"}]}),
        json!({"background_image_url": "/api/v1/files/0a-1/content"}),
    ] {
        let mut record = preset("mine");
        record["meta"] = meta;
        gateway.bob.post("/api/v1/models/create", record).await.refused(403);
    }
    // What its owner put there does not keep a writer from changing the rest.
    let knowledge = json!({"knowledge": [{"type": "collection", "id": secret}]});
    make(&gateway, "ours", "meta", knowledge.clone(), json!([write(&gateway.bob_id)])).await;
    let mut change = preset("ours");
    change["meta"] = knowledge;
    gateway.bob.post(UPDATE, change.clone()).await.ok();
    change["meta"]["knowledge"][0]["id"] = json!("other");
    gateway.bob.post(UPDATE, change).await.refused(403);
}

#[actix_web::test]
async fn base_models_of_the_workspace_are_a_list_of_records() {
    let gateway = Gateway::start().await;
    make(&gateway, "preset", "name", json!("P"), json!([])).await;
    let tagged = json!({"id": GPT, "base_model_id": null, "name": "G", "meta": {"tags": [{"name": "Fast"}]}, "params": {}});
    gateway.admin.post("/api/v1/models/create", tagged).await.ok();
    let ids = async |path: &str| {
        let list = gateway.admin.get(path).await.ok();
        list.as_array().expect("a list").iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("/api/v1/models/base").await, [GPT]);
    assert_eq!(ids("/api/v1/models/base?tag=fast").await, [GPT]);
    assert!(ids("/api/v1/models/base?tag=slow").await.is_empty());
    assert!(gateway.admin.get("/api/models/base").await.ok()["data"].is_array(), "the catalogue's list has its own shape");
    gateway.bob.get("/api/v1/models/base").await.refused(401);
}

#[actix_web::test]
async fn presets_are_listed_by_page_and_by_what_is_asked_for() {
    let gateway = Gateway::start().await;
    gateway.admin.post("/api/v1/users/default/permissions", json!({"workspace": {"models": true}})).await.ok();
    gateway.grant_bob(GPT).await;
    for n in 0..31 {
        let meta = json!({"tags": [{"name": format!("tag{}", n % 2)}], "profile_image_url": "/user.png"});
        make(&gateway, &format!("p{n:02}"), "meta", meta, json!([read("user", "*")])).await;
    }
    gateway.bob.post("/api/v1/models/create", preset("own")).await.ok();
    let list = async |query: &str| gateway.bob.get(&format!("/api/v1/models/list{query}")).await.ok();
    let first = list("?order_by=name&direction=asc").await;
    assert_eq!((&first["total"], first["items"].as_array().unwrap().len(), &first["items"][0]["id"]), (&json!(32), 30, &json!("own")));
    let item = &first["items"][1];
    assert_eq!((&item["user"]["name"], &item["write_access"], &item["params"]), (&json!("Admin"), &json!(false), &json!({})));
    assert!(item["meta"].get("profile_image_url").is_none(), "{item}");
    assert_eq!(list("?order_by=name&direction=asc&page=2").await["items"][1]["id"], "p30");
    for (query, total) in [
        ("?view_option=created", 1),
        ("?view_option=shared", 31),
        ("?tag=TAG1", 15),
        ("?query=P3", 1),
        ("?query=gpt-4", 32),
        ("?query=nothing", 0),
        ("?page=9", 32),
    ] {
        assert_eq!(list(query).await["total"], total, "{query}");
    }
}

#[actix_web::test]
async fn an_export_holds_what_is_asked_for_or_is_refused() {
    let gateway = Gateway::start().await;
    let permissions = json!({"workspace": {"models": true, "models_export": true}});
    gateway.admin.post("/api/v1/users/default/permissions", permissions).await.ok();
    gateway.grant_bob(GPT).await;
    for id in ["a", "b"] {
        gateway.bob.post("/api/v1/models/create", preset(id)).await.ok();
    }
    make(&gateway, "c", "name", json!("C"), json!([read("user", "*")])).await;
    let export = async |query: &str| gateway.bob.get(&format!("/api/v1/models/export{query}")).await;
    assert_eq!(export("").await.ok().as_array().map(Vec::len), Some(2));
    assert_eq!(export("?ids=b").await.ok()[0]["id"], "b");
    assert_eq!(export("?ids=a&ids=b").await.ok().as_array().map(Vec::len), Some(2));
    export("?ids=a&ids=c").await.refused(403);
    export("?ids=nope").await.refused(403);
}
