//! What a function asks of the server, answered on behalf of its call's user.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use transom_llm::{Body, CallContext, ChatAnswer, LlmError, wire};

use super::protocol::{Answer, Said};

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Texts {
    texts: Vec<String>,
}

/// Answers a question, in pieces where a stream was asked for.
pub(super) async fn answer(context: Arc<CallContext>, question: u64, what: String, payload: Bytes, say: impl Fn(Answer) + Send + Sync) {
    let say = |said| say(Answer { answer: question, said });
    match find(&context, &what, payload, &say).await {
        Ok(said) => say(said),
        Err(error) => say(Said::from(&error)),
    }
}

async fn find(context: &CallContext, what: &str, payload: Bytes, say: &(impl Fn(Said) + Sync)) -> Result<Said, LlmError> {
    let host = &context.host;
    match what {
        "complete" => {
            let body = Body::parse(payload).map_err(|error| LlmError::Invalid(error.to_string()))?;
            let stream = body.get::<bool>("stream").ok().flatten().unwrap_or(false);
            let model = body.text("model").ok().flatten().unwrap_or_default();
            let answer = host.complete(body).await?;
            if stream { pieces(answer, &model, say).await } else { whole(answer, &model).await }
        }
        "models" => value(&host.models().await?),
        "user" => {
            let Named { id } = read(&payload)?;
            value(&host.user(&id).await?)
        }
        "file" => {
            let Named { id } = read(&payload)?;
            value(&host.file(&id).await?)
        }
        "embed" => {
            let Texts { texts } = read(&payload)?;
            value(&host.embed(texts).await?)
        }
        _ => Err(LlmError::Invalid(format!("the server knows no {what}"))),
    }
}

async fn whole(answer: ChatAnswer, model: &str) -> Result<Said, LlmError> {
    let json = match answer {
        ChatAnswer::Whole(json) => json,
        streamed => wire::collect(&wire::Meta::whole(model), wire::event_stream(streamed, model)).await?,
    };
    let text = String::from_utf8(json.into()).map_err(|_| unreadable())?;
    RawValue::from_string(text).map(Said::Value).map_err(|_| unreadable())
}

/// Sends the frames of a stream, each whole; the last one is what is given back.
async fn pieces(answer: ChatAnswer, model: &str, say: &(impl Fn(Said) + Sync)) -> Result<Said, LlmError> {
    let mut frames = wire::sse(answer, model);
    let mut rest = BytesMut::new();
    // Bytes of `rest` in which no frame ends.
    let mut searched = 0;
    while let Some(part) = frames.next().await {
        rest.extend_from_slice(&part?);
        while let Some(end) = rest[searched..].windows(2).position(|bytes| bytes == b"\n\n") {
            let frame = rest.split_to(searched + end + 2);
            searched = 0;
            say(Said::Piece(String::from_utf8_lossy(&frame).into_owned()));
        }
        searched = rest.len().saturating_sub(1);
    }
    value(&Value::Null)
}

fn read<'a, T: Deserialize<'a>>(payload: &'a Bytes) -> Result<T, LlmError> {
    serde_json::from_slice(payload).map_err(|error| LlmError::Invalid(error.to_string()))
}

fn value<T: Serialize>(value: &T) -> Result<Said, LlmError> {
    serde_json::value::to_raw_value(value).map(Said::Value).map_err(|_| unreadable())
}

fn unreadable() -> LlmError {
    LlmError::Internal("an answer that is no JSON".to_owned())
}
