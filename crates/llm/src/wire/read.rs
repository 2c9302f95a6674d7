//! Frames back to events, for those who must look inside a stream.

use bytes::Bytes;
use futures_util::{Stream, StreamExt, future, stream};
use serde::Deserialize;
use serde_json::Value;
use sseer::errors::EventStreamError;

use super::refusal_in;
use crate::{ChatAnswer, ChatEvent, EventStream, FinishReason, LlmError, SseBytes, ToolCallDelta, Usage, json};

/// Bytes without the end of a line, after which a stream counts as broken.
const LONGEST_LINE: usize = 16 << 20;

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Value>,
    error: Option<Value>,
    sources: Option<Value>,
    event: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    // A whole answer calls it `message`.
    #[serde(alias = "message")]
    delta: Option<Delta>,
    finish_reason: Option<String>,
    logprobs: Option<Value>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<Value>,
    #[serde(alias = "reasoning")]
    reasoning_content: Option<Value>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    index: Option<u32>,
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}

/// Any answer as events; `upstream` names it in errors. Of several choices, the first alone counts.
pub fn event_stream(answer: ChatAnswer, upstream: &str) -> EventStream {
    match answer {
        ChatAnswer::Events(events) => events,
        ChatAnswer::Sse(bytes) => events(bytes, upstream),
        ChatAnswer::Whole(json) => {
            let mut reader = Reader::new(upstream);
            let mut read = reader.chunk(&json);
            read.extend(reader.end());
            Box::pin(stream::iter(read))
        }
    }
}

/// The events of a stream in OpenAI's shape. It ends with [`ChatEvent::Finish`], or with an error as its last item.
pub fn events(bytes: SseBytes, upstream: &str) -> EventStream {
    let frames = sseer::EventStream::new(Box::pin(bounded(bytes, upstream.to_owned())));
    let frames = frames.map(Some).chain(stream::iter([None]));
    let read = frames.scan(Reader::new(upstream), |reader, frame| {
        if reader.ended {
            return future::ready(None);
        }
        let read = match frame {
            None => reader.end(),
            Some(Err(EventStreamError::Transport(error))) => reader.fail(error),
            Some(Err(EventStreamError::Utf8Error(_))) => reader.broken("it is not UTF-8"),
            Some(Ok(frame)) if frame.data.trim() == "[DONE]" => reader.end(),
            Some(Ok(frame)) if frame.data.trim().is_empty() => Vec::new(),
            Some(Ok(frame)) => reader.chunk(frame.data.as_bytes()),
        };
        future::ready(Some(stream::iter(read)))
    });
    Box::pin(read.flatten())
}

/// Fails on a line that does not end, so that nobody fills the memory with it.
pub(super) fn bounded(bytes: SseBytes, upstream: String) -> impl Stream<Item = Result<Bytes, LlmError>> + Send {
    bytes.scan(0usize, move |open, part| {
        let part = part.and_then(|part| {
            *open = match part.iter().rposition(|byte| *byte == b'\n') {
                Some(last) => part.len() - last - 1,
                None => *open + part.len(),
            };
            if *open > LONGEST_LINE {
                return Err(LlmError::Broken { upstream: upstream.clone(), reason: "a line has no end".into() });
            }
            Ok(part)
        });
        future::ready(Some(part))
    })
}

/// Holds the finish reason back, because the usage comes in a frame after it.
struct Reader {
    upstream: String,
    finish: Option<FinishReason>,
    ended: bool,
}

type Read = Vec<Result<ChatEvent, LlmError>>;

impl Reader {
    fn new(upstream: &str) -> Self {
        Self { upstream: upstream.to_owned(), finish: None, ended: false }
    }

    fn chunk(&mut self, json: &[u8]) -> Read {
        let Ok(chunk) = json::read::<Chunk>(json) else { return self.broken("a frame is no chat completion") };
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let refusal = refusal_in(&error, &self.upstream);
            return self.fail(refusal);
        }
        let mut read = Vec::new();
        // What such an answer has beside its choices, in frames of its own or, where it is whole, as members.
        for (name, found) in [("event", chunk.event), ("sources", chunk.sources)] {
            read.extend(found.filter(|found| !found.is_null()).map(|found| Ok(ChatEvent::Frame(serde_json::json!({ name: found })))));
        }
        for choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
            read.extend(choice.logprobs.filter(Value::is_object).map(|values| Ok(ChatEvent::Logprobs(values))));
            read.extend(choice.delta.into_iter().flat_map(pieces).map(Ok));
            if let Some(reason) = choice.finish_reason {
                self.finish = Some(finish(&reason));
            }
        }
        let usage = chunk.usage.filter(Value::is_object).and_then(|usage| serde_json::from_value::<Usage>(usage).ok());
        read.extend(usage.map(|usage| Ok(ChatEvent::Usage(usage))));
        read
    }

    fn end(&mut self) -> Read {
        if self.ended {
            return Vec::new();
        }
        match self.finish {
            Some(reason) => {
                self.ended = true;
                vec![Ok(ChatEvent::Finish(reason))]
            }
            None => self.broken("it ended in the middle"),
        }
    }

    fn broken(&mut self, reason: &str) -> Read {
        let error = LlmError::Broken { upstream: self.upstream.clone(), reason: reason.to_owned() };
        self.fail(error)
    }

    fn fail(&mut self, error: LlmError) -> Read {
        self.ended = true;
        vec![Err(error)]
    }
}

