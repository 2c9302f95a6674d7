//! `/api/v1/models/…`: records and presets, and who may make them of what.

use serde_json::{Value, json};

use crate::common::{Client, text};
use crate::gateway::{Gateway, chat, ids, read};

const GPT: &str = "gpt-4-turbo";
const LLAMA: &str = "llama3.1:latest";

fn preset(id: &str, base: Value, grants: Value) -> Value {
    json!({"id": id, "base_model_id": base, "name": id, "meta": {}, "params": {"system": "You are a pirate.", "temperature": 0.1}, "access_grants": grants})
}

async fn make(client: &Client, record: Value) -> Value {
    client.post("/api/v1/models/create", record).await.ok()
}

/// Lets plain users do this.
async fn permit(gateway: &Gateway, permissions: Value) {
    gateway.admin.post("/api/v1/users/default/permissions", permissions).await.ok();
}

#[actix_web::test]
async fn a_preset_is_used_only_with_every_model_below_it() {
    let gateway = Gateway::start().await;
    let bob = json!([read("user", &gateway.bob_id)]);
    make(&gateway.admin, preset("pirate", json!(GPT), bob.clone())).await;
    make(&gateway.admin, preset("captain", json!("pirate"), bob.clone())).await;
    let refused = async |model: &str| {
        gateway.bob.post("/api/chat/completions", chat(model)).await.refused(400);
        for path in ["/openai/chat/completions", "/openai/embeddings", "/openai/responses"] {
            gateway.bob.post(path, chat(model)).await.refused(403);
        }
        assert!(!ids(&gateway.bob.get("/api/models").await.ok()).contains(&model.to_owned()));
    };
    refused("pirate").await;
    refused("captain").await;
    assert!(gateway.upstream.requests().is_empty());
    gateway.grant_bob(GPT).await;
    for model in ["pirate", "captain"] {
        gateway.bob.post("/api/chat/completions", chat(model)).await.ok();
        assert_eq!(gateway.last()["model"], GPT);
    }
    gateway.grant("pirate", json!([])).await;
    refused("captain").await;
    gateway.grant("pirate", bob).await;
    gateway.admin.post("/api/v1/models/model/toggle?id=pirate", json!({})).await.ok();
    refused("captain").await;
    gateway.admin.post("/api/v1/models/model/toggle?id=pirate", json!({})).await.ok();
    gateway.bob.post("/api/chat/completions", chat("captain")).await.ok();
    gateway.admin.post("/api/v1/models/model/delete", json!({"id": "pirate"})).await.ok();
    refused("captain").await;
    gateway.admin.post("/api/chat/completions", chat("captain")).await.refused(400);
}

#[actix_web::test]
async fn presets_that_stand_on_each_other_in_a_circle_are_nobodys() {
    let gateway = Gateway::start().await;
    make(&gateway.admin, preset("a", json!("b"), json!([]))).await;
    make(&gateway.admin, preset("b", json!("a"), json!([]))).await;
    make(&gateway.admin, preset("self", json!("self"), json!([]))).await;
    for model in ["a", "b", "self"] {
        gateway.admin.post("/api/chat/completions", chat(model)).await.refused(400);
    }
    assert!(!ids(&gateway.admin.get("/api/models").await.ok()).contains(&"a".to_owned()));
}

#[actix_web::test]
async fn a_preset_brings_its_system_prompt_and_parameters_on_every_road() {
    let gateway = Gateway::start().await;
    let mut pirate = preset("pirate", json!(GPT), json!([]));
    pirate["params"]["custom_params"] = json!({"top_k": 4, "model": "gpt-4o-mini"});
    make(&gateway.admin, pirate).await;
    let mut captain = preset("captain", json!("pirate"), json!([]));
    captain["params"] = json!({"temperature": 0.7, "max_tokens": 5});
    make(&gateway.admin, captain).await;
    gateway.admin.post("/api/chat/completions", chat("captain")).await.ok();
    let sent = gateway.last();
    assert_eq!((&sent["temperature"], &sent["max_tokens"], &sent["top_k"]), (&json!(0.7), &json!(5), &json!(4)));
    assert_eq!((&sent["model"], &sent["system"]), (&json!(GPT), &Value::Null));
    assert_eq!(sent["messages"][0], json!({"role": "system", "content": "You are a pirate."}));
    let mut llama = preset("corsair", json!("llama3.1"), json!([]));
    llama["params"]["num_ctx"] = json!(4096);
    make(&gateway.admin, llama).await;
    for path in ["/api/chat/completions", "/ollama/api/chat"] {
        let mut call = chat("corsair");
        call["stream"] = json!(false);
        gateway.admin.post(path, call).await.ok();
        let sent = gateway.last();
        assert_eq!((&sent["model"], &sent["options"]), (&json!(LLAMA), &json!({"temperature": 0.1, "num_ctx": 4096})), "{path}");
        assert_eq!(sent["messages"][0]["content"], "You are a pirate.", "{path}");
    }
    gateway.admin.post("/ollama/v1/chat/completions", chat("corsair")).await;
    assert_eq!((&gateway.last()["temperature"], &gateway.last()["model"]), (&json!(0.1), &json!(LLAMA)));
}

