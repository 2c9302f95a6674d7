//! An upstream's stream, made such that strict clients can read it.
//!
//! OpenAI's SDKs parse the data of every frame as JSON, and end at data that begins with `[DONE]`. What upstreams send beside that
//! (frames without data, spaces around `[DONE]`, a byte order mark) is taken out on the way. The rest passes as the bytes that came:
//! only the beginning of a line is looked at, and only a line that may have to be changed is kept until it is complete.

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use memchr::memchr2;
use serde_json::{Map, Value};

use crate::{ByteStream, LlmError, SseBytes, json};

/// Bytes of a line that are kept. A longer one passes as it is.
const LONGEST_KEPT: usize = 64 << 10;

/// The stream without frames that hold no data, with `data: [DONE]` in its usual form, and with an error instead of an error frame:
/// `refuse` makes it of the frame's member `error`. It is the last item, and the upstream's stream is dropped with it.
pub fn tidy(bytes: ByteStream, refuse: impl Fn(Value) -> LlmError + Send + 'static) -> SseBytes {
    let state = Some((bytes, Tidy::default(), refuse));
    Box::pin(
        stream::unfold(state, |state| async move {
            let (mut bytes, mut tidy, refuse) = state?;
            let (part, end) = match bytes.next().await {
                Some(Ok(part)) => (tidy.see(&part), false),
                Some(Err(error)) => return Some(([None, Some(Err(error))], None)),
                None => (tidy.end(), true),
            };
            let error = tidy.error.take().map(|error| Err(refuse(error)));
            let rest = (!end && error.is_none()).then_some((bytes, tidy, refuse));
            Some(([(!part.is_empty()).then_some(Ok(part)), error], rest))
        })
        .flat_map(|items| stream::iter(items.into_iter().flatten())),
    )
}

/// Where in the stream the next byte stands.
#[derive(Clone, Copy, Default, PartialEq)]
enum At {
    /// At the very beginning, where a byte order mark may be.
    #[default]
    Start,
    /// At the beginning of a line.
    Line,
    /// In a line that passes, or in one that is kept in [`Tidy::open`].
    Inside,
}

#[derive(Default)]
struct Tidy {
    at: At,
    /// The beginning of a line that may have to be changed.
    open: BytesMut,
    /// Lines of the present frame before its first data.
    held: BytesMut,
    /// Whether the present frame has data.
    has_data: bool,
    /// Whether anything of the present frame has passed.
    passed: bool,
    /// Whether a line without data was taken out of it, and nothing of it has passed.
    left_out: bool,
    /// Whether the last byte was a carriage return, and whether its line passed: a line feed may follow, which belongs to it.
    after_return: Option<bool>,
    error: Option<Value>,
}

/// What becomes of a line.
#[derive(Debug, PartialEq)]
enum Fate {
    Passes,
    /// It waits for the frame's first data.
    Waits,
    Goes,
    /// It is written anew.
    Done,
    Fails(Value),
    /// Not enough of it is here to tell.
    Unknown,
}

/// What passes of a part: a slice of it as long as nothing in it is changed, a copy from then on.
struct Out<'a> {
    part: &'a Bytes,
    /// The run of bytes that pass, and have not been copied.
    run: std::ops::Range<usize>,
    copied: BytesMut,
}

impl Out<'_> {
    fn pass(&mut self, from: usize, to: usize) {
        if self.run.is_empty() {
            self.run = from..to;
        } else if self.run.end == from {
            self.run.end = to;
        } else {
            self.write(&[]);
            self.run = from..to;
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.copied.extend_from_slice(&self.part[self.run.clone()]);
        self.run = 0..0;
        self.copied.extend_from_slice(bytes);
    }

    fn finish(mut self) -> Bytes {
        if self.copied.is_empty() {
            return self.part.slice(self.run);
        }
        self.write(&[]);
        self.copied.freeze()
    }
}

