//! Whole answers.

use bytes::Bytes;
use futures_util::StreamExt;
use indexmap::IndexMap;
use indexmap::map::Entry;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::write::{Function, ToolCall};
use crate::{ChatEvent, EventStream, FinishReason, LlmError, ToolCallDelta, Usage, json};

/// Events that are gathered before others get a turn.
const AT_ONCE: usize = 256;

/// What stands at the head of an answer that we write ourselves.
#[derive(Clone, Debug)]
pub struct Meta {
    /// The answer's id.
    pub id: String,
    /// The model's name.
    pub model: String,
    /// Seconds since 1970.
    pub created: i64,
}

impl Meta {
    /// For a stream that begins now: `chatcmpl-` and a random id.
    pub fn streamed(model: &str) -> Self {
        Self { id: format!("chatcmpl-{}", Uuid::new_v4()), model: model.to_owned(), created: super::now() }
    }

    /// For a whole answer made now: the model's name and a random id.
    pub fn whole(model: &str) -> Self {
        Self { id: format!("{model}-{}", Uuid::new_v4()), model: model.to_owned(), created: super::now() }
    }
}

#[derive(Serialize)]
struct Completion<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<Value>,
    id: &'a str,
    created: i64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    object: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'a Usage>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    logprobs: Option<Value>,
    finish_reason: FinishReason,
    message: Message<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<Vec<ToolCall<'a>>>,
}

/// A `chat.completion` made of an answer's events. Without a finish reason it counts as stopped.
pub fn whole(meta: &Meta, events: impl IntoIterator<Item = ChatEvent>) -> Bytes {
    let mut text = String::new();
    let mut reasoning = String::new();
    let mut calls: IndexMap<u32, ToolCallDelta> = IndexMap::new();
    let mut logprobs: Vec<Value> = Vec::new();
    let mut sources: Vec<Value> = Vec::new();
    let mut usage = None;
    let mut finish = FinishReason::Stop;
    for event in events {
        match event {
            ChatEvent::Text(piece) => append(&mut text, piece),
            ChatEvent::Reasoning(piece) => append(&mut reasoning, piece),
            ChatEvent::ToolCall(piece) => match calls.entry(piece.index) {
                Entry::Occupied(mut call) => call.get_mut().arguments.push_str(&piece.arguments),
                Entry::Vacant(place) => _ = place.insert(piece),
            },
            ChatEvent::Logprobs(mut values) => match values.get_mut("content").map(Value::take) {
                Some(Value::Array(tokens)) => logprobs.extend(tokens),
                _ => continue,
            },
            ChatEvent::Frame(mut frame) => match frame.get_mut("sources").map(Value::take) {
                Some(Value::Array(found)) => sources.extend(found),
                _ => continue,
            },
            ChatEvent::Usage(measured) => usage = Some(measured),
            ChatEvent::Finish(reason) => finish = reason,
        }
    }
    let tool_calls: Vec<_> = calls.values().map(called).collect();
    let completion = Completion {
        sources,
        id: &meta.id,
        created: meta.created,
        model: &meta.model,
        choices: [Choice {
            index: 0,
            logprobs: (!logprobs.is_empty()).then(|| serde_json::json!({ "content": logprobs })),
            finish_reason: finish,
            message: Message {
                role: "assistant",
                // OpenAI says null where an answer consists of tool calls alone.
                content: (!text.is_empty() || tool_calls.is_empty()).then_some(text.as_str()),
                reasoning_content: (!reasoning.is_empty()).then_some(reasoning.as_str()),
                tool_calls: (!tool_calls.is_empty()).then_some(tool_calls),
            },
        }],
        object: "chat.completion",
        usage: usage.as_ref(),
    };
    // Strings, numbers and maps of ours always serialise.
    serde_json::to_vec(&completion).unwrap_or_default().into()
}

/// Reads a stream to its end and gives the whole answer; the stream's error where it has one.
pub async fn collect(meta: &Meta, mut events: EventStream) -> Result<Bytes, LlmError> {
    let mut all = Vec::new();
    while let Some(event) = events.next().await {
        all.push(event?);
        if all.len().is_multiple_of(AT_ONCE) {
            // Events that are all here already would hold the thread until the last one.
            tokio::task::yield_now().await;
        }
    }
    Ok(whole(meta, all))
}

