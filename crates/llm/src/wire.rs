//! OpenAI's shapes on the wire: events to `chat.completion.chunk` frames or a whole `chat.completion`, and back.
//!
//! A stream that we write ends in exactly one of two ways: with `data: [DONE]`, or, where the upstream failed after the
//! first byte, with an error frame (see [`error_frame`]) and nothing after it. A client that waits for `[DONE]` thus never
//! takes a broken answer for a whole one.

mod error;
mod frames;
mod read;
mod sse;
mod tidy;
mod whole;
mod write;

use bytes::Bytes;
use serde::Serialize;

pub use error::{ErrorObject, error_body, error_frame, refusal_in};
pub use frames::frames;
pub use read::{event_stream, events};
pub use sse::sse;
pub use tidy::tidy;
pub use whole::{Meta, collect, whole, whole_as_sse};
pub use write::ChunkWriter;

/// The frame that ends a stream.
pub const DONE: Bytes = Bytes::from_static(b"data: [DONE]\n\n");

/// One frame: `data: JSON` and the empty line.
pub fn frame<T: Serialize>(data: &T) -> Bytes {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"data: ");
    // Values of ours serialise; a fault here shows as an empty frame, which clients skip.
    let _ = serde_json::to_writer(&mut out, data);
    out.extend_from_slice(b"\n\n");
    out.into()
}

/// Seconds since 1970.
fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
