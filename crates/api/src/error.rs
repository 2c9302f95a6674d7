//! The one place where a failure becomes a status and a body: `{"detail": …}`.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};
use transom_app::Error;

/// A failure on its way to the client.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    detail: Value,
    /// Seconds after which the same request may succeed.
    retry_after: Option<u64>,
}

/// Seconds after which a client tries again what cannot be done now, where nobody knows better.
const LATER: u64 = 5;

impl ApiError {
    /// A failure with a message of one sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: Value::String(detail.into()), retry_after: None }
    }

    /// Whether the credential was missing or wrong.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
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
        let retry_after = match &error {
            Error::TooMany { retry_after, .. } => Some(*retry_after),
            Error::Unavailable(_) => Some(LATER),
            _ => None,
        };
        let detail = match error {
            Error::Refused { detail, .. } => detail,
            other => Value::String(other.to_string()),
        };
        Self { status, detail, retry_after }
    }
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
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.json(json!({ "detail": self.detail }))
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
}
