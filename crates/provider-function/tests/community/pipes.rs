//! Pipes that answer by themselves or through the server's other models.

use std::collections::HashMap;

use serde_json::json;
use transom_llm::CallContext;

use crate::support::{Server, context, function, object, question, streamed, text, whole, with_server};

#[tokio::test]
async fn a_citation_reaches_the_stream_before_the_text_and_a_whole_answer_as_its_sources() {
    let pipe = function("citation_emitter", json!({}));
    let body = question("citation_emitter", "What is a transom, and what a lintel?");
    let seen = streamed(&*pipe, body.clone(), context()).await.expect("a stream");
    assert_eq!(seen.order, ["event", "sources", "sources", "event", "text"]);
    assert_eq!(seen.events, ["status: Looking it up", "status: Found 2"]);
    assert!(seen.text.ends_with("carries the load over an opening. [2]"), "{}", seen.text);
    let source = &seen.sources[0];
    assert_eq!(source["source"], json!({"name": "Transom", "url": "https://wiki.example.com/Transom"}));
    assert_eq!(source["metadata"][0]["date_accessed"], "2025-01-01T00:00:00");

    let answer = whole(&*pipe, body, context()).await.expect("an answer");
    assert_eq!(answer["sources"], json!(seen.sources));
    assert_eq!(text(&answer), seen.text);
}

#[tokio::test]
async fn a_long_agent_tells_what_it_does_between_the_pieces_of_its_answer() {
    let pipe = function("long_agent", json!({"STEPS": 2}));
    let seen = streamed(&*pipe, question("long_agent", "doors windows"), context()).await.expect("a stream");
    assert_eq!(seen.text, "<details><summary>Plan</summary></details>\n0. doors\n1. windows\n");
    let events = ["status: Planning 2 steps", "status: Step 1 of 2", "status: Step 2 of 2", "status: Done", "notification: All steps done"];
    assert_eq!(seen.events, events, "and nothing of the title, which needs a screen");
    assert_eq!(seen.order[..4], ["event", "text", "text", "event"]);
    let answer = whole(&*pipe, question("long_agent", "doors windows"), context()).await.expect("an answer");
    assert_eq!(text(&answer), seen.text);
}

#[tokio::test]
async fn a_task_is_told_to_the_pipe_that_asks_for_it() {
    let pipe = function("long_agent", json!({}));
    let mut context = context();
    context.metadata.insert("task".to_owned(), json!("title_generation"));
    let answer = whole(&*pipe, question("long_agent", "doors"), context).await.expect("an answer");
    assert_eq!(text(&answer), "A title for title_generation");
}

#[tokio::test]
async fn each_user_has_values_of_their_own_beside_the_administrators() {
    let pipe = function("user_valves", json!({"GREETING": "Good day"}));
    let body = || question("user_valves", "hi");
    assert_eq!(text(&whole(&*pipe, body(), context()).await.expect("an answer")), "Good day, Ada.");
    let own = object(json!({"nickname": "Countess", "tone": "casual", "signs": 3}));
    let with_values = CallContext { user_valves: HashMap::from([("user_valves".to_owned(), own)]), ..context() };
    assert_eq!(text(&whole(&*pipe, body(), with_values).await.expect("an answer")), "Good day, Countess!!!");
    pipe.set_valves(object(json!({"SHOUT": true})));
    assert_eq!(text(&whole(&*pipe, body(), context()).await.expect("an answer")), "HELLO, ADA.");
}

#[tokio::test]
async fn another_models_answer_is_asked_for_whole_and_streamed() {
    let pipe = function("second_opinion", json!({"REVIEW_MODEL": "gpt-4o-mini"}));
    let server = Server::says(&["Bet", "ter"]);
    let seen = streamed(&*pipe, question("second_opinion", "hello"), with_server(&server)).await.expect("a stream");
    assert_eq!((seen.text.as_str(), seen.events[0].as_str()), ("Better", "status: Drafting"));
    let asked = server.asked();
    assert_eq!((&asked[0]["model"], &asked[0]["stream"]), (&json!("gpt-4-turbo"), &json!(false)));
    assert_eq!((&asked[1]["model"], &asked[1]["messages"][0]["content"]), (&json!("gpt-4o-mini"), &json!("Improve: Better")));
    let answer = whole(&*pipe, question("second_opinion", "hello"), with_server(&server)).await.expect("an answer");
    assert_eq!(text(&answer), "Better");
}

#[tokio::test]
async fn a_model_that_the_user_may_not_ask_is_refused_to_the_function_too() {
    for valves in [json!({"DRAFT_MODEL": "secret"}), json!({"REVIEW_MODEL": "secret"})] {
        let pipe = function("second_opinion", valves);
        let server = Server::says(&["x"]);
        let refused = whole(&*pipe, question("second_opinion", "hello"), with_server(&server)).await.expect_err("a refusal");
        assert!(refused.to_string().contains("no model `secret`"), "{refused}");
        let seen = streamed(&*pipe, question("second_opinion", "hello"), with_server(&server)).await.expect("a stream that begins");
        assert!(seen.text.is_empty() && seen.failure.as_ref().is_some_and(|words| words.contains("no model `secret`")), "{seen:?}");
    }
}

#[tokio::test]
async fn a_sync_generator_is_streamed_piece_by_piece() {
    let pipe = function("storyteller", json!({}));
    let seen = streamed(&*pipe, question("storyteller", "why is the sky blue"), context()).await.expect("a stream");
    assert_eq!((seen.text.as_str(), seen.pieces), ("Once upon a time Ada asked: why is the sky blue The end.", 7));
    let answer = whole(&*pipe, question("storyteller", "why"), context()).await.expect("an answer");
    assert_eq!(text(&answer), "Once upon a time Ada asked: why The end.");
}

#[tokio::test]
async fn a_function_from_before_every_change_of_names_runs() {
    let pipe = function("old_style", json!({}));
    assert_eq!(pipe.models().await.expect("models")[0].id("old_style"), "old_style.whisper");
    let server = Server::says(&["hush"]);
    let answer = whole(&*pipe, question("old_style.whisper", "HELLO"), with_server(&server)).await.expect("an answer");
    assert_eq!(text(&answer), "Ada (user): hush");
    assert_eq!(server.asked()[0]["messages"][0]["content"], "hello");
}

#[tokio::test]
async fn a_text_that_replaces_another_is_all_there_is_of_a_whole_answer_and_an_event_in_a_stream() {
    let pipe = function("draft_then_final", json!({}));
    let answer = whole(&*pipe, question("draft_then_final", "go"), context()).await.expect("an answer");
    assert_eq!(text(&answer), "The final text.");
    let seen = streamed(&*pipe, question("draft_then_final", "go"), context()).await.expect("a stream");
    assert_eq!((seen.text.as_str(), seen.events), ("first thoughts", vec!["replace: The final text.".to_owned()]));
}
