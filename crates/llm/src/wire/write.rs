//! Events to frames.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use super::whole::Meta;
use crate::{ChatEvent, FinishReason, ToolCallDelta, Usage};

/// Turns the events of one answer into `chat.completion.chunk` frames.
///
/// The first frame's delta names the role; the last one, made of [`ChatEvent::Finish`], holds the finish reason and the
/// usage where one came before. [`super::DONE`] is the caller's to send after it.
///
/// ```
/// use transom_llm::wire::{ChunkWriter, Meta};
/// use transom_llm::ChatEvent;
///
/// let mut writer = ChunkWriter::new(&Meta { id: "x".into(), model: "m".into(), created: 7 });
/// let frame = writer.write(&ChatEvent::Text("Hi".into())).unwrap();
/// assert_eq!(frame, "data: {\"id\":\"x\",\"created\":7,\"model\":\"m\",\"choices\":[{\"index\":0,\"logprobs\":null,\
///     \"finish_reason\":null,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"}}],\"object\":\"chat.completion.chunk\"}\n\n");
/// ```
pub struct ChunkWriter {
    /// The bytes that every frame begins with.
    head: Vec<u8>,
    started: bool,
    logprobs: Option<Value>,
    usage: Option<Usage>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[ToolCall<'a>; 1]>,
}

/// A tool call as OpenAI writes it; in a stream with an index, in a whole answer without.
#[derive(Serialize)]
pub(super) struct ToolCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    pub(super) function: Function<'a>,
}

#[derive(Serialize)]
pub(super) struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    pub(super) arguments: &'a str,
}

impl<'a> From<&'a ToolCallDelta> for ToolCall<'a> {
    fn from(call: &'a ToolCallDelta) -> Self {
        Self {
            index: Some(call.index),
            id: call.id.as_deref(),
            kind: call.id.as_ref().map(|_| "function"),
            function: Function { name: call.name.as_deref(), arguments: &call.arguments },
        }
    }
}

impl ChunkWriter {
    /// A writer for one answer.
    pub fn new(meta: &Meta) -> Self {
        let mut head = Vec::with_capacity(128);
        head.extend_from_slice(b"data: {\"id\":");
        json(&mut head, &meta.id);
        head.extend_from_slice(b",\"created\":");
        json(&mut head, &meta.created);
        head.extend_from_slice(b",\"model\":");
        json(&mut head, &meta.model);
        head.extend_from_slice(b",\"choices\":[{\"index\":0,\"logprobs\":");
        Self { head, started: false, logprobs: None, usage: None }
    }

    /// The frame of an event; none for those that a later frame holds (usage, log probabilities).
    pub fn write(&mut self, event: &ChatEvent) -> Option<Bytes> {
        match event {
            ChatEvent::Text(text) => Some(self.chunk(Delta { content: Some(text), ..Delta::default() }, None)),
            ChatEvent::Reasoning(text) => Some(self.chunk(Delta { reasoning_content: Some(text), ..Delta::default() }, None)),
            ChatEvent::ToolCall(call) => Some(self.chunk(Delta { tool_calls: Some([call.into()]), ..Delta::default() }, None)),
            ChatEvent::Frame(Value::Object(members)) if !members.contains_key("choices") => Some(self.beside(members)),
            ChatEvent::Frame(frame) => Some(super::frame(frame)),
            ChatEvent::Logprobs(values) => {
                self.logprobs = Some(values.clone());
                None
            }
            ChatEvent::Usage(usage) => {
                self.usage = Some(usage.clone());
                None
            }
            ChatEvent::Finish(reason) => Some(self.chunk(Delta::default(), Some(*reason))),
        }
    }

    /// A chunk that says nothing, with more members. Clients that know only chunks read every frame as one, and fail where it has no choice.
    fn beside(&self, members: &Map<String, Value>) -> Bytes {
        let mut out = b"data: {".to_vec();
        for (name, value) in members {
            json(&mut out, name);
            out.push(b':');
            json(&mut out, value);
            out.push(b',');
        }
        out.extend_from_slice(&self.head["data: {".len()..]);
        out.extend_from_slice(b"null,\"finish_reason\":null,\"delta\":{}}],\"object\":\"chat.completion.chunk\"}\n\n");
        out.into()
    }

