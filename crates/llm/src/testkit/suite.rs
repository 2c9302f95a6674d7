//! What every [`ChatModel`] owes, as tests against a scripted upstream.
//!
//! An adapter's test file gives a [`Stage`] to [`crate::chat_model_suite!`], which makes one test of each function here.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::wire::{event_stream, sse};
use crate::{Body, ChatAnswer, ChatEvent, ChatModel, ChatRequest, FinishReason, LlmError};

/// How the upstream answers chat calls from now on.
#[derive(Clone, Debug)]
pub enum Scene {
    /// In these pieces, and then the end.
    Says(Vec<&'static str>),
    /// With a status and words, in its own API's shape.
    Refuses(u16, &'static str),
    /// In these pieces, and then the connection breaks.
    Breaks(Vec<&'static str>),
    /// In these pieces, and then the body ends as if all were said, without the end that its API demands.
    StopsShort(Vec<&'static str>),
    /// In these pieces, and then nothing more. Without pieces: not even a status.
    Hangs(Vec<&'static str>),
}

/// A scripted upstream and an adapter that asks it.
#[async_trait]
pub trait Stage: Send + Sync {
    /// Sets the scene.
    fn play(&self, scene: Scene);
    /// The adapter.
    fn model(&self) -> Arc<dyn ChatModel>;
    /// The adapter with limits so short that a hanging upstream exceeds them at once.
    fn impatient_model(&self) -> Arc<dyn ChatModel>;
    /// The adapter before an address where nobody listens.
    fn model_of_a_dead_upstream(&self) -> Arc<dyn ChatModel>;
    /// The body of the last chat call that the upstream received.
    fn last_body(&self) -> Value;
    /// Returns once a chat call has reached the upstream.
    async fn called(&self);
    /// Returns once the upstream has noticed that a client left before the end of its answer; fails after a generous while.
    async fn client_left(&self);
}

/// Makes a test of each promise. The argument is an async expression that makes a [`Stage`].
#[macro_export]
macro_rules! chat_model_suite {
    ($stage:expr) => {
        $crate::chat_model_suite!($stage;
            a_whole_answer_is_whole
            a_stream_comes_in_order_and_ends_once
            fields_that_nobody_knows_travel_along
            a_refusal_keeps_its_status_and_words
            a_dead_upstream_is_unreachable
            a_break_after_the_first_bytes_is_the_last_item
            a_stream_that_stops_short_is_broken
            a_break_of_a_whole_answer_is_the_calls_error
            a_silent_upstream_times_out
            silence_in_a_stream_is_its_last_item
            dropping_a_stream_ends_the_upstream_call
            dropping_a_stream_call_before_its_answer_ends_the_upstream_call
            dropping_a_whole_call_ends_the_upstream_call
        );
    };
    ($stage:expr; $($promise:ident)*) => {
        $(#[tokio::test]
        async fn $promise() {
            $crate::testkit::suite::$promise(&$stage.await).await;
        })*
    };
}

fn request(stream: bool) -> ChatRequest {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": stream});
    ChatRequest::new(Body::from(&body), stream)
}

async fn streamed(model: &dyn ChatModel) -> Result<Vec<Result<ChatEvent, LlmError>>, LlmError> {
    let answer = model.chat(request(true)).await?;
    assert!(!matches!(answer, ChatAnswer::Whole(_)), "a stream was asked for");
    Ok(event_stream(answer, "u").collect().await)
}

fn text(events: &[Result<ChatEvent, LlmError>]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        Ok(ChatEvent::Text(text)) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

#[allow(missing_docs)]
pub async fn a_whole_answer_is_whole(stage: &dyn Stage) {
    stage.play(Scene::Says(vec!["Hello", " there"]));
    let answer = stage.model().chat(request(false)).await.expect("an answer");
    let ChatAnswer::Whole(json) = answer else { panic!("a whole answer was asked for") };
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json["object"], "chat.completion");
    assert_eq!(json["choices"][0]["message"]["content"], "Hello there");
    assert_eq!(json["choices"][0]["finish_reason"], "stop");
}

#[allow(missing_docs)]
pub async fn a_stream_comes_in_order_and_ends_once(stage: &dyn Stage) {
    stage.play(Scene::Says(vec!["Hello", " there", ", Grüße"]));
    let events = streamed(&*stage.model()).await.expect("a stream");
    assert_eq!(text(&events), "Hello there, Grüße");
    assert!(matches!(events.last(), Some(Ok(ChatEvent::Finish(FinishReason::Stop)))), "{events:?}");
    let answer = stage.model().chat(request(true)).await.expect("a stream");
    let bytes: Vec<_> = sse(answer, "m").map(|part| part.expect("bytes")).collect().await;
    let wire = String::from_utf8(bytes.concat()).expect("text");
    assert!(wire.ends_with("data: [DONE]\n\n") && wire.matches("[DONE]").count() == 1, "{wire}");
}

#[allow(missing_docs)]
pub async fn fields_that_nobody_knows_travel_along(stage: &dyn Stage) {
    stage.play(Scene::Says(vec!["ok"]));
    let mut request = request(false);
    request.body.set("some_future_field", &json!({"a": [1, 2.5]}));
    stage.model().chat(request).await.expect("an answer");
    assert_eq!(stage.last_body()["some_future_field"], json!({"a": [1, 2.5]}));
}

#[allow(missing_docs)]
pub async fn a_refusal_keeps_its_status_and_words(stage: &dyn Stage) {
    stage.play(Scene::Refuses(429, "one at a time, please"));
    for stream in [false, true] {
        match stage.model().chat(request(stream)).await.map(|_| ()) {
            Err(LlmError::Refused { status: 429, detail, .. }) => assert_eq!(detail, "one at a time, please"),
            other => panic!("{other:?}"),
        }
    }
}

#[allow(missing_docs)]
pub async fn a_dead_upstream_is_unreachable(stage: &dyn Stage) {
    let model = stage.model_of_a_dead_upstream();
    assert!(matches!(model.models().await, Err(LlmError::Unreachable { .. })));
    for stream in [false, true] {
        let answer = model.chat(request(stream)).await.map(|_| ());
        assert!(matches!(answer, Err(LlmError::Unreachable { .. })), "{answer:?}");
    }
}

#[allow(missing_docs)]
pub async fn a_break_after_the_first_bytes_is_the_last_item(stage: &dyn Stage) {
    stage.play(Scene::Breaks(vec!["Hello"]));
    let events = streamed(&*stage.model()).await.expect("a stream that begins");
    assert_eq!(text(&events), "Hello");
    assert!(matches!(events.last(), Some(Err(LlmError::Broken { .. }))), "{events:?}");
    assert_eq!(events.iter().filter(|event| event.is_err()).count(), 1);
}

#[allow(missing_docs)]
pub async fn a_stream_that_stops_short_is_broken(stage: &dyn Stage) {
    stage.play(Scene::StopsShort(vec!["Hello", " th"]));
    let answer = stage.model().chat(request(true)).await.expect("a stream that begins");
    let last = match answer {
        ChatAnswer::Whole(_) => panic!("a stream was asked for"),
        ChatAnswer::Sse(bytes) => bytes.map(|part| part.map(|_| ())).collect::<Vec<_>>().await.pop(),
        ChatAnswer::Events(events) => events.map(|event| event.map(|_| ())).collect::<Vec<_>>().await.pop(),
    };
    assert!(matches!(last, Some(Err(LlmError::Broken { .. }))), "{last:?}");
}

#[allow(missing_docs)]
pub async fn a_break_of_a_whole_answer_is_the_calls_error(stage: &dyn Stage) {
    stage.play(Scene::Breaks(vec!["Hello"]));
    let answer = stage.model().chat(request(false)).await.map(|_| ());
    assert!(matches!(answer, Err(LlmError::Broken { .. })), "{answer:?}");
}

#[allow(missing_docs)]
pub async fn a_silent_upstream_times_out(stage: &dyn Stage) {
    stage.play(Scene::Hangs(vec![]));
    for stream in [false, true] {
        let answer = stage.impatient_model().chat(request(stream)).await.map(|_| ());
        assert!(matches!(answer, Err(LlmError::TimedOut { .. })), "{answer:?}");
    }
}

#[allow(missing_docs)]
pub async fn silence_in_a_stream_is_its_last_item(stage: &dyn Stage) {
    stage.play(Scene::Hangs(vec!["Hello"]));
    let events = streamed(&*stage.impatient_model()).await.expect("a stream that begins");
    assert_eq!(text(&events), "Hello");
    assert!(matches!(events.last(), Some(Err(LlmError::TimedOut { .. }))), "{events:?}");
}

#[allow(missing_docs)]
pub async fn dropping_a_stream_ends_the_upstream_call(stage: &dyn Stage) {
    stage.play(Scene::Hangs(vec!["Hello"]));
    let mut events = event_stream(stage.model().chat(request(true)).await.expect("a stream"), "u");
    assert!(matches!(events.next().await, Some(Ok(ChatEvent::Text(_)))));
    drop(events);
    stage.client_left().await;
}

#[allow(missing_docs)]
pub async fn dropping_a_stream_call_before_its_answer_ends_the_upstream_call(stage: &dyn Stage) {
    dropped_before_its_answer(stage, true).await;
}

#[allow(missing_docs)]
pub async fn dropping_a_whole_call_ends_the_upstream_call(stage: &dyn Stage) {
    dropped_before_its_answer(stage, false).await;
}

async fn dropped_before_its_answer(stage: &dyn Stage, stream: bool) {
    stage.play(Scene::Hangs(vec![]));
    let model = stage.model();
    let call = tokio::spawn(async move { model.chat(request(stream)).await.map(|_| ()) });
    stage.called().await;
    call.abort();
    assert!(call.await.expect_err("it was waiting").is_cancelled());
    tokio::time::timeout(Duration::from_secs(10), stage.client_left()).await.expect("the upstream notices");
}