/// A `chat.completion` as the frames of a stream, `data: [DONE]` included. All its other members stay.
pub fn whole_as_sse(json: &[u8]) -> Result<Bytes, serde_json::Error> {
    let mut completion: serde_json::Map<String, Value> = json::read(json)?;
    completion.insert("object".to_owned(), "chat.completion.chunk".into());
    let choices = completion.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten();
    for choice in choices.filter_map(Value::as_object_mut) {
        let mut delta = choice.shift_remove("message").unwrap_or_else(|| serde_json::json!({}));
        let calls = delta.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten();
        for (index, call) in calls.filter_map(Value::as_object_mut).enumerate() {
            call.insert("index".to_owned(), index.into());
        }
        choice.insert("delta".to_owned(), delta);
    }
    Ok([super::frame(&completion), super::DONE].concat().into())
}

/// Takes a first piece as it is; a whole answer of one piece is not copied.
fn append(text: &mut String, piece: String) {
    if text.is_empty() { *text = piece } else { text.push_str(&piece) }
}

fn called(call: &ToolCallDelta) -> ToolCall<'_> {
    ToolCall {
        index: None,
        id: call.id.as_deref(),
        kind: Some("function"),
        function: Function { name: call.name.as_deref(), arguments: &call.arguments },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_one_message() {
        let piece = |id: Option<&str>, arguments: &str| {
            let name = id.map(|_| "f".to_owned());
            ChatEvent::ToolCall(ToolCallDelta { index: 0, id: id.map(Into::into), name, arguments: arguments.into() })
        };
        let events = [
            ChatEvent::Reasoning("Hm".into()),
            ChatEvent::Text("a".into()),
            ChatEvent::Text("b".into()),
            piece(Some("call_1"), "{\"x\""),
            piece(None, ":1}"),
            ChatEvent::Finish(FinishReason::ToolCalls),
        ];
        let json: Value = serde_json::from_slice(&whole(&Meta::whole("m"), events)).expect("JSON");
        assert!(json["id"].as_str().expect("an id").starts_with("m-"));
        assert_eq!(
            json["choices"][0],
            serde_json::json!({"index": 0, "logprobs": null, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "ab", "reasoning_content": "Hm",
                "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}}]}})
        );
    }

    #[test]
    fn sources_become_a_member_and_other_frames_are_left_out() {
        let frame = |value| ChatEvent::Frame(value);
        let events = [
            frame(serde_json::json!({"event": {"type": "status"}})),
            frame(serde_json::json!({"sources": [1]})),
            ChatEvent::Text("a".into()),
            frame(serde_json::json!({"sources": [2]})),
        ];
        let json: Value = serde_json::from_slice(&whole(&Meta::whole("m"), events)).expect("JSON");
        assert_eq!((&json["sources"], &json["event"]), (&serde_json::json!([1, 2]), &Value::Null));
    }

    #[test]
    fn an_empty_answer_is_an_empty_text() {
        let json: Value = serde_json::from_slice(&whole(&Meta::whole("m"), [])).expect("JSON");
        assert_eq!(json["choices"][0]["message"], serde_json::json!({"role": "assistant", "content": ""}));
    }

    #[test]
    fn tool_calls_of_a_whole_answer_get_an_index_in_a_stream() {
        let json = br#"{"choices":[{"index":0,"message":{"content":null,"tool_calls":[{"id":"a"},{"id":"b"}]},"finish_reason":"tool_calls"}],"usage":{"x":1}}"#;
        let frames = whole_as_sse(json).expect("frames");
        let text = std::str::from_utf8(&frames).expect("text");
        let first: Value =
            serde_json::from_str(text.strip_prefix("data: ").expect("data").split("\n\n").next().expect("one")).expect("JSON");
        assert_eq!(first["choices"][0]["delta"]["tool_calls"][1], serde_json::json!({"id": "b", "index": 1}));
        assert_eq!(first["usage"], serde_json::json!({"x": 1}));
    }
}