#[actix_web::test]
async fn a_preset_cannot_lead_to_a_model_that_its_author_may_not_use() {
    let gateway = Gateway::start().await;
    permit(&gateway, json!({"workspace": {"models": true}})).await;
    gateway.grant_bob(GPT).await;
    for smuggled in [json!({"model": "gpt-4o-mini"}), json!({"custom_params": {"model": "gpt-4o-mini", "Model": "gpt-4o-mini"}})] {
        let mut record = preset("mine", json!(GPT), json!([]));
        record["params"] = smuggled;
        make(&gateway.bob, record).await;
        for path in ["/api/chat/completions", "/openai/chat/completions", "/openai/responses"] {
            gateway.bob.post(path, chat("mine")).await;
            let sent = gateway.upstream.requests().pop().expect("a call");
            assert!(!String::from_utf8_lossy(&sent.raw).contains("gpt-4o-mini"), "{path}");
        }
        gateway.bob.post("/api/v1/models/model/delete", json!({"id": "mine"})).await.ok();
    }
}

#[actix_web::test]
async fn a_plain_user_makes_presets_only_with_the_permission_and_only_over_what_it_may_use() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    let post = async |path: &str, record: Value| gateway.bob.post(path, record).await;
    let create = "/api/v1/models/create";
    post(create, preset("mine", json!(GPT), json!([]))).await.refused(401);
    permit(&gateway, json!({"workspace": {"models": true}})).await;
    for none in [Value::Null, json!("")] {
        post(create, preset("new", none.clone(), json!([]))).await.refused(403);
        post(create, preset("gpt-4o-mini", none, json!([]))).await.refused(403);
    }
    for secret in ["gpt-4o-mini", LLAMA, "llama3.1", "nope"] {
        post(create, preset("mine", json!(secret), json!([]))).await.refused(403);
    }
    for taken in ["gpt-4o-mini", LLAMA, "llama3.1", GPT] {
        post(create, preset(taken, json!(GPT), json!([]))).await.refused(400);
    }
    for id in ["", "a b", "a\nb"] {
        post(create, preset(id, json!(GPT), json!([]))).await.refused(422);
    }
    post(create, preset("mine", json!(GPT), json!([read("user", "*")]))).await.refused(403);
    post(create, preset("mine", json!(GPT), json!([read("user", "somebody")]))).await.refused(403);
    make(&gateway.bob, preset("mine", json!(GPT), json!([]))).await;
    for grants in [json!([read("user", "*")]), json!([read("group", "g")])] {
        post("/api/v1/models/model/access/update", json!({"id": "mine", "access_grants": grants})).await.refused(403);
        post("/api/v1/models/model/update", preset("mine", json!(GPT), grants)).await.refused(403);
    }
    post("/api/v1/models/model/update", preset("mine", json!("gpt-4o-mini"), json!([]))).await.refused(403);
    post("/api/v1/models/model/update", preset("mine", Value::Null, json!([]))).await.refused(403);
    permit(&gateway, json!({"workspace": {"models": true}, "sharing": {"models": true}})).await;
    post("/api/v1/models/model/access/update", json!({"id": "mine", "access_grants": [read("user", "*")]})).await.refused(403);
    post("/api/v1/models/model/access/update", json!({"id": "mine", "access_grants": [read("user", "somebody")]})).await.ok();
    gateway.grant(GPT, json!([])).await;
    gateway.bob.post("/api/chat/completions", chat("mine")).await.refused(400);
}