impl Tidy {
    /// What of a part passes.
    fn see(&mut self, part: &Bytes) -> Bytes {
        let mut out = Out { part, run: 0..0, copied: BytesMut::new() };
        let mut from = 0;
        if self.at == At::Start {
            // A mark that is split counts as text, which no server sends.
            from = if part.starts_with(json::BOM) { json::BOM.len() } else { 0 };
            self.at = At::Line;
        }
        if let Some(passed) = self.after_return.take()
            && part.get(from) == Some(&b'\n')
        {
            if passed {
                out.pass(from, from + 1);
            } else if self.held.ends_with(b"\r") {
                self.held.extend_from_slice(b"\n");
            }
            from += 1;
        }
        while from < part.len() && self.error.is_none() {
            let end = memchr2(b'\n', b'\r', &part[from..]).map(|length| from + length);
            let Some(end) = end else {
                self.unfinished(&mut out, from);
                break;
            };
            let mut next = end + 1;
            let split = part[end] == b'\r' && next == part.len();
            if part[end] == b'\r' && part.get(next) == Some(&b'\n') {
                next += 1;
            }
            let passed = self.line(&mut out, from, end, next);
            self.after_return = split.then_some(passed);
            from = next;
        }
        out.finish()
    }

    /// A line, or the rest of one, with its end. Whether it passes.
    fn line(&mut self, out: &mut Out<'_>, from: usize, end: usize, next: usize) -> bool {
        let part = out.part;
        if self.at == At::Inside && self.open.is_empty() {
            out.pass(from, next);
            self.at = At::Line;
            return true;
        }
        self.at = At::Line;
        if !self.open.is_empty() {
            let mut line = std::mem::take(&mut self.open);
            line.extend_from_slice(&part[from..end]);
            let fate = self.fate(&line, true);
            line.extend_from_slice(&part[end..next]);
            return self.put(out, fate, &line, None);
        }
        let fate = self.fate(&part[from..end], true);
        self.put(out, fate, &part[from..next], Some(from..next))
    }

    /// A line whose end is not here yet.
    fn unfinished(&mut self, out: &mut Out<'_>, from: usize) {
        let part = out.part;
        let to = part.len();
        if self.at == At::Inside && self.open.is_empty() {
            return out.pass(from, to);
        }
        self.at = At::Inside;
        if !self.open.is_empty() {
            let mut line = std::mem::take(&mut self.open);
            line.extend_from_slice(&part[from..to]);
            let passes = self.fate(&line, false) == Fate::Passes;
            if passes || line.len() > LONGEST_KEPT {
                (self.has_data, self.passed) = (true, true);
                self.put(out, Fate::Passes, &line, None);
            } else {
                self.open = line;
            }
        } else if self.fate(&part[from..to], false) == Fate::Passes {
            self.put(out, Fate::Passes, &part[from..to], Some(from..to));
        } else {
            self.open.extend_from_slice(&part[from..to]);
        }
    }

    /// Does with a line what is to be done with it. `place` is where it stands in the part, if it does. Whether it passes.
    fn put(&mut self, out: &mut Out<'_>, fate: Fate, line: &[u8], place: Option<std::ops::Range<usize>>) -> bool {
        match fate {
            Fate::Goes | Fate::Unknown => false,
            Fate::Waits => {
                self.held.extend_from_slice(line);
                false
            }
            Fate::Fails(error) => {
                self.error = Some(error);
                false
            }
            Fate::Passes | Fate::Done => {
                if self.has_data && !self.held.is_empty() {
                    let held = self.held.split();
                    out.write(&held);
                }
                match (fate, place) {
                    (Fate::Done, _) => out.write(b"data: [DONE]\n"),
                    (_, Some(place)) => out.pass(place.start, place.end),
                    (_, None) => out.write(line),
                }
                true
            }
        }
    }

