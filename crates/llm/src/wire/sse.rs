//! Any answer as a stream.

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::{ChunkWriter, DONE, Meta, error_frame, whole_as_sse};
use crate::{ChatAnswer, EventStream, LlmError, SseBytes};

/// Any answer as bytes of a Server-Sent Events stream that never fails: an error of the upstream becomes an error frame,
/// which is the last thing in the stream and stands in the place of `data: [DONE]`.
///
/// `model` is the name that frames made of events say; bytes that are in OpenAI's shape already go on as they are.
pub fn sse(answer: ChatAnswer, model: &str) -> SseBytes {
    match answer {
        ChatAnswer::Sse(bytes) => Box::pin(until_error(bytes)),
        ChatAnswer::Events(events) => Box::pin(until_error(written(events, &Meta::streamed(model)))),
        ChatAnswer::Whole(json) => {
            let frames = whole_as_sse(&json).unwrap_or_else(|reason| {
                error_frame(&LlmError::Broken { upstream: String::new(), reason: format!("it is no chat completion ({reason})") })
            });
            Box::pin(stream::iter([Ok(frames)]))
        }
    }
}

/// The frames of events; `data: [DONE]` after the one of the finish reason.
fn written(events: EventStream, meta: &Meta) -> impl Stream<Item = Result<Bytes, LlmError>> + Send + use<> {
    let mut writer = ChunkWriter::new(meta);
    events.flat_map(move |event| {
        let (first, second) = match event {
            Err(error) => (Some(Err(error)), None),
            Ok(event) => {
                let done = matches!(event, crate::ChatEvent::Finish(_)).then_some(Ok(DONE));
                (writer.write(&event).map(Ok), done)
            }
        };
        stream::iter(first.into_iter().chain(second))
    })
}

/// Bytes until the first error, which becomes the last frame. The upstream's stream is dropped there.
fn until_error(bytes: impl Stream<Item = Result<Bytes, LlmError>> + Send) -> impl Stream<Item = Result<Bytes, LlmError>> + Send {
    let bytes = Box::pin(bytes);
    stream::unfold((Some(bytes), true), |(bytes, line_ended)| async move {
        let mut bytes = bytes?;
        match bytes.next().await? {
            Ok(part) => {
                let line_ended = if part.is_empty() { line_ended } else { part.ends_with(b"\n\n") };
                Some((Ok(part), (Some(bytes), line_ended)))
            }
            Err(error) => {
                let frame = error_frame(&error);
                // Bytes that broke off inside a frame: the empty line closes it, so that the error is a frame of its own.
                let frame = if line_ended { frame } else { [b"\n\n".as_slice(), &frame].concat().into() };
                Some((Ok(frame), (None, true)))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChatEvent, FinishReason};

    async fn text(answer: ChatAnswer) -> String {
        let parts: Vec<_> = sse(answer, "m").map(|part| part.expect("never an error")).collect().await;
        String::from_utf8(parts.concat()).expect("text")
    }

    fn broken() -> LlmError {
        LlmError::Broken { upstream: "u".into(), reason: "it broke off".into() }
    }

    #[tokio::test]
    async fn events_end_with_done() {
        let events = [Ok(ChatEvent::Text("a".into())), Ok(ChatEvent::Finish(FinishReason::Stop))];
        let text = text(ChatAnswer::Events(Box::pin(stream::iter(events)))).await;
        assert!(text.contains("\"id\":\"chatcmpl-") && text.ends_with("\n\ndata: [DONE]\n\n"), "{text}");
    }

    #[tokio::test]
    async fn an_error_is_the_last_frame_and_done_does_not_follow() {
        let events = [Ok(ChatEvent::Text("a".into())), Err(broken()), Ok(ChatEvent::Finish(FinishReason::Stop))];
        let text = text(ChatAnswer::Events(Box::pin(stream::iter(events)))).await;
        let last = text.trim_end().rsplit("\n\n").next().expect("a frame");
        assert!(last.starts_with("data: {\"error\":{") && !text.contains("[DONE]"), "{text}");
    }

    #[tokio::test]
    async fn an_error_inside_a_frame_is_a_frame_of_its_own() {
        let bytes = [Ok(Bytes::from_static(b"data: {\"cho")), Err(broken())];
        let text = text(ChatAnswer::Sse(Box::pin(stream::iter(bytes)))).await;
        assert!(text.starts_with("data: {\"cho\n\ndata: {\"error\":"), "{text}");
    }

    #[tokio::test]
    async fn bytes_go_on_unsplit() {
        let part = Bytes::from_static(b"data: {}\n\ndata: [DONE]\n\n");
        let answer = ChatAnswer::Sse(Box::pin(stream::iter([Ok(part.clone())])));
        let parts: Vec<_> = sse(answer, "m").collect().await;
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].as_ref().expect("bytes").as_ptr(), part.as_ptr());
    }

    #[tokio::test]
    async fn a_whole_answer_becomes_a_stream() {
        let json = br#"{"id":"i","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#;
        let text = text(ChatAnswer::Whole(Bytes::from_static(json))).await;
        assert!(text.contains("chat.completion.chunk") && text.contains("\"delta\":{") && text.ends_with("data: [DONE]\n\n"), "{text}");
    }
}
