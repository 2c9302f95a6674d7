//! What a pipe says, as an answer in OpenAI's shape.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use transom_llm::wire::{self, ChunkWriter, Meta};
use transom_llm::{ChatAnswer, ChatEvent, FinishReason, LlmError, SseBytes};

use super::conversation::Conversation;
use super::protocol::{Failure, Message};

/// The error of a call that failed; the words are the function's, or a sentence of ours about it.
pub(super) fn refused(function: &str, failure: Failure) -> LlmError {
    LlmError::refused(function, failure.status, failure.words)
}

/// The answer that a pipe gives in `conversation`. A failure before its first word is the call's error.
pub(super) async fn answer(mut conversation: Conversation, function: &str, model: &str, stream: bool) -> Result<ChatAnswer, LlmError> {
    if !stream {
        return whole(conversation, function, model).await.map(ChatAnswer::Whole);
    }
    let first = match conversation.next().await {
        Some(Message::Failed(failure)) => return Err(refused(function, failure)),
        Some(Message::End(json)) => match completion(&json).transpose() {
            Some(Err(failure)) => return Err(refused(function, failure)),
            _ => Message::End(json),
        },
        Some(other) => other,
        None => return Err(LlmError::Internal("a call without an answer".to_owned())),
    };
    Ok(ChatAnswer::Sse(streamed(Some(first), Some(conversation), function, model)))
}

async fn whole(mut conversation: Conversation, function: &str, model: &str) -> Result<Bytes, LlmError> {
    let mut said = Vec::new();
    while let Some(message) = conversation.next().await {
        match message {
            Message::Failed(failure) => return Err(refused(function, failure)),
            Message::End(json) => match completion(&json).map_err(|failure| refused(function, failure))? {
                Some(completion) => return Ok(with_sources(completion, json, &said)),
                None => said.push(Message::End(json)),
            },
            Message::Frame(frame) if let Some(text) = replacement(&frame) => {
                said.retain(|message| !matches!(message, Message::Text(_) | Message::Data(_)));
                said.push(Message::Text(text));
            }
            other => said.push(other),
        }
    }
    let pieces = stream::iter(said).map(Ok::<_, LlmError>);
    let frames = Writer::new(function, model);
    let bytes: SseBytes = Box::pin(frames.write_all(pieces.boxed()));
    wire::collect(&Meta::whole(model), wire::events(bytes, function)).await
}

/// The text that an event puts in place of all that was said; a stream hands the event on to its client instead.
fn replacement(frame: &Bytes) -> Option<String> {
    let frame: Value = serde_json::from_slice(frame).ok()?;
    let event = frame.get("event")?;
    let replaces = matches!(event["type"].as_str(), Some("replace" | "chat:message"));
    event["data"]["content"].as_str().filter(|_| replaces).map(str::to_owned)
}

/// A dict that a pipe gave back: OpenAI's whole answer or whatever else it is, its failure where it is one, `None` for nothing.
fn completion(json: &Bytes) -> Result<Option<Map<String, Value>>, Failure> {
    let Ok(Value::Object(found)) = serde_json::from_slice::<Value>(json) else { return Ok(None) };
    match failure_in(&found) {
        Some(failure) => Err(failure),
        None => Ok(Some(found)),
    }
}

/// The failure that a pipe gives back as a dict: `{"error": "…"}`, `{"error": {"message": "…"}}`, `{"error": {"detail": "…"}}`.
fn failure_in(found: &Map<String, Value>) -> Option<Failure> {
    let error = found.get("error").filter(|error| !error.is_null() && !found.contains_key("choices"))?;
    let words = error.get("message").or_else(|| error.get("detail")).unwrap_or(error);
    let words = words.as_str().map_or_else(|| words.to_string(), str::to_owned);
    let status = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    Some(Failure { words, status: status.filter(|code| (400..600).contains(code)).unwrap_or(400), line: None })
}

/// A whole answer as the pipe gave it, with the sources that it emitted on the way where it names none itself.
fn with_sources(mut completion: Map<String, Value>, json: Bytes, said: &[Message]) -> Bytes {
    let frames = said.iter().filter_map(|message| match message {
        Message::Frame(frame) => serde_json::from_slice::<Value>(frame).ok(),
        _ => None,
    });
    let sources: Vec<Value> = frames
        .filter_map(|mut frame| match frame.get_mut("sources").map(Value::take) {
            Some(Value::Array(sources)) => Some(sources),
            _ => None,
        })
        .flatten()
        .collect();
    if sources.is_empty() || completion.contains_key("sources") {
        return json;
    }
    completion.shift_insert(0, "sources".to_owned(), Value::Array(sources));
    serde_json::to_vec(&completion).map_or(json, Bytes::from)
}

/// What a frame has beside an answer's chunks: an event, or sources.
fn beside(frame: &Bytes) -> Option<Value> {
    let found: Value = serde_json::from_slice(frame).ok()?;
    let is = |name: &str| found.get(name).is_some_and(|member| !member.is_null());
    ((is("event") || is("sources")) && !is("choices") && !is("error")).then_some(found)
}

fn streamed(first: Option<Message>, conversation: Option<Conversation>, function: &str, model: &str) -> SseBytes {
    let rest = stream::unfold(conversation, |conversation| async move {
        let mut conversation = conversation?;
        let message = conversation.next().await?;
        Some((message, Some(conversation)))
    });
    let messages = stream::iter(first).chain(rest).map(Ok);
    Box::pin(Writer::new(function, model).write_all(messages.boxed()))
}

/// Writes what a pipe says as the frames of one stream, which ends exactly once.
struct Writer {
    function: String,
    chunks: ChunkWriter,
    /// Whether a chunk of the pipe's own said why the answer ended.
    finished: bool,
    over: bool,
}