#[actix_web::test]
async fn anothers_record_is_not_changed_and_not_found() {
    let gateway = Gateway::start().await;
    permit(&gateway, json!({"workspace": {"models": true}, "sharing": {"models": true, "public_models": true}})).await;
    gateway.grant(GPT, json!([read("user", "*")])).await;
    let (carol, _) = gateway.server.account(&gateway.admin, "carol", "user").await;
    make(&carol, preset("hers", json!(GPT), json!([]))).await;
    for grants in [json!([]), json!([read("user", &gateway.bob_id)])] {
        carol.post("/api/v1/models/model/access/update", json!({"id": "hers", "access_grants": grants})).await.ok();
        for id in ["hers", "nowhere", GPT] {
            let own = json!([read("user", &gateway.bob_id)]);
            gateway.bob.post("/api/v1/models/model/update", preset(id, json!(GPT), json!([]))).await.refused(404);
            gateway.bob.post("/api/v1/models/model/access/update", json!({"id": id, "access_grants": own})).await.refused(404);
            gateway.bob.post(&format!("/api/v1/models/model/toggle?id={id}"), json!({})).await.refused(404);
            gateway.bob.post("/api/v1/models/model/delete", json!({"id": id})).await.refused(404);
        }
    }
    gateway.bob.post("/api/v1/models/create", preset("hers", json!(GPT), json!([]))).await.refused(400);
    for path in ["/api/v1/models/all", "/api/models/base", "/api/v1/models/base"] {
        gateway.bob.get(path).await.refused(401);
    }
    gateway.bob.delete("/api/v1/models/delete/all").await.refused(401);
    gateway.bob.post("/api/v1/models/sync", json!({"models": []})).await.refused(401);
    gateway.bob.post("/api/v1/models/import", json!({"models": []})).await.refused(401);
    gateway.bob.get("/api/v1/models/export").await.refused(401);
    assert_eq!(gateway.admin.get("/api/v1/models/model?id=hers").await.ok()["id"], "hers");
}

#[actix_web::test]
async fn an_import_makes_nothing_that_could_not_be_made_one_by_one() {
    let gateway = Gateway::start().await;
    permit(&gateway, json!({"workspace": {"models": true, "models_import": true, "models_export": true}})).await;
    gateway.grant_bob(GPT).await;
    let import = async |record: Value| gateway.bob.post("/api/v1/models/import", json!({"models": [record]})).await;
    import(preset("x", json!("gpt-4o-mini"), json!([]))).await.refused(403);
    import(preset("x", json!(GPT), json!([read("user", "*")]))).await.refused(403);
    import(preset(GPT, Value::Null, json!([]))).await.refused(404);
    import(preset("mine", json!(GPT), json!([]))).await.ok();
    let exported = gateway.bob.get("/api/v1/models/export").await.ok();
    assert_eq!(exported.as_array().map(Vec::len), Some(1), "what one may only use is not one's to take along: {exported}");
}

#[actix_web::test]
async fn who_may_use_a_preset_does_not_read_its_prompt_or_its_grants() {
    let gateway = Gateway::start().await;
    let grants = json!([read("user", &gateway.bob_id), read("group", "staff-of-the-moon")]);
    gateway.grant_bob(GPT).await;
    make(&gateway.admin, preset("pirate", json!(GPT), grants)).await;
    for path in
        ["/api/models", "/api/v1/models", "/api/v1/models/list", "/api/v1/models/model?id=pirate", "/api/v1/models/tags", "/openai/models"]
    {
        let answer = gateway.bob.get(path).await;
        answer.ok();
        assert!(!answer.body.contains("You are a pirate") && !answer.body.contains("staff-of-the-moon"), "{path}: {}", answer.body);
    }
    let shown = gateway.bob.get("/api/v1/models/model?id=pirate").await.ok();
    assert_eq!((&shown["write_access"], text(&shown["id"])), (&json!(false), "pirate"));
    assert!(gateway.admin.get("/api/models").await.body.contains("You are a pirate"));
    let (carol, _) = gateway.server.account(&gateway.admin, "carol", "user").await;
    carol.get("/api/v1/models/model?id=pirate").await.refused(404);
    assert_eq!(carol.get("/api/v1/models/list").await.ok()["total"], 0);
}
