//! Failures of the HTTP client and refusals of upstreams, as errors of the port.

use std::error::Error;

use serde_json::Value;
use transom_llm::{LlmError, RefusalDetails, json};

/// The refusal that an upstream's body holds, in its own words: the message where it has one of the usual shapes
/// (`{"error": {"message"}}`, `{"error": "…"}`, `{"detail": …}`, `{"message": "…"}`), the whole body otherwise.
pub fn refusal(body: &[u8]) -> Value {
    let Ok(json) = json::read::<Value>(body) else {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        return if text.is_empty() { "the model's server gave no reason".into() } else { text.into() };
    };
    let object = unwrapped(&json);
    let words = match object.get("error") {
        Some(Value::Object(error)) => error.get("message"),
        Some(words @ Value::String(_)) => Some(words),
        _ => object.get("detail").or_else(|| object.get("message")),
    };
    words.filter(|words| !words.is_null()).cloned().unwrap_or(json)
}

/// What the body says beside the words: type, code and param of its error object.
pub(crate) fn details(body: &[u8]) -> RefusalDetails {
    let Ok(json) = json::read::<Value>(body) else { return RefusalDetails::default() };
    let object = unwrapped(&json);
    // vLLM's older versions have the members at the top.
    RefusalDetails::of(object.get("error").filter(|error| error.is_object()).unwrap_or(object))
}

/// Google's OpenAI-compatible API wraps its errors in a list.
fn unwrapped(json: &Value) -> &Value {
    json.get(0).unwrap_or(json)
}

/// What broke, in the words of the innermost cause; those never hold the address.
pub(crate) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// An error from before anything of the answer came.
pub(crate) fn unsent(upstream: &str, error: reqwest::Error) -> LlmError {
    if error.is_builder() {
        return LlmError::Internal(format!("the call could not be made: {}", reason(error)));
    }
    let reason = if error.is_connect() && error.is_timeout() { "no connection in time".to_owned() } else { reason(error) };
    LlmError::Unreachable { upstream: upstream.to_owned(), reason }
}

/// An error from the middle of an answer.
pub(crate) fn broken_off(upstream: &str, error: reqwest::Error) -> LlmError {
    LlmError::Broken { upstream: upstream.to_owned(), reason: format!("it broke off ({})", reason(error)) }
}

/// Puts stars where the key stands, should an upstream repeat it.
pub(crate) fn without_secret(words: Value, secret: &str) -> Value {
    match words {
        Value::String(text) if text.contains(secret) => text.replace(secret, "***").into(),
        Value::Array(list) => list.into_iter().map(|item| without_secret(item, secret)).collect(),
        Value::Object(map) => Value::Object(map.into_iter().map(|(name, item)| (name, without_secret(item, secret))).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_keeps_its_words_whatever_its_shape() {
        for (body, words) in [
            (r#"{"error":{"message":"no such model","type":"x"}}"#, json!("no such model")),
            (r#"[{"error":{"message":"no such model"}}]"#, json!("no such model")),
            (r#"{"error":"no such model"}"#, json!("no such model")),
            (r#"{"detail":[{"loc":["body"]}]}"#, json!([{"loc": ["body"]}])),
            (r#"{"message":"no such model"}"#, json!("no such model")),
            (r#"{"error":{"code":7}}"#, json!({"error": {"code": 7}})),
            (r#"{"other":1}"#, json!({"other": 1})),
            ("  Bad Gateway\n", json!("Bad Gateway")),
            ("", json!("the model's server gave no reason")),
        ] {
            assert_eq!(refusal(body.as_bytes()), words, "{body}");
        }
    }

    #[test]
    fn a_refusal_keeps_its_type_code_and_param() {
        let error = json!({"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded", "param": "messages"});
        for body in [json!({"error": error}), json!([{"error": error}]), error.clone()] {
            let details = details(body.to_string().as_bytes());
            assert_eq!(details, RefusalDetails::of(&error), "{body}");
            assert_eq!((details.code, details.param), (Some(json!("context_length_exceeded")), Some(json!("messages"))));
        }
        assert_eq!(details(b"<html>"), RefusalDetails::default());
    }

    #[test]
    fn a_key_that_the_upstream_repeats_is_struck_out() {
        let words = without_secret(json!({"a": ["wrong key sk-1!"]}), "sk-1");
        assert_eq!(words, json!({"a": ["wrong key ***!"]}));
    }
}
