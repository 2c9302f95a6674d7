//! A stream that came where a whole answer was asked for.

use serde::Deserialize;
use transom_llm::json;
use transom_llm::wire::Meta;

/// What every chunk of an answer says of it.
#[derive(Deserialize)]
struct Head {
    id: Option<String>,
    model: Option<String>,
    created: Option<i64>,
}

/// Whether these are Server-Sent Events, by the field that they begin with.
pub(crate) fn is_stream(answer: &[u8]) -> bool {
    [b"data:".as_slice(), b"event:", b"id:", b"retry:", b"error:", b":"].iter().any(|field| answer.starts_with(field))
}

/// The answer's head, as its first chunk has it; made anew where it has none.
pub(crate) fn meta(answer: &[u8], model: &str) -> Meta {
    let mut meta = Meta::whole(model);
    let first = answer
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .find_map(|line| line.strip_prefix(b"data:").map(<[u8]>::trim_ascii).filter(|data| data.starts_with(b"{")));
    if let Some(head) = first.and_then(|chunk| json::read::<Head>(chunk).ok()) {
        meta.id = head.id.filter(|id| !id.is_empty()).unwrap_or(meta.id);
        meta.model = head.model.filter(|model| !model.is_empty()).unwrap_or(meta.model);
        meta.created = head.created.unwrap_or(meta.created);
    }
    meta
}
