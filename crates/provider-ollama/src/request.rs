//! A chat call in OpenAI's shape, as Ollama reads it.
//!
//! A plain call goes on as it is. Parameters become `options`, response formats `format`, efforts `think`; members that
//! nobody here knows travel along. A member that is null counts as missing.

mod format;
mod messages;
mod options;
mod think;
mod tools;

use bytes::Bytes;
use serde_json::Value;
use transom_llm::{Body, LlmError};

use crate::models::invalid;

/// Ollama's request body.
pub(crate) fn chat(mut body: Body, stream: bool) -> Result<Bytes, LlmError> {
    match take(&mut body, "n")? {
        None => {}
        Some(n) if n.as_f64() == Some(1.0) => {}
        Some(_) => return wrong("an Ollama model gives one answer to a call: `n` must be 1"),
    }
    let messages = messages::converted(body.get("messages").map_err(invalid)?.unwrap_or_default())?;
    body.set("messages", &messages);
    options::convert(&mut body)?;
    format::convert(&mut body)?;
    tools::convert(&mut body)?;
    think::convert(&mut body)?;
    // Ollama measures every answer without being asked.
    body.remove("stream_options");
    // Without it, Ollama streams.
    body.set("stream", &stream);
    Ok(body.to_bytes())
}

/// Takes a member out; `None` where it is missing or null.
fn take(body: &mut Body, name: &str) -> Result<Option<Value>, LlmError> {
    let value = body.get(name).map_err(invalid)?;
    body.remove(name);
    Ok(value)
}

fn wrong<T>(words: &str) -> Result<T, LlmError> {
    Err(LlmError::Invalid(words.to_owned()))
}

/// What Ollama would receive, for tests.
#[cfg(test)]
fn sent(body: &Value) -> Result<Value, String> {
    let bytes = chat(Body::from(body), false).map_err(|error| error.to_string())?;
    Ok(serde_json::from_slice(&bytes).expect("JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plain_call_has_a_model_messages_and_stream() {
        let messages = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]);
        let body = json!({"model": "m", "messages": messages});
        let bytes = chat(Body::from(&body), true).expect("a request");
        assert_eq!(
            bytes,
            r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Why?"}],"stream":true}"#
        );
        assert_eq!(sent(&body), Ok(json!({"model": "m", "messages": messages, "stream": false})));
    }

    #[test]
    fn members_that_nobody_knows_travel_along() {
        let body = json!({"model": "m", "messages": [], "stream": false, "keep_alive": "5m", "logprobs": true, "top_logprobs": 3,
            "truncate": false, "some_future_field": {"a": [1, 2.5]}});
        assert_eq!(sent(&body), Ok(body));
    }

    #[test]
    fn members_without_a_counterpart_stay_here() {
        let body = json!({"model": "m", "messages": [], "n": 1, "stream_options": {"include_usage": true}});
        assert_eq!(sent(&body), Ok(json!({"model": "m", "messages": [], "stream": false})));
    }

    #[test]
    fn more_than_one_answer_is_refused() {
        for n in [json!(2), json!("1"), json!(0)] {
            assert!(sent(&json!({"model": "m", "messages": [], "n": n})).expect_err("refused").contains("`n` must be 1"));
        }
        assert!(sent(&json!({"model": "m", "messages": [], "n": null})).is_ok());
    }
}