    /// What becomes of a line, of which all is here or the beginning.
    fn fate(&mut self, line: &[u8], whole: bool) -> Fate {
        if line.is_empty() {
            // The frame ends. One of which nothing passed vanishes, and what waited for data in it.
            let passes = self.passed || self.held.is_empty();
            self.held.clear();
            let left_out = std::mem::take(&mut self.left_out);
            (self.has_data, self.passed) = (false, false);
            return if passes && !left_out { Fate::Passes } else { Fate::Goes };
        }
        if line.starts_with(b":") {
            self.passed = true;
            return Fate::Passes;
        }
        let Some(value) = line.strip_prefix(b"data:") else { return self.other(line, whole) };
        let value = value.trim_ascii_start();
        let fate = match value {
            [] if !whole => return Fate::Unknown,
            [] if self.has_data => Fate::Passes,
            [] => {
                self.left_out = !self.passed;
                return Fate::Goes;
            }
            [b'[', ..] if !whole => return Fate::Unknown,
            [b'[', ..] if value.trim_ascii_end() == b"[DONE]" && line != b"data: [DONE]" => Fate::Done,
            [b'{', rest @ ..] => match begins_with_error(rest.trim_ascii_start()) {
                None if !whole => return Fate::Unknown,
                Some(true) if !whole => return Fate::Unknown,
                Some(true) => error_in(value).map_or(Fate::Passes, Fate::Fails),
                _ => Fate::Passes,
            },
            _ => Fate::Passes,
        };
        (self.has_data, self.passed, self.left_out) = (true, true, false);
        fate
    }

    /// A line of another field than `data`.
    fn other(&mut self, line: &[u8], whole: bool) -> Fate {
        if !whole {
            return if self.has_data && !b"data:".starts_with(line) { Fate::Passes } else { Fate::Unknown };
        }
        if line == b"data" {
            self.left_out = !self.passed;
            return Fate::Goes;
        }
        // llama.cpp has a field of its own for errors.
        if let Some(error) = line.strip_prefix(b"error:").and_then(|value| json::read::<Map<String, Value>>(value).ok()) {
            return Fate::Fails(error.into());
        }
        if self.has_data { Fate::Passes } else { Fate::Waits }
    }

    /// What is left at the end: a line that did not end.
    fn end(&mut self) -> Bytes {
        let line = self.open.split().freeze();
        if line.is_empty() {
            return line;
        }
        let mut out = Out { part: &line, run: 0..0, copied: BytesMut::new() };
        let fate = self.fate(&line, true);
        self.put(&mut out, fate, &line, Some(0..line.len()));
        out.finish()
    }
}

/// Whether the first member of an object is `error`; `None` where too little of it is here.
fn begins_with_error(members: &[u8]) -> Option<bool> {
    const NAME: &[u8] = b"\"error\"";
    if members.len() < NAME.len() && NAME.starts_with(members) { None } else { Some(members.starts_with(NAME)) }
}

