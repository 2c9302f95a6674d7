//! A stream, frame by frame, for those who change frames rather than read an answer.

use std::pin::Pin;

use futures_util::{Stream, StreamExt, future};
use sseer::errors::EventStreamError;

use super::read::bounded;
use crate::{LlmError, SseBytes};

/// What each `data:` frame of a stream holds: JSON, or `[DONE]`. Comments and empty frames are left out.
/// An error is the last item.
pub fn frames(bytes: SseBytes, upstream: &str) -> Pin<Box<dyn Stream<Item = Result<String, LlmError>> + Send>> {
    let name = upstream.to_owned();
    let frames = sseer::EventStream::new(Box::pin(bounded(bytes, name.clone())));
    Box::pin(frames.filter_map(move |frame| {
        future::ready(match frame {
            Ok(frame) if frame.data.trim().is_empty() => None,
            Ok(frame) => Some(Ok(frame.data.to_string())),
            Err(EventStreamError::Transport(error)) => Some(Err(error)),
            Err(EventStreamError::Utf8Error(_)) => {
                Some(Err(LlmError::Broken { upstream: name.clone(), reason: "it is not UTF-8".to_owned() }))
            }
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[tokio::test]
    async fn frames_are_whole_wherever_the_stream_is_split() {
        let text = ": hi\n\ndata: {\"a\":\"ü\"}\r\n\r\ndata: [DONE]\n\n".as_bytes();
        for at in 0..text.len() {
            let parts = [Ok(Bytes::copy_from_slice(&text[..at])), Ok(Bytes::copy_from_slice(&text[at..]))];
            let read: Vec<_> =
                frames(Box::pin(futures_util::stream::iter(parts)), "u").map(|frame| frame.expect("a frame")).collect().await;
            assert_eq!(read, ["{\"a\":\"ü\"}", "[DONE]"], "split at {at}");
        }
    }
}
