//! Filters around the calls of other models.

use std::collections::HashMap;

use serde_json::{Value, json};
use transom_llm::{CallContext, ChatEvent, FunctionKind};
use transom_testkit::Upstream;

use crate::support::{Server, context, emitted, function, inlet, object, outlet, question, said, sink, through, with_server};

#[tokio::test]
async fn a_rate_limiter_refuses_the_call_in_its_own_words_and_only_that_users() {
    let filter = function("rate_limiter", json!({"requests_per_minute": 2}));
    for _ in 0..2 {
        inlet(&*filter, question("m", "hi"), context()).await.expect("allowed");
    }
    let refused = inlet(&*filter, question("m", "hi"), context()).await.expect_err("a refusal");
    assert!(refused.to_string().contains("Rate limit exceeded: 2 requests a minute"), "{refused}");
    for (id, role) in [("u2", "user"), ("u1", "admin")] {
        let other = CallContext { user: object(json!({"id": id, "name": "x", "role": role})), ..context() };
        inlet(&*filter, question("m", "hi"), other).await.expect("allowed");
    }
    let about = filter.about().await.expect("it loads");
    assert_eq!((about.kind, about.inlet, about.stream, about.outlet), (FunctionKind::Filter, true, false, false));
    assert_eq!((about.priority, about.file_handler), (-10, false));
}

