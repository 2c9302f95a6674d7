//! Streams that filters look at. Only these are parsed.

use std::collections::VecDeque;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;
use transom_llm::wire::{self, ChunkWriter};
use transom_llm::{EventReceiver, LlmError, SseBytes, StreamFilter, json};

/// What filters have told the caller's stream until now, as frames.
pub(super) fn waiting(events: &mut EventReceiver, writer: &mut ChunkWriter) -> Vec<Bytes> {
    std::iter::from_fn(|| events.try_recv().ok()).filter_map(|event| writer.write(&event)).collect()
}

/// The stream as the filters make it. It ends once: with what ends `bytes`, or with the error of a filter, which drops the upstream's.
pub(super) fn filtered(bytes: SseBytes, filters: Vec<Box<dyn StreamFilter>>, events: EventReceiver, writer: ChunkWriter) -> SseBytes {
    let state = Looking { frames: wire::frames(bytes, "the stream"), filters, events, writer, out: VecDeque::new(), ended: false };
    Box::pin(stream::unfold(state, |mut state| async move {
        loop {
            if let Some(frame) = state.out.pop_front() {
                return Some((Ok(frame), state));
            }
            if state.ended {
                return None;
            }
            state.step().await;
        }
    }))
}

struct Looking {
    frames: Pin<Box<dyn Stream<Item = Result<String, LlmError>> + Send>>,
    filters: Vec<Box<dyn StreamFilter>>,
    events: EventReceiver,
    writer: ChunkWriter,
    out: VecDeque<Bytes>,
    ended: bool,
}

impl Looking {
    /// Reads one frame and puts out what becomes of it.
    async fn step(&mut self) {
        let frame = match self.frames.next().await {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return self.end(wire::error_frame(&error)),
            None => return self.ended = true,
        };
        if frame.trim() == "[DONE]" {
            return self.end(wire::DONE);
        }
        let Ok(json) = json::read::<Value>(frame.as_bytes()) else {
            return self.out.push_back(format!("data: {frame}\n\n").into());
        };
        if let Some(error) = json.get("error").filter(|error| !error.is_null()) {
            return self.end(wire::error_frame(&wire::refusal_in(error, "the stream")));
        }
        // Sources and events are no chunks of the answer.
        let changed = if json.get("choices").is_some() { self.filter(json).await } else { Ok(Some(json)) };
        self.out.extend(waiting(&mut self.events, &mut self.writer));
        match changed {
            Ok(Some(chunk)) => self.out.push_back(wire::frame(&chunk)),
            Ok(None) => {}
            Err(error) => self.end(wire::error_frame(&error)),
        }
    }

    async fn filter(&mut self, mut chunk: Value) -> Result<Option<Value>, LlmError> {
        for filter in &mut self.filters {
            match filter.chunk(chunk).await? {
                Some(changed) => chunk = changed,
                None => return Ok(None),
            }
        }
        Ok(Some(chunk))
    }

    fn end(&mut self, last: Bytes) {
        self.out.push_back(last);
        self.ended = true;
        // The upstream's call ends here and now, not when the client has read the rest.
        self.frames = Box::pin(stream::empty());
    }
}
