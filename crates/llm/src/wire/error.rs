//! Errors as clients of a stream read them.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::LlmError;

/// The frame that says why a stream breaks off: `data: {"error":{"message":…,"type":…,"code":…}}`. It is the stream's last.
pub fn error_frame(error: &LlmError) -> Bytes {
    super::frame(&error_body(error))
}

/// The same as a JSON value, in OpenAI's error shape. It says nothing of where the upstream stands.
pub fn error_body(error: &LlmError) -> Value {
    let (kind, code) = match error {
        LlmError::Refused { status, .. } => ("upstream_refused", *status),
        LlmError::Unreachable { .. } => ("upstream_unreachable", 502),
        LlmError::Broken { .. } => ("upstream_broken", 502),
        LlmError::TimedOut { .. } => ("upstream_timeout", 504),
        LlmError::Invalid(_) => ("invalid_request_error", 400),
        LlmError::Internal(_) => ("server_error", 500),
    };
    json!({"error": {"message": message(error), "type": kind, "code": code}})
}

fn message(error: &LlmError) -> String {
    match error {
        LlmError::Refused { detail: Value::String(words), .. } => words.clone(),
        LlmError::Refused { detail, .. } => detail.to_string(),
        LlmError::Unreachable { .. } => "the model's server cannot be reached".to_owned(),
        LlmError::TimedOut { seconds, .. } => format!("the model's server sent nothing for {seconds} s"),
        LlmError::Broken { reason, .. } => format!("the model's server sent an answer that cannot be used: {reason}"),
        LlmError::Invalid(words) => words.clone(),
        LlmError::Internal(_) => "something went wrong on this server".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_frame_holds_the_refusal_in_its_own_words() {
        let error = LlmError::Refused { upstream: "http://10.0.0.7:11434".into(), status: 429, detail: "slow down".into() };
        let frame = error_frame(&error);
        assert_eq!(frame, "data: {\"error\":{\"message\":\"slow down\",\"type\":\"upstream_refused\",\"code\":429}}\n\n");
    }

    #[test]
    fn an_error_frame_does_not_say_where_the_upstream_stands() {
        let upstream = || "http://10.0.0.7:11434".to_owned();
        for error in [
            LlmError::Unreachable { upstream: upstream(), reason: "no route to 10.0.0.7".into() },
            LlmError::TimedOut { upstream: upstream(), seconds: 3 },
            LlmError::Broken { upstream: upstream(), reason: "it broke off".into() },
            LlmError::Internal("10.0.0.7".into()),
        ] {
            let body = error_body(&error).to_string();
            assert!(!body.contains("10.0.0.7"), "{body}");
        }
    }
}
