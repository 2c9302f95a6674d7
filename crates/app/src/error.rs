//! The one error of the use cases, sorted by what the caller can do about it.

use serde_json::Value;
use transom_llm::{BodyError, LlmError, RefusalDetails};
use transom_store::StoreError;
use transom_vector::VectorError;

/// Why a use case did not do as asked. Its message is fit for the client; what is not goes to the log where it happens.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No credential, or one that is no longer good.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The role does not allow it.
    #[error("this needs a role that your account does not have; ask your administrator")]
    WrongRole,
    /// The account may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// It is not there, or not for the caller to see.
    #[error("{0}")]
    NotFound(String),
    /// The request cannot be done as it is.
    #[error("{0}")]
    Invalid(String),
    /// The request does not have the shape it needs.
    #[error("{0}")]
    Malformed(String),
    /// It is larger than allowed.
    #[error("{0}")]
    TooLarge(String),
    /// The stored documents do not fit the present settings, and what to do about it.
    #[error("{0}")]
    Conflict(String),
    /// It was tried too often; after a while it may be tried again.
    #[error("{detail}")]
    TooMany {
        /// What was tried too often.
        detail: String,
        /// Seconds after which it may be tried again; sent as `Retry-After`.
        retry_after: u64,
    },
    /// An upstream refused: its status, and its words.
    #[error("{detail}")]
    Refused {
        /// The upstream's HTTP status.
        status: u16,
        /// The upstream's words.
        detail: Value,
        /// What it says beside its words; `None` where the refusal is a function's.
        more: Option<Box<RefusalDetails>>,
    },
    /// An upstream cannot be reached or sent something unusable.
    #[error("{0}")]
    BadUpstream(String),
    /// An upstream took too long.
    #[error("{0}")]
    SlowUpstream(String),
    /// It cannot be done now; later it may.
    #[error("{0}")]
    Unavailable(String),
    /// There is no room on the disk.
    #[error("no space left on the server's disk")]
    Full,
    /// A fault of ours; the log has the rest.
    #[error("something went wrong on the server; its log has the details under this request's id")]
    Internal,
}

impl Error {
    /// An upstream's refusal. One of our credentials at that upstream is no fault of the caller's credential.
    pub(crate) fn refused(status: u16, detail: Value, more: Option<Box<RefusalDetails>>) -> Self {
        let status = if more.is_some() && matches!(status, 401 | 403) { 502 } else { status };
        Self::Refused { status, detail, more }
    }

    /// Logs a fault of ours and hides it from the client.
    pub fn internal(reason: impl std::fmt::Display) -> Self {
        tracing::error!(%reason, "internal error");
        Self::Internal
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(what) => Self::Invalid(format!("this {what} is already taken")),
            StoreError::TooLarge { .. } => Self::TooLarge(error.to_string()),
            StoreError::Full => Self::Full,
            StoreError::Foreign(_) => Self::internal(error),
            StoreError::Backend(reason) => Self::internal(reason),
        }
    }
}

impl From<VectorError> for Error {
    fn from(error: VectorError) -> Self {
        match error {
            VectorError::Full(_) => Self::Full,
            other => Self::internal(other),
        }
    }
}

impl From<LlmError> for Error {
    fn from(error: LlmError) -> Self {
        match error {
            LlmError::Refused { status, detail, more, .. } => Self::refused(status, detail, more),
            LlmError::Unreachable { .. } | LlmError::Broken { .. } => Self::BadUpstream(error.to_string()),
            LlmError::TimedOut { .. } => Self::SlowUpstream(error.to_string()),
            LlmError::Invalid(reason) => Self::Invalid(reason),
            LlmError::Internal(reason) => Self::internal(reason),
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        Self::Malformed(error.to_string())
    }
}