    fn chunk(&mut self, mut delta: Delta<'_>, finish: Option<FinishReason>) -> Bytes {
        if !self.started {
            self.started = true;
            delta.role = Some("assistant");
        }
        let mut out = Vec::with_capacity(self.head.len() + 192);
        out.extend_from_slice(&self.head);
        json(&mut out, &self.logprobs.take());
        out.extend_from_slice(b",\"finish_reason\":");
        json(&mut out, &finish);
        out.extend_from_slice(b",\"delta\":");
        json(&mut out, &delta);
        out.extend_from_slice(b"}],\"object\":\"chat.completion.chunk\"");
        if finish.is_some()
            && let Some(usage) = self.usage.take()
        {
            out.extend_from_slice(b",\"usage\":");
            json(&mut out, &usage);
        }
        out.extend_from_slice(b"}\n\n");
        out.into()
    }
}

/// Appends a value's JSON. Strings, numbers and maps of ours always serialise.
fn json<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(events: &[ChatEvent]) -> Vec<Value> {
        let mut writer = ChunkWriter::new(&Meta { id: "chatcmpl-1".into(), model: "m\"x".into(), created: 5 });
        let frames = events.iter().filter_map(|event| writer.write(event));
        frames.map(|frame| serde_json::from_slice(frame.strip_prefix(b"data: ").expect("data")).expect("JSON")).collect()
    }

    #[test]
    fn the_last_frame_holds_the_finish_reason_and_the_usage() {
        let usage = Usage { prompt_tokens: 26, completion_tokens: 8, total_tokens: 34, ..Usage::default() };
        let frames = frames(&[ChatEvent::Text("a".into()), ChatEvent::Usage(usage), ChatEvent::Finish(FinishReason::Stop)]);
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0]["model"], "m\"x");
        assert_eq!(frames[0]["choices"][0]["delta"], serde_json::json!({"role": "assistant", "content": "a"}));
        assert_eq!(frames[1]["choices"][0]["delta"], serde_json::json!({}));
        assert_eq!(frames[1]["choices"][0]["finish_reason"], "stop");
        assert_eq!(frames[1]["usage"]["total_tokens"], 34);
        assert!(frames[0].get("usage").is_none());
    }

    #[test]
    fn a_tool_call_has_its_index_and_kind() {
        let call = ToolCallDelta { index: 1, id: Some("call_1".into()), name: Some("f".into()), arguments: "{}".into() };
        let frames = frames(&[ChatEvent::ToolCall(call), ChatEvent::Finish(FinishReason::ToolCalls)]);
        let sent = &frames[0]["choices"][0]["delta"]["tool_calls"][0];
        assert_eq!(
            *sent,
            serde_json::json!({"index": 1, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}})
        );
        assert_eq!(frames[1]["choices"][0]["finish_reason"], "tool_calls");
    }

    #[test]
    fn a_frame_of_another_kind_is_an_empty_chunk_too() {
        let event = serde_json::json!({"event": {"type": "status"}});
        let frames = frames(&[ChatEvent::Frame(event), ChatEvent::Text("a".into())]);
        assert_eq!((&frames[0]["event"]["type"], &frames[0]["choices"][0]["delta"]), (&"status".into(), &serde_json::json!({})));
        assert_eq!((&frames[0]["id"], &frames[0]["object"]), (&frames[1]["id"], &frames[1]["object"]));
        assert_eq!(frames[1]["choices"][0]["delta"]["role"], "assistant");
    }

    #[test]
    fn an_answer_without_a_word_still_names_its_role() {
        assert_eq!(frames(&[ChatEvent::Finish(FinishReason::Length)])[0]["choices"][0]["delta"]["role"], "assistant");
    }
}