/// The error of a frame that holds nothing else.
fn error_in(frame: &[u8]) -> Option<Value> {
    let mut frame = json::read::<Map<String, Value>>(frame).ok()?;
    let is_chunk = frame.get("choices").and_then(Value::as_array).is_some_and(|choices| !choices.is_empty());
    frame.remove("error").filter(|error| !error.is_null() && !is_chunk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{error_body, refusal_in};
    use serde_json::json;

    /// What comes out of the stream, and the error that ends it.
    async fn tidied(parts: Vec<Bytes>) -> (String, Option<Value>) {
        let bytes = Box::pin(stream::iter(parts.into_iter().map(Ok)));
        let items: Vec<_> = tidy(bytes, |error| refusal_in(&error, "u")).collect().await;
        let error = items.last().and_then(|item| item.as_ref().err()).map(|error| error_body(error)["error"].clone());
        let bytes: Vec<Bytes> = items.into_iter().filter_map(Result::ok).collect();
        (String::from_utf8(bytes.concat()).expect("text"), error)
    }

    /// The stream whole, split in two anywhere, and byte by byte: it must come out alike.
    #[track_caller]
    fn check(stream: &str, expected: &str) -> impl Future<Output = ()> {
        let bytes = Bytes::copy_from_slice(stream.as_bytes());
        let expected = expected.to_owned();
        async move {
            assert_eq!(tidied(vec![bytes.clone()]).await, (expected.clone(), None));
            for at in 0..=bytes.len() {
                assert_eq!(tidied(vec![bytes.slice(..at), bytes.slice(at..)]).await, (expected.clone(), None), "split at {at}");
            }
            let single = (0..bytes.len()).map(|at| bytes.slice(at..=at)).collect();
            assert_eq!(tidied(single).await, (expected, None));
        }
    }

    const CHUNK: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"data: \"}}]}\n\n";

    #[tokio::test]
    async fn a_stream_in_order_passes_as_it_is_and_uncopied() {
        let stream = format!(": hello\n\n{CHUNK}event: x\nid: 1\ndata: {{}}\n\ndata: [DONE]\n\n");
        check(&stream, &stream).await;
        check(&stream.replace('\n', "\r\n"), &stream.replace('\n', "\r\n")).await;
        check(&stream.replace('\n', "\r"), &stream.replace('\n', "\r")).await;
        let whole = Bytes::from(format!("{CHUNK}{CHUNK}data: [DONE]\n\n"));
        let mut out = tidy(Box::pin(stream::iter([Ok(whole.clone())])), |error| refusal_in(&error, "u"));
        assert_eq!(out.next().await.expect("bytes").expect("bytes").as_ptr(), whole.as_ptr());
    }

    #[tokio::test]
    async fn frames_without_data_are_left_out() {
        for nothing in ["data:\n\n", "data: \n\n", "data\n\n", "event: ping\ndata:\n\n", "event: ping\n\n", "id: 7\nretry: 10\n\n"] {
            let stream = format!("{CHUNK}{nothing}{CHUNK}{nothing}data: [DONE]\n\n");
            check(&stream, &format!("{CHUNK}{CHUNK}data: [DONE]\n\n")).await;
        }
    }

    #[tokio::test]
    async fn done_has_its_usual_form_whatever_is_around_it() {
        for done in ["data:  [DONE] \n\n", "data:[DONE]\n\n", "data:\t[DONE]\n\n", "data: [DONE]  \n\n"] {
            check(&format!("{CHUNK}{done}"), &format!("{CHUNK}data: [DONE]\n\n")).await;
        }
    }

    #[tokio::test]
    async fn a_byte_order_mark_is_skipped() {
        let (text, error) = tidied(vec![Bytes::from(format!("\u{feff}{CHUNK}"))]).await;
        assert_eq!((text.as_str(), error), (CHUNK, None));
    }

    #[tokio::test]
    async fn an_error_frame_becomes_the_last_item_wherever_it_is_split() {
        let error = json!({"message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded", "param": null});
        for frame in [
            format!("data: {}\n\ndata: [DONE]\n\n", json!({"error": error})),
            format!("event: error\ndata: {{ \"error\" : {error}}}\r\n\r\n"),
            format!("error: {error}\n\n"),
            format!("data: {}", json!({"error": error})),
        ] {
            let bytes = Bytes::from(format!("{CHUNK}{frame}"));
            for at in 0..=bytes.len() {
                let (text, told) = tidied(vec![bytes.slice(..at), bytes.slice(at..)]).await;
                assert_eq!((text.as_str(), told.as_ref()), (CHUNK, Some(&error)), "{frame} split at {at}");
            }
        }
    }

    #[tokio::test]
    async fn a_chunk_whose_error_is_null_is_no_error() {
        let chunk = "data: {\"error\":null,\"choices\":[]}\n\n";
        check(chunk, chunk).await;
    }
}
