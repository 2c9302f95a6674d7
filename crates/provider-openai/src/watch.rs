//! Watches a stream for its end while it passes, without parsing or keeping it.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use memchr::memmem::Finder;
use transom_llm::wire::DONE;
use transom_llm::{ByteStream, LlmError, SseBytes};

/// Bytes of the past that are kept: more than either mark needs.
const TAIL: usize = 48;

/// How long the end of the body may take after `[DONE]`. It is waited for so that the connection can be used again.
const LAST: Duration = Duration::from_secs(1);

/// The stream as it is, ended as the port demands: with `data: [DONE]`, which is added where the upstream forgets it after a
/// finish reason, or with an error where the body ends before either.
pub fn until_its_end(bytes: ByteStream, upstream: &str) -> SseBytes {
    let state = Some((bytes, Watch::default(), upstream.to_owned()));
    Box::pin(stream::unfold(state, |state| async move {
        let (mut bytes, mut watch, upstream) = state?;
        let next = if watch.done { tokio::time::timeout(LAST, bytes.next()).await.unwrap_or(None) } else { bytes.next().await };
        match next {
            Some(Ok(part)) => {
                watch.see(&part);
                Some((Ok(part), Some((bytes, watch, upstream))))
            }
            // All has been said: what breaks now breaks nothing.
            Some(Err(_)) if watch.done => watch.ending().map(|end| (Ok(end), None)),
            Some(Err(error)) => Some((Err(error), None)),
            None if watch.done || watch.finished => watch.ending().map(|end| (Ok(end), None)),
            None => Some((Err(LlmError::Broken { upstream, reason: "it ended in the middle".to_owned() }), None)),
        }
    }))
}

/// What has been seen of a stream.
#[derive(Default)]
struct Watch {
    /// A finish reason that is not null.
    finished: bool,
    /// `data: [DONE]`.
    done: bool,
    tail: Vec<u8>,
    /// Whether anything was before the tail.
    past: bool,
}

impl Watch {
    fn see(&mut self, part: &[u8]) {
        // A mark may lie across the seam, so the seam is searched beside the part itself.
        let head = &part[..part.len().min(TAIL)];
        let mut seam = [0; 2 * TAIL];
        let seam = &mut seam[..self.tail.len() + head.len()];
        seam[..self.tail.len()].copy_from_slice(&self.tail);
        seam[self.tail.len()..].copy_from_slice(head);
        self.finished = self.finished || finishes(part) || finishes(seam);
        self.done = self.done || says_done(part, self.tail.is_empty() && !self.past) || says_done(seam, !self.past);
        if part.len() >= TAIL {
            self.past |= part.len() > TAIL || !self.tail.is_empty();
            self.tail.clear();
            self.tail.extend_from_slice(&part[part.len() - TAIL..]);
        } else {
            self.tail.extend_from_slice(part);
            let surplus = self.tail.len().saturating_sub(TAIL);
            self.past |= surplus > 0;
            self.tail.drain(..surplus);
        }
    }

    /// What is missing at the end: the empty line that closes a frame, and `data: [DONE]`.
    fn ending(&self) -> Option<Bytes> {
        let closed = self.tail.ends_with(b"\n\n") || self.tail.ends_with(b"\r\n\r\n") || self.tail.ends_with(b"\r\r");
        let missing = match (closed, self.done) {
            (true, true) => return None,
            (true, false) => return Some(DONE),
            (false, true) => Bytes::from_static(b"\n\n"),
            (false, false) => Bytes::from_static(b"\n\ndata: [DONE]\n\n"),
        };
        Some(missing)
    }
}

/// Whether there is a `"finish_reason"` that is not null. Inside a JSON string its quotes would have backslashes before
/// them, so an answer that speaks of finish reasons is no false alarm.
fn finishes(bytes: &[u8]) -> bool {
    const NAME: &[u8] = b"\"finish_reason\"";
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(NAME));
    FINDER.find_iter(bytes).any(|at| {
        let value = bytes[at + NAME.len()..].trim_ascii_start();
        value.strip_prefix(b":").is_some_and(|value| value.trim_ascii_start().starts_with(b"\""))
    })
}

