//! A request goes to the model that was judged, whatever else it names.

use serde_json::{Value, json};

use crate::gateway::{Gateway, chat, post_bytes, read};

const GPT: &str = "gpt-4-turbo";
const LLAMA: &str = "llama3.1:latest";
const SECRET: &str = "gpt-4o-mini";

/// Every kind of road that sends a body to an upstream.
const ROADS: [(&str, &str); 14] = [
    ("/api/chat/completions", GPT),
    ("/api/v1/chat/completions", LLAMA),
    ("/api/embeddings", GPT),
    ("/openai/chat/completions", GPT),
    ("/openai/embeddings", GPT),
    ("/openai/completions", GPT),
    ("/openai/responses", GPT),
    ("/openai/messages", GPT),
    ("/openai/moderations", GPT),
    ("/openai/rerank", GPT),
    ("/openai/images/generations", GPT),
    ("/ollama/api/chat", LLAMA),
    ("/ollama/api/generate", LLAMA),
    ("/ollama/v1/chat/completions", LLAMA),
];

fn body(model: &str, more: &Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}], "input": "hi", "prompt": "hi"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[actix_web::test]
async fn a_member_that_names_another_model_or_another_place_is_refused_on_every_road_and_reaches_no_upstream() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    gateway.grant_bob(LLAMA).await;
    for (path, model) in ROADS {
        for more in [
            json!({"models": [SECRET]}),
            json!({"Model": SECRET}),
            json!({"fallbacks": [SECRET]}),
            json!({"route": "fallback"}),
            json!({"provider": "another"}),
            json!({"api_base": "https://example.com"}),
            json!({"base_url": "https://example.com"}),
            json!({"extra_body": {"models": [SECRET]}}),
            json!({"previous_response_id": "resp_1"}),
            json!({"session": {"model": SECRET}}),
            json!({"tools": [{"type": "image_generation", "model": SECRET}]}),
            json!({"plugins": [{"id": "auto-router", "allowed_models": [SECRET]}]}),
        ] {
            let words = gateway.bob.post(path, body(model, &more)).await.refused(400);
            let name = more.as_object().unwrap().keys().next().unwrap();
            assert!(words.contains(name) || words.contains("model"), "{path} {more}: {words}");
        }
        assert!(gateway.upstream.requests().is_empty(), "{path}");
        gateway.bob.post(path, body(model, &json!({"provider": {"order": ["x"]}, "models": null}))).await;
        gateway.admin.post(path, body(model, &json!({"fallbacks": [SECRET]}))).await;
        assert_eq!(gateway.upstream.requests().len(), 2, "{path}: what is harmless, and what an administrator says, is passed on");
        gateway.upstream.forget();
    }
}

#[actix_web::test]
async fn parameters_that_a_chat_brings_along_cannot_route_it() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    for params in [json!({"models": [SECRET]}), json!({"custom_params": {"api_base": "http://127.0.0.1:9"}})] {
        gateway.bob.post("/api/chat/completions", body(GPT, &json!({"params": params}))).await.refused(400);
    }
    assert!(gateway.upstream.requests().is_empty());
    gateway.bob.post("/api/chat/completions", body(GPT, &json!({"params": {"temperature": 0.5}}))).await.ok();
}

#[actix_web::test]
async fn a_tool_may_use_a_model_that_its_user_may_use() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    let call = body(GPT, &json!({"tools": [{"type": "image_generation", "model": SECRET}]}));
    let words = gateway.bob.post("/openai/responses", call.clone()).await.refused(400);
    assert!(words.contains(SECRET), "{words}");
    let twice = format!(r#"{{"model":"{GPT}","tools":[{{"type":"image_generation","model":"{GPT}","model":"{SECRET}"}}]}}"#);
    post_bytes(&gateway.bob, "/openai/responses", &twice).await.refused(400);
    assert!(gateway.upstream.requests().is_empty());
    gateway.grant_bob(SECRET).await;
    gateway.bob.post("/openai/responses", call).await;
    assert_eq!(gateway.last()["tools"][0]["model"], SECRET);
}

#[actix_web::test]
async fn a_function_may_take_an_argument_that_is_called_model() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    let schema = json!({"type": "object", "properties": {"model": {"type": "string"}, "models": {"type": "array"}}});
    let tools = json!([{"type": "function", "function": {"name": "buy", "parameters": schema}}]);
    gateway.bob.post("/api/chat/completions", body(GPT, &json!({"tools": tools}))).await.ok();
    assert_eq!(gateway.last()["tools"], tools);
}

#[actix_web::test]
async fn only_an_administrators_preset_may_route_its_calls() {
    let gateway = Gateway::start().await;
    gateway.grant_bob(GPT).await;
    let permissions = gateway.admin.get("/api/v1/users/default/permissions").await.ok();
    let mut wanted = permissions;
    wanted["workspace"]["models"] = json!(true);
    gateway.admin.post("/api/v1/users/default/permissions", wanted).await.ok();
    let preset = |params: Value| json!({"id": "preset", "base_model_id": GPT, "name": "Preset", "meta": {}, "params": params});
    let create = "/api/v1/models/create";
    for params in [
        json!({"models": [SECRET]}),
        json!({"custom_params": {"fallbacks": [SECRET]}}),
        json!({"custom_params": {"extra_body": "{\"api_base\": \"http://127.0.0.1:9\"}"}}),
        json!({"tools": [{"type": "image_generation", "model": SECRET}]}),
    ] {
        gateway.bob.post(create, preset(params)).await.refused(400);
    }
    gateway.bob.post(create, preset(json!({"temperature": 0.1, "model_controls": true}))).await.ok();
    let update = "/api/v1/models/model/update";
    gateway.bob.post(update, preset(json!({"models": [SECRET]}))).await.refused(400);
    gateway.bob.post("/api/v1/models/model/delete", json!({"id": "preset"})).await.ok();
    let mut routed = preset(json!({"models": [SECRET]}));
    routed["access_grants"] = json!([read("user", &gateway.bob_id)]);
    gateway.admin.post(create, routed).await.ok();
    gateway.bob.post("/api/chat/completions", chat("preset")).await.ok();
    assert_eq!(gateway.last()["models"], json!([SECRET]));
}
