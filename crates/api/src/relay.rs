//! Answers that are not ours, on their way to the client.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ContentEncoding};
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt};
use transom_app::chat::{ProxyAnswer, refusal};
use transom_llm::{LlmError, wire};

use crate::ApiError;

/// JSON that is written already.
pub(crate) fn json(bytes: Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(bytes)
}

/// Server-Sent Events, as they come, never held back to be compressed.
pub(crate) fn events<S>(stream: S) -> HttpResponse
where
    S: Stream<Item = Result<Bytes, LlmError>> + 'static,
{
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header(ContentEncoding::Identity)
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream)
}

/// An upstream's answer as it comes. A refusal keeps its status and words; an answer that breaks on the way says so in its own format.
pub(crate) async fn upstream(answer: ProxyAnswer) -> Result<HttpResponse, ApiError> {
    if answer.status.is_client_error() || answer.status.is_server_error() {
        return Err(refusal(answer).await.into());
    }
    let status = StatusCode::from_u16(answer.status.as_u16()).unwrap_or(StatusCode::OK);
    let media = answer.content_type.unwrap_or_default();
    let last_words = last_words(&media);
    let body = answer.body.map(move |part| match (part, last_words) {
        (Err(error), Some(words)) => Ok(words(&error)),
        (part, _) => part,
    });
    let mut response = HttpResponse::build(status);
    response.insert_header(ContentEncoding::Identity);
    if !media.is_empty() {
        response.content_type(media);
    }
    Ok(response.streaming(body))
}

/// How a stream of this media type tells that it broke; `None` where it has no way but breaking the connection.
fn last_words(media: &str) -> Option<fn(&LlmError) -> Bytes> {
    if media.starts_with("text/event-stream") {
        return Some(wire::error_frame);
    }
    if media.starts_with("application/x-ndjson") {
        return Some(|error| {
            let mut line = serde_json::json!({ "error": error.to_string() }).to_string();
            line.push('\n');
            line.into()
        });
    }
    None
}