/// Whether there is a line `data: [DONE]`. In an answer's text it would stand in the middle of a line.
fn says_done(bytes: &[u8], at_start: bool) -> bool {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"[DONE]"));
    FINDER.find_iter(bytes).any(|at| {
        let before = bytes[..at].strip_suffix(b" ").unwrap_or(&bytes[..at]);
        match before.strip_suffix(b"data:") {
            Some([]) => at_start,
            Some([.., last]) => matches!(last, b'\n' | b'\r'),
            None => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn watched(parts: Vec<Result<Bytes, LlmError>>) -> (String, bool) {
        let items: Vec<_> = until_its_end(Box::pin(stream::iter(parts)), "u").collect().await;
        let failed = items.last().is_some_and(Result::is_err);
        let bytes: Vec<Bytes> = items.into_iter().filter_map(Result::ok).collect();
        (String::from_utf8(bytes.concat()).expect("text"), failed)
    }

    fn part(text: &str) -> Result<Bytes, LlmError> {
        Ok(Bytes::copy_from_slice(text.as_bytes()))
    }

    fn broken() -> LlmError {
        LlmError::Broken { upstream: "u".into(), reason: "x".into() }
    }

    const FINISH: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\": \"stop\"}]}\n\n";
    const END: &str = "data: [DONE]\n\n";

    #[tokio::test]
    async fn a_stream_that_is_complete_passes_wherever_it_is_split() {
        let text = format!("{FINISH}{END}");
        for at in 0..=text.len() {
            let parts = vec![part(&text[..at]), part(&text[at..])];
            assert_eq!(watched(parts).await, (text.clone(), false), "split at {at}");
        }
        let bytes = text.bytes().map(|byte| Ok(Bytes::copy_from_slice(&[byte]))).collect();
        assert_eq!(watched(bytes).await, (text, false));
    }

    #[tokio::test]
    async fn a_missing_done_is_added_after_a_finish_reason() {
        for at in 0..=FINISH.len() {
            let parts = vec![part(&FINISH[..at]), part(&FINISH[at..])];
            assert_eq!(watched(parts).await, (format!("{FINISH}{END}"), false), "split at {at}");
        }
        assert_eq!(watched(vec![part(FINISH.trim_end())]).await, (format!("{FINISH}{END}"), false));
    }

    #[tokio::test]
    async fn the_empty_line_after_done_is_added_where_it_is_missing() {
        assert_eq!(watched(vec![part("data: [DONE]")]).await, (END.to_owned(), false));
        assert_eq!(watched(vec![part(FINISH), part("data:[DONE]\r\n\r\n")]).await, (format!("{FINISH}data:[DONE]\r\n\r\n"), false));
    }

    #[tokio::test]
    async fn an_end_in_the_middle_is_an_error() {
        for text in [
            "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"data: [DONE] and \\\"finish_reason\\\":\\\"stop\\\"\"}}]}\n\n",
        ] {
            for at in 0..=text.len() {
                let (passed, failed) = watched(vec![part(&text[..at]), part(&text[at..])]).await;
                assert!(failed && passed == text, "split at {at}: {passed}");
            }
        }
    }

    #[tokio::test]
    async fn a_break_counts_before_done_and_not_after() {
        assert!(watched(vec![part(FINISH), Err(broken())]).await.1);
        assert_eq!(watched(vec![part(END), Err(broken())]).await, (END.to_owned(), false));
    }

    #[tokio::test]
    async fn parts_are_not_copied() {
        let whole = Bytes::from(format!("{FINISH}{END}"));
        let items: Vec<_> = until_its_end(Box::pin(stream::iter([Ok(whole.clone())])), "u").collect().await;
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].as_ref().expect("bytes").as_ptr(), whole.as_ptr());
    }
}
