//! Errors as clients read them: in OpenAI's shape.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{LlmError, RefusalDetails};

/// OpenAI's error object. Its SDKs show the message and decide by `type` and `code` what to raise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErrorObject {
    /// What went wrong, for people.
    pub message: String,
    /// The kind of failure; follows from the status where an upstream does not say.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which failure it is, for programs.
    pub code: Option<Value>,
    /// The member of the request that is wrong.
    pub param: Option<Value>,
}

impl ErrorObject {
    /// The object for a failure with this HTTP status.
    pub fn new(status: u16, message: impl Into<String>, code: Option<&str>) -> Self {
        Self { message: message.into(), kind: kind_of(status).to_owned(), code: code.map(Value::from), param: None }
    }

    /// The object for a refusal in an upstream's own words.
    pub fn refused(status: u16, detail: &Value, more: Option<&RefusalDetails>) -> Self {
        let message = detail.as_str().map_or_else(|| detail.to_string(), str::to_owned);
        let mut object = Self::new(status, message, None);
        if let Some(more) = more {
            object.code.clone_from(&more.code);
            object.param.clone_from(&more.param);
            more.kind.as_ref().inspect(|kind| object.kind.clone_from(kind));
        }
        object
    }
}

/// OpenAI's name for the kind of failure that a status stands for.
fn kind_of(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

impl From<&LlmError> for ErrorObject {
    /// It says nothing of where the upstream stands.
    fn from(error: &LlmError) -> Self {
        let code = match error {
            LlmError::Refused { status, detail, more, .. } => return Self::refused(*status, detail, more.as_deref()),
            LlmError::Unreachable { .. } | LlmError::Broken { .. } => Some("upstream_error"),
            LlmError::TimedOut { .. } => Some("upstream_timeout"),
            LlmError::Invalid(_) => None,
            LlmError::Internal(_) => Some("internal_error"),
        };
        Self::new(error.status(), message(error), code)
    }
}

/// The frame that says why a stream breaks off: `data: {"error":{"message":…,"type":…,"code":…,"param":…}}`. It is the stream's last.
pub fn error_frame(error: &LlmError) -> Bytes {
    super::frame(&error_body(error))
}

/// The same as a JSON value.
pub fn error_body(error: &LlmError) -> Value {
    json!({ "error": ErrorObject::from(error) })
}

/// The refusal that stands in an upstream's stream or in an answer with a success for its status: `error` is the value of its member
/// `error`, an object or a text.
pub fn refusal_in(error: &Value, upstream: &str) -> LlmError {
    let words = match error {
        Value::Object(object) => object.get("message").or_else(|| object.get("detail")).filter(|words| !words.is_null()),
        _ => None,
    };
    let more = RefusalDetails::of(error);
    LlmError::Refused {
        upstream: upstream.to_owned(),
        status: status_in(&more),
        detail: words.unwrap_or(error).clone(),
        more: Some(Box::new(more)),
    }
}

/// The status that an error object stands for. Where nothing says that the request is at fault, the upstream is.
fn status_in(more: &RefusalDetails) -> u16 {
    let number = more.code.as_ref().and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    if let Some(status) = number.and_then(|code| u16::try_from(code).ok()).filter(|code| (400..600).contains(code)) {
        return status;
    }
    let code = more.code.as_ref().and_then(Value::as_str).unwrap_or_default();
    match (code, more.kind.as_deref().unwrap_or_default()) {
        ("rate_limit_exceeded" | "insufficient_quota", _) | (_, "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota") => 429,
        ("context_length_exceeded", _) | (_, "invalid_request_error") => 400,
        _ => 502,
    }
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
        let frame = error_frame(&LlmError::refused("http://10.0.0.7:11434", 429, "slow down"));
        assert_eq!(frame, "data: {\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\",\"code\":null,\"param\":null}}\n\n");
    }

    #[test]
    fn an_error_object_of_an_upstream_keeps_its_type_code_and_param() {
        let error = json!({"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded", "param": "messages"});
        let refusal = refusal_in(&error, "u");
        assert_eq!((refusal.status(), error_body(&refusal)["error"].clone()), (400, error));
    }

    #[test]
    fn an_error_in_a_stream_stands_for_a_status() {
        for (error, status) in [
            (json!({"message": "x", "code": 429}), 429),
            (json!({"message": "x", "code": "503"}), 503),
            (json!({"message": "x", "code": "rate_limit_exceeded"}), 429),
            (json!({"message": "x", "type": "invalid_request_error"}), 400),
            (json!({"message": "x", "code": 7}), 502),
            (json!("CUDA out of memory"), 502),
        ] {
            assert_eq!(refusal_in(&error, "u").status(), status, "{error}");
        }
        assert_eq!(error_body(&refusal_in(&json!("CUDA out of memory"), "u"))["error"]["message"], "CUDA out of memory");
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