fn pieces(delta: Delta) -> impl Iterator<Item = ChatEvent> {
    let reasoning = delta.reasoning_content.and_then(text).map(ChatEvent::Reasoning);
    let content = delta.content.and_then(text).map(ChatEvent::Text);
    let calls = delta.tool_calls.unwrap_or_default().into_iter().enumerate().map(|(place, call)| {
        let (name, arguments) = call.function.map_or((None, None), |function| (function.name, function.arguments));
        let index = call.index.unwrap_or(place as u32);
        ChatEvent::ToolCall(ToolCallDelta { index, id: call.id, name, arguments: arguments.unwrap_or_default() })
    });
    reasoning.into_iter().chain(content).chain(calls)
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn finish(reason: &str) -> FinishReason {
    match reason {
        "length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(parts: Vec<Result<&'static str, LlmError>>) -> Vec<Result<ChatEvent, String>> {
        let bytes = stream::iter(parts.into_iter().map(|part| part.map(|part| Bytes::from_static(part.as_bytes()))));
        events(Box::pin(bytes), "u").map(|event| event.map_err(|error| error.to_string())).collect().await
    }

    const STREAM: &str = concat!(
        ": a comment\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Grüße\"},\"finish_reason\":null}]}\r\n\r\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3}}\n\n",
        "data: [DONE]\n\n"
    );

    fn expected() -> Vec<Result<ChatEvent, String>> {
        let usage = Usage { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, ..Usage::default() };
        vec![Ok(ChatEvent::Text("Grüße".into())), Ok(ChatEvent::Usage(usage)), Ok(ChatEvent::Finish(FinishReason::Stop))]
    }

    #[tokio::test]
    async fn a_stream_is_read_wherever_it_is_split() {
        assert_eq!(read(vec![Ok(STREAM)]).await, expected());
        for at in 1..STREAM.len() {
            let bytes = STREAM.as_bytes();
            let parts = [Ok(Bytes::from_static(&bytes[..at])), Ok(Bytes::from_static(&bytes[at..]))];
            let events: Vec<_> = events(Box::pin(stream::iter(parts)), "u").map(|event| event.map_err(|e| e.to_string())).collect().await;
            assert_eq!(events, expected(), "split at {at}");
        }
    }

    #[tokio::test]
    async fn a_finish_reason_without_done_is_an_end() {
        let events = read(vec![Ok("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n")]).await;
        assert_eq!(events, [Ok(ChatEvent::Finish(FinishReason::Length))]);
    }

    #[tokio::test]
    async fn a_stream_that_ends_in_the_middle_is_broken() {
        let events = read(vec![Ok("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n")]).await;
        assert_eq!(events.len(), 2);
        assert!(events[1].as_ref().expect_err("broken").contains("ended in the middle"));
    }

    #[tokio::test]
    async fn an_error_frame_is_the_last_item() {
        let events = read(vec![Ok("data: {\"error\":{\"message\":\"out of memory\"}}\n\ndata: [DONE]\n\n")]).await;
        assert_eq!(events.len(), 1);
        assert!(events[0].as_ref().expect_err("broken").contains("out of memory"));
    }

    #[tokio::test]
    async fn frames_of_another_kind_keep_their_place() {
        let events = read(vec![
            Ok("data: {\"sources\":[{\"id\":1}]}\n\n"),
            Ok("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"),
        ])
        .await;
        let sources = serde_json::json!({"sources": [{"id": 1}]});
        assert_eq!(events[..2], [Ok(ChatEvent::Frame(sources)), Ok(ChatEvent::Text("a".into()))]);
    }

    #[tokio::test]
    async fn a_whole_answer_is_read_alike() {
        let json = br#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi","tool_calls":null},"finish_reason":"stop"}]}"#;
        let events: Vec<_> =
            event_stream(ChatAnswer::Whole(Bytes::from_static(json)), "u").map(|event| event.expect("an event")).collect().await;
        assert_eq!(events, [ChatEvent::Text("Hi".into()), ChatEvent::Finish(FinishReason::Stop)]);
    }
}
