//! The one place where a failure becomes a status and a body: `{"detail": …}`, with more beside it where a route's clients read more.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};
use transom_app::Error;
use transom_llm::wire::ErrorObject;

/// A failure on its way to the client.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    detail: Value,
    /// The same as clients of OpenAI's API read it.
    error: Box<ErrorObject>,
    /// When to try again, and what an upstream says of its limits.
    headers: Box<HeaderMap>,
}

/// Which clients a route has, and so how a refusal reads there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `detail` alone.
    Plain,
    /// OpenAI's error object beside it.
    OpenAi,
    /// Anthropic's, beside it.
    Anthropic,
    /// Ollama's text beside it.
    Ollama,
}

/// Seconds after which a client tries again what cannot be done now, where nobody knows better.
const LATER: u64 = 5;

impl ApiError {
    /// A failure with a message of one sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let error = ErrorObject::new(status.as_u16(), detail.clone(), code_of(status, &detail));
        Self { status, detail: Value::String(detail), error: Box::new(error), headers: Box::default() }
    }

    /// Whether the credential was missing or wrong.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// The body for a route with these clients.
    pub(crate) fn body(&self, shape: Shape) -> Value {
        let ErrorObject { message, kind, .. } = &*self.error;
        match shape {
            Shape::Plain => json!({ "detail": self.detail }),
            Shape::OpenAi => json!({ "detail": self.detail, "error": self.error }),
            Shape::Ollama => json!({ "detail": self.detail, "error": message }),
            Shape::Anthropic => {
                // Anthropic's name for what every other API calls a server error.
                let kind = if kind == "server_error" { "api_error" } else { kind };
                json!({ "detail": self.detail, "type": "error", "error": { "type": kind, "message": message } })
            }
        }
    }
}

/// OpenAI's codes, as far as its clients know them.
fn code_of(status: StatusCode, detail: &str) -> Option<&'static str> {
    match status.as_u16() {
        401 => Some("invalid_api_key"),
        413 => Some("request_too_large"),
        429 => Some("rate_limit_exceeded"),
        500 => Some("internal_error"),
        502 => Some("upstream_error"),
        503 => Some("unavailable"),
        504 => Some("upstream_timeout"),
        507 => Some("insufficient_storage"),
        // The reference says so with several statuses, and a 403 for those who may not use the model.
        _ if detail.starts_with("Model ") && detail.ends_with("not found") => Some("model_not_found"),
        _ => None,
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Unauthenticated(_) | Error::WrongRole => StatusCode::UNAUTHORIZED,
            Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Invalid(_) => StatusCode::BAD_REQUEST,
            Error::Malformed(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Error::Conflict(_) => StatusCode::CONFLICT,
            Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            // Only refusals keep their status: an upstream that is itself broken is a bad gateway to our client.
            Error::Refused { status, .. } => {
                StatusCode::from_u16(*status).ok().filter(|s| s.is_client_error()).unwrap_or(StatusCode::BAD_GATEWAY)
            }
            Error::BadUpstream(_) => StatusCode::BAD_GATEWAY,
            Error::SlowUpstream(_) => StatusCode::GATEWAY_TIMEOUT,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Full => StatusCode::INSUFFICIENT_STORAGE,
            Error::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let later = match &error {
            Error::TooMany { retry_after, .. } => Some(*retry_after),
            Error::Unavailable(_) => Some(LATER),
            _ => None,
        };
        let (detail, more) = match error {
            Error::Refused { detail, more, .. } => (detail, more),
            other => return Self::new(status, other.to_string()).later(later),
        };
        let error = Box::new(ErrorObject::refused(status.as_u16(), &detail, more.as_deref()));
        let headers = more.map(|more| ours(&more.headers)).unwrap_or_default();
        Self { status, detail, error, headers: Box::new(headers) }
    }
}

impl ApiError {
    fn later(mut self, seconds: Option<u64>) -> Self {
        if let Some(seconds) = seconds {
            self.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        self
    }
}

/// An upstream's headers, in the server's own types.
fn ours(headers: &http::HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_str().as_bytes()), HeaderValue::from_bytes(value.as_bytes())) {
            out.insert(name, value);
        }
    }
    out
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.status, self.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for header in self.headers.iter() {
            response.insert_header(header);
        }
        response.json(self.body(Shape::Plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_tried_again_later_says_when() {
        let later = |error: Error| {
            let response = ApiError::from(error).error_response();
            response.headers().get(RETRY_AFTER).map(|value| value.to_str().expect("text").to_owned())
        };
        assert_eq!(later(Error::TooMany { detail: "wait".to_owned(), retry_after: 42 }).as_deref(), Some("42"));
        assert_eq!(later(Error::Unavailable("not now".to_owned())).as_deref(), Some("5"));
        assert_eq!(later(Error::Invalid("never".to_owned())), None);
    }

    #[test]
    fn a_refusal_reads_as_the_clients_of_its_route_expect() {
        let error = ApiError::from(Error::Invalid("Model not found".to_owned()));
        let object = json!({"message": "Model not found", "type": "invalid_request_error", "code": "model_not_found", "param": null});
        assert_eq!(error.body(Shape::Plain), json!({"detail": "Model not found"}));
        assert_eq!(error.body(Shape::OpenAi), json!({"detail": "Model not found", "error": object}));
        assert_eq!(error.body(Shape::Ollama), json!({"detail": "Model not found", "error": "Model not found"}));
        let own = json!({"type": "invalid_request_error", "message": "Model not found"});
        assert_eq!(error.body(Shape::Anthropic), json!({"detail": "Model not found", "type": "error", "error": own}));
        let broken = ApiError::from(Error::BadUpstream("gone".to_owned()));
        assert_eq!(
            (broken.body(Shape::OpenAi)["error"]["type"].clone(), broken.body(Shape::Anthropic)["error"]["type"].clone()),
            (json!("server_error"), json!("api_error"))
        );
    }
}
