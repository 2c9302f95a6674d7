//! Filters around chat calls: what they see, in which order, and what becomes of it.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use transom_app::functions::{Audience, LinkedFunction};
use transom_llm::{Body, CallContext, ChatAnswer, ChatRequest, Function, FunctionAbout, FunctionError, LlmError};

use crate::common::{Answer, Setup, text};
use crate::functions::{Functions, ask, content, draft, pipe};

fn filter(more: Value) -> Value {
    let mut code = json!({"type": "filter"});
    code.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    code
}

fn chat(more: Value) -> Value {
    let mut body = json!({"model": "gpt-4-turbo", "messages": [{"role": "user", "content": "hello"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

impl Functions {
    /// What the upstream was asked last.
    fn asked(&self) -> Value {
        self.upstream.requests().last().unwrap().body.clone()
    }

    fn question(&self) -> String {
        text(&self.asked()["messages"][0]["content"]).to_owned()
    }
}

#[actix_web::test]
async fn what_the_inlet_gives_back_is_the_request() {
    let house = Functions::start().await;
    house.everywhere("all", &filter(json!({"appends": " [all]"}))).await;
    house.on("none", &filter(json!({"appends": " [none]"}))).await;
    let answer = house.admin.post("/api/chat/completions", chat(json!({"chat_id": "c", "metadata": {"mine": 1}}))).await;
    answer.ok();
    assert_eq!(house.question(), "hello [all]");
    assert_eq!(house.asked()["metadata"], json!({"mine": 1}), "the client's own, and nothing of ours");
    assert!(house.asked().get("chat_id").is_none());
}

#[actix_web::test]
async fn filters_look_in_the_order_of_their_priority_and_then_of_their_ids() {
    let house = Functions::start().await;
    let valves = json!({"properties": {"priority": {}}});
    for (id, appends) in [("b", "b"), ("a", "a"), ("c", "c")] {
        house.everywhere(id, &filter(json!({"appends": appends, "valves": valves}))).await;
    }
    house.ask("gpt-4-turbo").await.ok();
    assert_eq!(house.question(), "helloabc");
    house.admin.post("/api/v1/functions/id/c/valves/update", json!({"priority": -1})).await.ok();
    house.ask("gpt-4-turbo").await.ok();
    assert_eq!(house.question(), "hellocab");
}

#[actix_web::test]
async fn an_attached_filter_looks_at_its_model_alone() {
    let house = Functions::start().await;
    house.on("own", &filter(json!({"appends": " [own]"}))).await;
    let record = json!({"id": "gpt-4-turbo", "name": "G", "params": {}, "meta": {"filterIds": ["own", "missing"]}});
    house.admin.post("/api/v1/models/create", record).await.ok();
    house.ask("gpt-4-turbo").await.ok();
    assert_eq!(house.question(), "hello [own]");
    house.ask("gpt-4o-mini").await.ok();
    assert_eq!(house.question(), "hello");
}

#[actix_web::test]
async fn a_filter_that_users_switch_on_looks_where_it_is_asked_for() {
    let house = Functions::start().await;
    house.everywhere("wish", &filter(json!({"appends": " [wish]", "toggle": true, "icon": "data:x"}))).await;
    house.on("elsewhere", &filter(json!({"appends": " [elsewhere]", "toggle": true}))).await;
    house.ask("gpt-4-turbo").await.ok();
    assert_eq!(house.question(), "hello");
    house.admin.post("/api/chat/completions", chat(json!({"filter_ids": ["wish", "elsewhere"]}))).await.ok();
    assert_eq!(house.question(), "hello [wish]", "and only where its administrator put it");
    let list = house.admin.get("/api/models").await.ok();
    let shown = &list["data"][0]["filters"];
    assert_eq!(shown, &json!([{"id": "wish", "name": "wish", "description": "d", "icon": "data:x", "has_user_valves": false}]));
    assert_eq!(house.admin.get("/api/v1/functions/id/wish").await.ok()["meta"]["toggle"], true);
}

#[actix_web::test]
async fn a_filter_that_raises_refuses_the_call_in_its_own_words() {
    let house = Functions::start().await;
    house.everywhere("guard", &filter(json!({"raises": "not on Sundays"}))).await;
    assert_eq!(house.ask("gpt-4-turbo").await.refused(400), "not on Sundays");
    assert!(house.upstream.requests().iter().all(|request| request.path != "/v1/chat/completions"), "no upstream was asked");
}

#[actix_web::test]
async fn a_filter_sends_a_request_nowhere_where_its_caller_may_not_go() {
    let house = Functions::start().await;
    house.everywhere("router", &filter(json!({"reroutes": "gpt-4o-mini"}))).await;
    house.ask("gpt-4-turbo").await.ok();
    assert_eq!(house.asked()["model"], "gpt-4o-mini");
    let grants = json!({"id": "gpt-4-turbo", "access_grants": [{"principal_type": "user", "principal_id": "*", "permission": "read"}]});
    house.admin.post("/api/v1/models/model/access/update", grants).await.ok();
    assert_eq!(ask(&house.bob, "gpt-4-turbo").await.refused(400), "Model not found");
}

#[actix_web::test]
async fn stream_filters_see_each_chunk_and_their_errors_end_the_stream_once() {
    let house = Functions::start().await;
    house.everywhere("cover", &filter(json!({"covers": "#", "status": "looking"}))).await;
    let streamed = house.admin.post("/api/chat/completions", chat(json!({"stream": true}))).await;
    assert_eq!(streamed.header("content-type"), Some("text/event-stream"));
    assert!(streamed.body.contains("\"content\":\"#\"") && !streamed.body.contains("You"), "{}", streamed.body);
    assert!(streamed.body.starts_with("data: {\"event\":{\"type\":\"status\""), "{}", streamed.body);
    assert_eq!(streamed.body.matches("data: [DONE]").count(), 1);

    // Streams of functions pass by them as well.
    house.on("echo", &pipe("said")).await;
    let streamed = house.admin.post("/api/chat/completions", chat(json!({"stream": true, "model": "echo"}))).await;
    assert!(streamed.body.contains("\"content\":\"#\"") && !streamed.body.contains("said"), "{}", streamed.body);

    house.admin.post("/api/v1/functions/id/cover/update", draft("cover", &filter(json!({"covers": ""})))).await.ok();
    let streamed = house.admin.post("/api/chat/completions", chat(json!({"stream": true}))).await;
    assert!(!streamed.body.contains("\"content\":\"You\"") && streamed.body.ends_with("data: [DONE]\n\n"), "{}", streamed.body);
}

/// A filter whose stream breaks at the first chunk.
struct Breaks;

struct BreaksAtOnce;

#[async_trait]
impl transom_llm::StreamFilter for BreaksAtOnce {
    async fn chunk(&mut self, _: Value) -> Result<Option<Value>, LlmError> {
        Err(LlmError::refused("breaks", 500, "the filter broke"))
    }
}

#[async_trait]
impl Function for Breaks {
    fn id(&self) -> &str {
        "breaks"
    }

    async fn about(&self) -> Result<Arc<FunctionAbout>, FunctionError> {
        Ok(Arc::new(FunctionAbout { kind: transom_llm::FunctionKind::Filter, stream: true, ..FunctionAbout::default() }))
    }

    fn stream(&self, _: &Arc<CallContext>) -> Option<Box<dyn transom_llm::StreamFilter>> {
        Some(Box::new(BreaksAtOnce))
    }
}

#[actix_web::test]
async fn a_stream_filter_that_breaks_ends_the_stream_with_its_words_and_no_done() {
    let linked = vec![LinkedFunction { function: Arc::new(Breaks), audience: Audience::Everyone, everywhere: true }];
    let house = Functions::with(Setup { linked, ..Setup::default() }).await;
    let streamed = house.admin.post("/api/chat/completions", chat(json!({"stream": true}))).await;
    assert_eq!(streamed.body.matches("\"error\"").count(), 1, "{}", streamed.body);
    assert!(streamed.body.contains("the filter broke") && !streamed.body.contains("[DONE]"), "{}", streamed.body);
    house.ask("gpt-4-turbo").await.ok();
}

#[actix_web::test]
async fn outlets_change_a_finished_conversation() {
    let house = Functions::start().await;
    let body = json!({"model": "gpt-4-turbo", "chat_id": "c", "id": "m", "session_id": "s", "messages": [
        {"id": "1", "role": "user", "content": "q"}, {"id": "m", "role": "assistant", "content": "a"}]});
    for path in ["/api/chat/completed", "/api/v1/chat/completed"] {
        assert_eq!(house.admin.post(path, body.clone()).await.ok(), body, "no filter, no change");
    }
    house.everywhere("seal", &filter(json!({"closes": " [sealed]"}))).await;
    let changed = house.admin.post("/api/chat/completed", body.clone()).await.ok();
    assert_eq!((&changed["messages"][1]["content"], &changed["chat_id"]), (&json!("a [sealed]"), &json!("c")));
    assert_eq!(house.bob.post("/api/chat/completed", body.clone()).await.refused(400), "Model not found");
    house.server.anonymous().post("/api/chat/completed", body).await.refused(401);
}

#[actix_web::test]
async fn a_filter_that_takes_the_files_leaves_none_to_look_into() {
    let house = Functions::start().await;
    let part = reqwest::multipart::Part::text("a text").file_name("a.txt");
    let form = reqwest::multipart::Form::new().part("file", part);
    // Nobody processes files here: a question about one would wait for it.
    let file = Answer::of(house.admin.request(reqwest::Method::POST, "/api/v1/files/").multipart(form)).await.ok();
    let about = |id: &str| chat(json!({"files": [{"type": "file", "id": id}]}));
    house.everywhere("taker", &filter(json!({"appends": "!", "file_handler": true}))).await;
    house.admin.post("/api/chat/completions", about(text(&file["id"]))).await.ok();
    assert_eq!(house.question(), "hello!");
    house.admin.post("/api/chat/completions", about("missing")).await.refused(404);
}

#[actix_web::test]
async fn the_upstreams_own_apis_pass_by_the_filters() {
    let house = Functions::start().await;
    house.everywhere("all", &filter(json!({"appends": " [all]"}))).await;
    house.admin.post("/openai/chat/completions", chat(json!({}))).await.ok();
    assert_eq!(house.question(), "hello");
}

#[actix_web::test]
async fn a_pipe_asks_other_models_as_its_caller_and_circles_end() {
    let house = Functions::start().await;
    house.everywhere("all", &filter(json!({"appends": "!"}))).await;
    house.on("asks", &json!({"type": "pipe", "asks": "gpt-4-turbo"})).await;
    house.on("circle", &json!({"type": "pipe", "asks": "circle"})).await;
    assert!(content(&house.ask("asks").await).contains("You said"));
    assert_eq!(house.question(), "hello!", "looked at once");
    let streamed = house.admin.post("/api/chat/completions", chat(json!({"stream": true, "model": "asks"}))).await;
    assert!(streamed.body.ends_with("data: [DONE]\n\n"), "{}", streamed.body);
    let circle = house.ask("circle").await;
    assert!((400..600).contains(&circle.status) && circle.body.contains("circles"), "{} {}", circle.status, circle.body);
    let grants = json!({"id": "asks", "access_grants": [{"principal_type": "user", "principal_id": "*", "permission": "read"}]});
    house.admin.post("/api/v1/models/model/access/update", grants).await.ok();
    let refused = ask(&house.bob, "asks").await;
    assert!((400..500).contains(&refused.status) && refused.body.contains("Model not found"), "{} {}", refused.status, refused.body);
}

/// A pipe in Rust: all that it takes.
struct Hello;

#[async_trait]
impl Function for Hello {
    fn id(&self) -> &str {
        "example/hello"
    }

    async fn about(&self) -> Result<Arc<FunctionAbout>, FunctionError> {
        Ok(Arc::default())
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        let context = request.context.unwrap_or_default();
        let content = format!("hello {}", text(&context.user["name"]));
        let answer = json!({"object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]});
        Ok(ChatAnswer::Whole(Body::from(&answer).to_bytes()))
    }
}

fn hello(audience: Audience) -> Vec<LinkedFunction> {
    vec![LinkedFunction { function: Arc::new(Hello), audience, everywhere: false }]
}

#[actix_web::test]
async fn a_linked_function_is_a_model_for_the_administrator_until_it_is_granted() {
    let house = Functions::with(Setup { linked: hello(Audience::Administrators), ..Setup::default() }).await;
    assert_eq!(content(&house.ask("example/hello").await), "hello Admin");
    ask(&house.bob, "example/hello").await.refused(400);
}

#[actix_web::test]
async fn a_linked_function_for_everyone_is_open_until_a_record_says_otherwise() {
    let house = Functions::with(Setup { linked: hello(Audience::Everyone), without_plugins: true, ..Setup::default() }).await;
    assert_eq!(content(&ask(&house.bob, "example/hello").await), "hello bob");
    assert!(!house.bob.get("/api/models").await.body.contains("example/hello"), "a list says what was granted");
    assert!(house.admin.get("/api/models").await.body.contains("example/hello"));
    let (pending, _) = house.server.account(&house.admin, "pending", "pending").await;
    ask(&pending, "example/hello").await.refused(401);
    let preset = json!({"id": "mine", "base_model_id": "example/hello", "name": "M", "params": {}, "meta": {}, "access_grants": [
        {"principal_type": "user", "principal_id": "*", "permission": "read"}]});
    house.admin.post("/api/v1/models/create", preset).await.ok();
    assert!(house.bob.get("/api/models").await.body.contains("\"mine\""));
    assert_eq!(content(&ask(&house.bob, "mine").await), "hello bob");
    let record = json!({"id": "example/hello", "name": "H", "params": {}, "meta": {}});
    house.admin.post("/api/v1/models/create", record).await.ok();
    ask(&house.bob, "example/hello").await.refused(400);
    ask(&house.bob, "mine").await.refused(400);
}
