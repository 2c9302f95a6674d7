//! Pipes that ask an upstream of their own, over the loopback.

use serde_json::{Value, json};
use transom_llm::{Function, FunctionModel};
use transom_testkit::{Script, Upstream};

use crate::support::{context, function, question, streamed, text, whole};

async fn models(pipe: &dyn Function) -> Vec<(String, Option<String>)> {
    let id = pipe.id().to_owned();
    let models = pipe.models().await.expect("models");
    models.iter().map(|model: &FunctionModel| (model.id(&id), model.name.clone())).collect()
}

fn named(id: &str, name: &str) -> (String, Option<String>) {
    (id.to_owned(), Some(name.to_owned()))
}

#[tokio::test]
async fn an_openai_proxy_lists_answers_and_streams_with_httpx() {
    let upstream = Upstream::start().await;
    let valves = json!({"API_BASE_URL": upstream.openai_url(), "API_KEY": "sk-up", "MODEL_FILTER": "turbo"});
    let proxy = function("openai_proxy", valves);
    assert_eq!(models(&*proxy).await, [named("openai_proxy.gpt-4-turbo", "PROXY/gpt-4-turbo")]);

    let answer = whole(&*proxy, question("openai_proxy.gpt-4-turbo", "hello"), context()).await.expect("an answer");
    assert_eq!(text(&answer), "You said: hello");
    assert_eq!(answer["usage"]["total_tokens"], 18, "the upstream's own answer is passed on");
    let seen = streamed(&*proxy, question("openai_proxy.gpt-4-turbo", "hello"), context()).await.expect("a stream");
    assert_eq!((seen.text.as_str(), seen.pieces), ("You said: hello", 3));

    let received = &upstream.requests_of("/v1/chat/completions")[1];
    assert_eq!(received.headers["authorization"], "Bearer sk-up");
    assert_eq!((&received.body["model"], &received.body["user"]), (&json!("gpt-4-turbo"), &json!("u1")));
    assert!(received.body.get("metadata").is_none(), "what is the server's own stays here: {}", received.body);
}

#[tokio::test]
async fn an_openai_proxy_without_its_key_says_so_in_the_list() {
    let proxy = function("openai_proxy", json!({}));
    assert_eq!(models(&*proxy).await, [named("openai_proxy.error", "API key not provided.")]);
}

#[tokio::test]
async fn a_proxy_puts_its_upstreams_refusal_into_its_answer() {
    let upstream = Upstream::start().await;
    upstream.script(Script::refuses(429, "one at a time, please"));
    let proxy = function("openai_proxy", json!({"API_BASE_URL": upstream.openai_url(), "API_KEY": "k"}));
    let seen = streamed(&*proxy, question("openai_proxy.gpt-4-turbo", "hello"), context()).await.expect("a stream");
    assert_eq!(seen.text, "Error: one at a time, please");
    let answer = whole(&*proxy, question("openai_proxy.gpt-4-turbo", "hello"), context()).await.expect("an answer");
    assert!(text(&answer).starts_with("Error: Client error '429"), "{answer}");
}

#[tokio::test]
async fn data_lines_of_requests_are_streamed_as_they_come() {
    let upstream = Upstream::start().await;
    let pipe = function("requests_stream", json!({"API_BASE_URL": upstream.openai_url()}));
    assert_eq!(pipe.models().await.expect("models")[0].sub_id, None);
    let seen = streamed(&*pipe, question("requests_stream", "hello there"), context()).await.expect("a stream");
    assert_eq!((seen.text.as_str(), seen.pieces), ("You said: hello there", 4));
    let answer = whole(&*pipe, question("requests_stream", "hello there"), context()).await.expect("an answer");
    assert_eq!(text(&answer), "You said: hello there");
    assert_eq!(upstream.requests_of("/v1/chat/completions")[0].body["model"], "gpt-4-turbo");
}

#[tokio::test]
async fn a_manifold_offers_what_its_upstream_lists_under_its_own_name() {
    let upstream = Upstream::start().await;
    let pipe = function("model_list_manifold", json!({"BASE_URL": upstream.openai_url()}));
    let both = [
        named("model_list_manifold.gpt-4-turbo", "upstream: gpt-4-turbo"),
        named("model_list_manifold.gpt-4o-mini", "upstream: gpt-4o-mini"),
    ];
    assert_eq!(models(&*pipe).await, both);
    pipe.set_valves(crate::support::object(json!({"BASE_URL": upstream.openai_url(), "ALLOWED": ["gpt-4o-mini"]})));
    assert_eq!(models(&*pipe).await, both[1..]);
}

#[tokio::test]
async fn a_streaming_response_of_aiohttps_bytes_is_a_stream() {
    let upstream = Upstream::start().await;
    let pipe = function("model_list_manifold", json!({"BASE_URL": upstream.openai_url()}));
    let seen = streamed(&*pipe, question("model_list_manifold.gpt-4o-mini", "Grüße, Welt"), context()).await.expect("a stream");
    assert_eq!(seen.text, "You said: Grüße, Welt");
    let answer = whole(&*pipe, question("model_list_manifold.gpt-4o-mini", "hi"), context()).await.expect("an answer");
    assert_eq!(text(&answer), "You said: hi");
    assert_eq!(upstream.requests_of("/v1/chat/completions")[0].body["model"], "gpt-4o-mini");
}

#[tokio::test]
async fn an_api_that_is_not_openais_is_put_into_text() {
    let upstream = Upstream::start().await;
    let pipe = function("messages_api", json!({"BASE_URL": upstream.base_url(), "API_KEY": "k"}));
    assert_eq!(
        models(&*pipe).await,
        [named("messages_api.small-3", "messages/small-3"), named("messages_api.large-3", "messages/large-3")]
    );
    let events = [
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"Bon\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"jour\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
    ];
    upstream.script_path("/messages", Script::raw(200, "text/event-stream", &events));
    let mut body = question("messages_api.small-3", "hello");
    body["messages"].as_array_mut().expect("messages").insert(0, json!({"role": "system", "content": "in French"}));
    let seen = streamed(&*pipe, body.clone(), context()).await.expect("a stream");
    assert_eq!((seen.text.as_str(), seen.pieces), ("Bonjour", 2));
    let received: Value = upstream.requests_of("/messages")[0].body.clone();
    assert_eq!((&received["model"], &received["system"]), (&json!("small-3"), &json!("in French")));

    upstream.script_path("/messages", Script::json(200, &json!({"content": [{"type": "text", "text": "Salut"}]})));
    assert_eq!(text(&whole(&*pipe, body, context()).await.expect("an answer")), "Salut");
}

#[tokio::test]
async fn what_a_pipe_raises_is_the_error_in_its_own_words() {
    let upstream = Upstream::start().await;
    upstream.script_path("/messages", Script::raw(529, "text/plain", &["overloaded"]));
    let pipe = function("messages_api", json!({"BASE_URL": upstream.base_url()}));
    let refused = whole(&*pipe, question("messages_api.small-3", "hello"), context()).await.expect_err("an error");
    assert!(refused.to_string().contains("HTTP Error 529: overloaded"), "{refused}");
    let refused = streamed(&*pipe, question("messages_api.small-3", "hello"), context()).await.expect_err("an error");
    assert!(refused.to_string().contains("HTTP Error 529: overloaded"), "{refused}");
}