/// As much of a chunk as its place in a stream depends on.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(default)]
    choices: Vec<Choice<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    finish_reason: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

type Frames = Vec<Result<Bytes, LlmError>>;

impl Writer {
    fn new(function: &str, model: &str) -> Self {
        Self { function: function.to_owned(), chunks: ChunkWriter::new(&Meta::streamed(model)), finished: false, over: false }
    }

    fn write_all(
        self,
        messages: futures_util::stream::BoxStream<'static, Result<Message, LlmError>>,
    ) -> impl futures_util::Stream<Item = Result<Bytes, LlmError>> + Send + 'static {
        let frames = messages.scan(self, |writer, message| {
            let frames = (!writer.over).then(|| match message {
                Ok(message) => writer.frames(message),
                Err(error) => writer.fail(error),
            });
            std::future::ready(frames.map(stream::iter))
        });
        frames.flatten()
    }

    fn frames(&mut self, message: Message) -> Frames {
        match message {
            Message::Text(text) => self.text(text),
            Message::Data(data) if data == "[DONE]" => Vec::new(),
            Message::Data(data) if data.is_empty() => Vec::new(),
            Message::Data(data) => self.json(data),
            Message::Frame(frame) => match beside(&frame) {
                Some(beside) => self.chunks.write(&ChatEvent::Frame(beside)).map(Ok).into_iter().collect(),
                None => self.json(frame),
            },
            Message::End(json) if json == "null" => self.end(Vec::new()),
            Message::End(json) => {
                let last = self.json(json);
                if self.over { last } else { self.end(last) }
            }
            Message::Failed(failure) => {
                let error = refused(&self.function, failure);
                self.fail(error)
            }
            Message::Heard => Vec::new(),
        }
    }

    fn text(&mut self, text: String) -> Frames {
        self.chunks.write(&ChatEvent::Text(text)).map(Ok).into_iter().collect()
    }

    /// A chunk as it came; a whole answer as chunks; an error as the end. What is no JSON is text.
    fn json(&mut self, json: Bytes) -> Frames {
        let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(&json) else {
            return self.text(String::from_utf8_lossy(&json).into_owned());
        };
        let failure = chunk.error.and_then(|_| serde_json::from_slice(&json).ok()).and_then(|found| failure_in(&found));
        if let Some(failure) = failure {
            let error = refused(&self.function, failure);
            return self.fail(error);
        }
        self.finished |= chunk.choices.iter().any(|choice| choice.finish_reason.is_some());
        if chunk.choices.iter().any(|choice| choice.message.is_some())
            && let Ok(frames) = wire::whole_as_sse(&json)
        {
            return vec![Ok(frames.slice(..frames.len() - wire::DONE.len()))];
        }
        vec![Ok([b"data: ".as_slice(), &json, b"\n\n"].concat().into())]
    }

    fn end(&mut self, mut last: Frames) -> Frames {
        self.over = true;
        if !self.finished {
            last.extend(self.chunks.write(&ChatEvent::Finish(FinishReason::Stop)).map(Ok));
        }
        last.push(Ok(wire::DONE));
        last
    }

    fn fail(&mut self, error: LlmError) -> Frames {
        self.over = true;
        vec![Err(error)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn written(messages: Vec<Message>) -> Vec<Result<String, String>> {
        let messages = stream::iter(messages).map(Ok).boxed();
        let frames = Writer::new("f", "m").write_all(messages);
        frames
            .map(|frame| frame.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(|error| error.to_string()))
            .collect()
            .await
    }

    fn data(json: &'static str) -> Message {
        Message::Data(Bytes::from_static(json.as_bytes()))
    }

    fn end() -> Message {
        Message::End(Bytes::from_static(b"null"))
    }

    #[tokio::test]
    async fn a_pipes_own_end_is_not_written_twice() {
        let frames = written(vec![data(r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#), data("[DONE]"), end()]).await;
        assert_eq!(frames.len(), 2, "{frames:?}");
        assert_eq!(frames[1].as_deref(), Ok("data: [DONE]\n\n"));
    }

    #[tokio::test]
    async fn chunks_pass_as_they_are_and_an_end_is_added() {
        let frames = written(vec![data(r#"{ "choices" : [] , "x":1.50}"#), Message::Text("a".into()), end()]).await;
        assert_eq!(frames[0].as_deref(), Ok("data: { \"choices\" : [] , \"x\":1.50}\n\n"));
        assert!(frames[1].as_ref().is_ok_and(|frame| frame.contains("\"content\":\"a\"")));
        assert!(frames[2].as_ref().is_ok_and(|frame| frame.contains("\"finish_reason\":\"stop\"")));
        assert_eq!(frames.len(), 4);
    }

    #[tokio::test]
    async fn a_whole_answer_becomes_chunks() {
        let json = r#"{"object":"chat.completion","choices":[{"message":{"content":"all"},"finish_reason":"length"}]}"#;
        let frames = written(vec![Message::End(json.into())]).await;
        assert!(frames[0].as_ref().is_ok_and(|frame| frame.contains("\"delta\":{\"content\":\"all\"}")), "{frames:?}");
        assert_eq!(frames.len(), 2);
    }

    #[tokio::test]
    async fn an_error_is_the_last_thing_in_whatever_form_it_comes() {
        for error in [r#"{"error":"slow down"}"#, r#"{"error":{"message":"slow down","code":429}}"#, r#"{"error":{"detail":"slow down"}}"#]
        {
            let frames = written(vec![Message::Text("a".into()), data(error), Message::Text("b".into()), end()]).await;
            assert_eq!(frames.len(), 2, "{frames:?}");
            assert!(frames[1].as_ref().is_err_and(|words| words.contains("slow down")));
        }
    }
}