#[tokio::test]
async fn a_translator_changes_the_question_and_the_answer_but_no_code() {
    let upstream = Upstream::start().await;
    let filter = function("translator", json!({"BASE_URL": upstream.openai_url()}));
    let changed = inlet(&*filter, question("m", "Hallo"), context()).await.expect("an inlet");
    assert_eq!(changed["messages"][0]["content"], "You said: Hallo");
    let body = json!({"model": "m", "chat_id": "c", "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "See:```x = 1```"}]});
    let changed = outlet(&*filter, body).await;
    assert_eq!(changed["messages"][1]["content"], "You said: See:```x = 1```");
    assert_eq!(changed["messages"][0]["content"], "q");
    let asked = upstream.requests_of("/v1/chat/completions");
    assert_eq!(asked[1].body["messages"][0]["content"], "Translate from en to de.");
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn a_redactor_masks_what_is_split_over_chunks() {
    let filter = function("redactor", json!({}));
    let changed = inlet(&*filter, question("m", "I am ada@example.com"), context()).await.expect("an inlet");
    assert_eq!(changed["messages"][0]["content"], "I am [email]");
    let deltas = through(&*filter, &["Write to a", "da@exam", "ple.com, or to", " bob@x.org"]).await;
    assert_eq!(said(&deltas, "content"), "Write to [email], or to [email]");
    assert!(deltas.iter().all(|delta| !delta.to_string().contains('@')), "{deltas:?}");
    let body = json!({"messages": [{"role": "assistant", "content": "card 4111 1111 1111 1111."}]});
    assert_eq!(outlet(&*filter, body).await["messages"][0]["content"], "card [card].");
}

#[tokio::test]
async fn a_context_clip_keeps_the_system_message_and_the_last_few() {
    let filter = function("context_clip", json!({"n_last_messages": 3}));
    let turn = |role: &str, content: &str| json!({"role": role, "content": content});
    let messages =
        [turn("system", "s"), turn("user", "1"), turn("assistant", "2"), turn("user", "3"), turn("assistant", "4"), turn("user", "5")];
    let changed = inlet(&*filter, json!({"model": "m", "messages": messages, "future": 1}), context()).await.expect("an inlet");
    let kept: Vec<&Value> = changed["messages"].as_array().expect("messages").iter().map(|message| &message["content"]).collect();
    assert_eq!(kept, ["s", "3", "4", "5"]);
    assert_eq!(changed["future"], 1);
}

#[tokio::test]
async fn think_tags_become_reasoning() {
    let filter = function("think_tags", json!({}));
    let deltas = through(&*filter, &["<think>Hm", "m, 42", "</think>It", " is 42"]).await;
    assert_eq!(said(&deltas, "content"), "It is 42");
    assert_eq!(said(&deltas, "reasoning_content"), "Hmm, 42");
    let hiding = function("think_tags", json!({"hide": true}));
    let deltas = through(&*hiding, &["<think>Hmm", "</think>42"]).await;
    assert_eq!((said(&deltas, "content").as_str(), said(&deltas, "reasoning_content").as_str()), ("42", ""));
    let body = json!({"model": "m", "messages": [{"role": "assistant", "content": "<think>a</think>\nb"}]});
    let changed = inlet(&*filter, body, context()).await.expect("an inlet");
    assert_eq!(changed["messages"][0]["content"], "b");
}

#[tokio::test]
async fn a_filter_with_a_toggle_says_so_with_its_icon_and_uses_the_users_values() {
    let filter = function("reasoning_toggle", json!({"MODEL": "gpt-4o-mini"}));
    let about = filter.about().await.expect("it loads");
    assert!(about.toggle && about.icon.as_deref().is_some_and(|icon| icon.starts_with("data:image/svg+xml")));
    let (events, mut read) = sink();
    let server = Server::says(&[]);
    let own = HashMap::from([("reasoning_toggle".to_owned(), object(json!({"effort": "low"})))]);
    let context = CallContext { events, user_valves: own, ..with_server(&server) };
    let changed = inlet(&*filter, question("gpt-4-turbo", "why?"), context).await.expect("an inlet");
    assert_eq!((&changed["model"], &changed["reasoning_effort"]), (&json!("gpt-4o-mini"), &json!("low")));
    assert_eq!(changed.get("store"), None);
    assert_eq!(emitted(&mut read).await["event"]["data"], json!({"description": "Thinking: low", "done": true}));
}

#[tokio::test]
async fn a_file_handler_reads_the_files_of_the_call_and_cites_them() {
    let filter = function("file_reader", json!({}));
    assert!(filter.about().await.expect("it loads").file_handler);
    let files = ["f1", "of-somebody-else"].map(|id| json!({"type": "file", "id": id})).to_vec();
    let (events, mut read) = sink();
    let context = CallContext { files, events, ..with_server(&Server::says(&[])) };
    let changed = inlet(&*filter, question("m", "what does a door do?"), context).await.expect("an inlet");
    let system = changed["messages"][0]["content"].as_str().expect("text");
    assert!(system.contains("<file name='door.txt'>\nA door opens.\n</file>"), "{system}");
    assert_eq!(emitted(&mut read).await["sources"][0]["document"], json!(["A door opens."]));
}

#[tokio::test]
async fn a_filter_may_send_the_request_to_another_model() {
    let filter = function("vision_router", json!({"vision_model_id": "llava", "skip_models": ["other"]}));
    let picture =
        json!([{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]);
    let body = json!({"model": "gpt-4-turbo", "messages": [{"role": "user", "content": picture}]});
    let changed = inlet(&*filter, body, context()).await.expect("an inlet");
    assert_eq!(changed["model"], "llava");
    let changed = inlet(&*filter, question("gpt-4-turbo", "no picture"), context()).await.expect("an inlet");
    assert_eq!(changed["model"], "gpt-4-turbo");
}

#[tokio::test]
async fn a_filter_may_have_another_model_rewrite_the_question() {
    let filter = function("prompt_enhancer", json!({"model_id": "gpt-4o-mini"}));
    let (server, (events, mut read)) = (Server::says(&["Why is", " the sky blue?"]), sink());
    let mut body = question("gpt-4-turbo", "sky??");
    body["metadata"] = json!({"chat_id": "c1"});
    let changed = inlet(&*filter, body, CallContext { events, ..with_server(&server) }).await.expect("an inlet");
    assert_eq!(changed["messages"][0]["content"], "Why is the sky blue?");
    assert_eq!(changed["metadata"]["enhanced_from"], "sky??", "what it notes in its argument is in the body too");
    assert_eq!(server.asked()[0]["messages"][1]["content"], "Enhance this prompt: sky??");
    assert_eq!(emitted(&mut read).await["event"]["data"]["description"], "Enhancing");
    assert_eq!(read.recv().await, Some(ChatEvent::Text("> Why is the sky blue?\n\n".to_owned())));
    assert_eq!(emitted(&mut read).await["event"]["data"]["description"], "Enhanced");
}
