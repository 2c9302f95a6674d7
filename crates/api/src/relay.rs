//! Answers that are not ours, on their way to the client.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ContentEncoding};
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt};
use transom_app::Error;
use transom_app::chat::{ProxyAnswer, refusal};
use transom_llm::{LlmError, wire};

use crate::ApiError;
use crate::reply::Relayed;

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
pub(crate) async fn upstream(answer: ProxyAnswer) -> Result<Relayed, ApiError> {
    if answer.status.is_client_error() || answer.status.is_server_error() {
        return Err(refusal(answer).await.into());
    }
    if answer.status.is_redirection() {
        return Err(Error::BadUpstream(
            "the model's server sends its callers elsewhere; its address in the settings must be the final one".to_owned(),
        )
        .into());
    }
    let status = StatusCode::from_u16(answer.status.as_u16()).unwrap_or(StatusCode::OK);
    let media = answer.content_type.unwrap_or_default();
    let last_words = last_words(&media);
    let mut line_ended = true;
    let body = answer.body.map(move |part| match (part, last_words) {
        // What broke off inside a line is closed, so that the last words are a line of their own.
        (Err(error), Some((words, close))) if !line_ended => Ok([close.as_bytes(), &words(&error)].concat().into()),
        (Err(error), Some((words, _))) => Ok(words(&error)),
        (part, _) => part.inspect(|part| line_ended = part.last().map_or(line_ended, |last| *last == b'\n')),
    });
    let mut response = HttpResponse::build(status);
    response.insert_header(ContentEncoding::Identity);
    if !media.is_empty() {
        response.content_type(media);
    }
    Ok(Relayed(response.streaming(body)))
}

/// What says why a stream breaks off, and what ends a line before it that is not ended.
type LastWords = (fn(&LlmError) -> Bytes, &'static str);

/// How a stream of this media type tells that it broke; `None` where it has no way but breaking the connection.
fn last_words(media: &str) -> Option<LastWords> {
    if media.starts_with("text/event-stream") {
        return Some((wire::error_frame, "\n\n"));
    }
    if media.starts_with("application/x-ndjson") {
        let line = |error: &LlmError| {
            let mut line = serde_json::json!({ "error": wire::error_body(error)["error"]["message"] }).to_string();
            line.push('\n');
            line.into()
        };
        return Some((line, "\n"));
    }
    None
}
