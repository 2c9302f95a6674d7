//! OpenAI's stream on the wire: events to `chat.completion.chunk` frames, and frames back to events.

use bytes::Bytes;
use serde::Serialize;

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
