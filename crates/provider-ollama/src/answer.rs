//! Ollama's answers, as events: lines of JSON, or one object for a whole answer.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::Value;
use transom_llm::wire::{self, Meta};
use transom_llm::{ByteStream, ChatEvent, EventStream, FinishReason, LlmError, ToolCallDelta, json};
use transom_upstream::lines;
use uuid::Uuid;

use crate::usage::Measured;

/// Bytes without the end of a line, after which a stream counts as broken.
const LONGEST_LINE: usize = 16 << 20;

/// How long the end of the body may take after the last line. It is waited for so that the connection can be used again.
const LAST: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Line {
    message: Option<Message>,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    logprobs: Option<Value>,
    error: Option<Value>,
    #[serde(flatten)]
    measured: Measured,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    thinking: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    arguments: Option<Value>,
}

/// A whole answer in OpenAI's shape, or why it is none.
pub(crate) fn whole(model: &str, answer: &[u8]) -> Result<Bytes, String> {
    let events = Reader::default().line(answer)?;
    if !matches!(events.last(), Some(ChatEvent::Finish(_))) {
        return Err("it is not a finished answer".to_owned());
    }
    Ok(wire::whole(&Meta::whole(model), events))
}

/// The events of a streamed answer, once the first of them is here; what fails before it is this call's error.
pub(crate) async fn events(bytes: ByteStream, upstream: &str) -> Result<EventStream, LlmError> {
    let mut answer = Answer {
        lines: Box::pin(lines(bytes, LONGEST_LINE, upstream)),
        reader: Reader::default(),
        ready: VecDeque::new(),
        state: State::Speaks,
        upstream: upstream.to_owned(),
    };
    answer.listen().await?;
    Ok(Box::pin(stream::unfold(answer, |mut answer| async move { Some((answer.next().await?, answer)) })))
}

struct Answer {
    lines: Pin<Box<dyn Stream<Item = Result<Bytes, LlmError>> + Send>>,
    reader: Reader,
    /// Events that have been read and not been asked for.
    ready: VecDeque<ChatEvent>,
    state: State,
    upstream: String,
}

enum State {
    Speaks,
    /// The line that is `done` has been read.
    Done,
    /// Nothing comes any more.
    Over,
}

impl Answer {
    async fn next(&mut self) -> Option<Result<ChatEvent, LlmError>> {
        if self.ready.is_empty() {
            match self.state {
                State::Speaks => {
                    if let Err(error) = self.listen().await {
                        self.state = State::Over;
                        return Some(Err(error));
                    }
                }
                State::Done => {
                    self.state = State::Over;
                    // All has been said: what comes or breaks now changes nothing.
                    let _ = tokio::time::timeout(LAST, self.lines.next()).await;
                }
                State::Over => {}
            }
        }
        self.ready.pop_front().map(Ok)
    }

    /// Reads lines until one of them holds an event.
    async fn listen(&mut self) -> Result<(), LlmError> {
        let broken = |reason: String| LlmError::Broken { upstream: self.upstream.clone(), reason };
        while self.ready.is_empty() {
            let Some(line) = self.lines.next().await else { return Err(broken("it ended in the middle".to_owned())) };
            self.ready.extend(self.reader.line(&line?).map_err(broken)?);
        }
        if matches!(self.ready.back(), Some(ChatEvent::Finish(_))) {
            self.state = State::Done;
        }
        Ok(())
    }
}

/// Reads the lines of one answer.
#[derive(Default)]
struct Reader {
    /// Tool calls so far.
    calls: u32,
}

impl Reader {
    /// The events of a line, or what is wrong with it.
    fn line(&mut self, line: &[u8]) -> Result<Vec<ChatEvent>, String> {
        let Ok(line) = json::read::<Line>(line) else { return Err("a line of it is not a chat answer".to_owned()) };
        if let Some(error) = line.error.filter(|error| !error.is_null()) {
            return Err(error.as_str().map_or_else(|| error.to_string(), str::to_owned));
        }
        let mut events = Vec::new();
        let tokens = line.logprobs.filter(|tokens| tokens.as_array().is_some_and(|tokens| !tokens.is_empty()));
        events.extend(tokens.map(|tokens| ChatEvent::Logprobs(serde_json::json!({ "content": tokens }))));
        if let Some(message) = line.message {
            events.extend(message.thinking.filter(|text| !text.is_empty()).map(ChatEvent::Reasoning));
            events.extend(message.content.filter(|text| !text.is_empty()).map(ChatEvent::Text));
            events.extend(message.tool_calls.into_iter().flatten().map(|call| self.call(call)));
        }
        if line.done {
            events.push(ChatEvent::Usage(line.measured.usage()));
            events.push(ChatEvent::Finish(match line.done_reason.as_deref() {
                _ if self.calls > 0 => FinishReason::ToolCalls,
                Some("length") => FinishReason::Length,
                _ => FinishReason::Stop,
            }));
        }
        Ok(events)
    }

    /// Ollama sends calls whole.
    fn call(&mut self, call: Call) -> ChatEvent {
        let index = self.calls;
        self.calls += 1;
        let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{}", Uuid::new_v4().simple()));
        let arguments = match call.function.arguments {
            None | Some(Value::Null) => "{}".to_owned(),
            Some(Value::String(text)) => text,
            Some(object) => object.to_string(),
        };
        ChatEvent::ToolCall(ToolCallDelta { index, id: Some(id), name: Some(call.function.name), arguments })
    }
}
