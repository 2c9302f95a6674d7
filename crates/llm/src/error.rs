//! What can go wrong between us and a model.

use http::HeaderMap;
use serde_json::Value;

use crate::BodyError;

/// Why a call to an upstream gave no answer, sorted by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The upstream refused the call; its status and words are the caller's to read.
    #[error("{upstream} refused the call with status {status}: {detail}")]
    Refused {
        /// Which upstream: its base address without credentials.
        upstream: String,
        /// The HTTP status it answered with.
        status: u16,
        /// The refusal in its own words: the message where it sent a known error shape, the whole body otherwise.
        detail: Value,
        /// What an upstream over HTTP says beside its words; `None` where the refusal is a function's.
        more: Option<Box<RefusalDetails>>,
    },
    /// No connection could be made, or it broke before anything of the answer came.
    #[error("{upstream} cannot be reached: {reason}")]
    Unreachable {
        /// Which upstream.
        upstream: String,
        /// What the connection said.
        reason: String,
    },
    /// It did not answer in time.
    #[error("{upstream} did not answer within {seconds} s")]
    TimedOut {
        /// Which upstream.
        upstream: String,
        /// The limit that passed.
        seconds: u64,
    },
    /// It answered something that is no answer, or broke off in the middle.
    #[error("{upstream} sent an answer that cannot be used: {reason}")]
    Broken {
        /// Which upstream.
        upstream: String,
        /// What was wrong with it.
        reason: String,
    },
    /// The request itself cannot be put to this upstream.
    #[error("{0}")]
    Invalid(String),
    /// Something of ours failed.
    #[error("{0}")]
    Internal(String),
}

/// What an upstream's refusal says beside its words. Clients decide by it whether to try again, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RefusalDetails {
    /// `type` of its error object.
    pub kind: Option<String>,
    /// `code` of its error object: a text or a number.
    pub code: Option<Value>,
    /// `param` of its error object: the member of the request that is wrong.
    pub param: Option<Value>,
    /// The headers that clients read: `retry-after`, limits of rates, the id of the request at the upstream.
    pub headers: HeaderMap,
}

impl RefusalDetails {
    /// The details of an error object.
    pub fn of(error: &Value) -> Self {
        let scalar = |name: &str| error.get(name).filter(|value| value.is_string() || value.is_number()).cloned();
        Self {
            kind: error.get("type").and_then(Value::as_str).map(str::to_owned),
            code: scalar("code"),
            param: scalar("param"),
            ..Self::default()
        }
    }
}

impl LlmError {
    /// A refusal that says nothing beside its words.
    pub fn refused(upstream: impl Into<String>, status: u16, detail: impl Into<Value>) -> Self {
        Self::Refused { upstream: upstream.into(), status, detail: detail.into(), more: None }
    }

    /// The HTTP status that says the same.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused { status, .. } => *status,
            Self::Unreachable { .. } | Self::Broken { .. } => 502,
            Self::TimedOut { .. } => 504,
            Self::Invalid(_) => 400,
            Self::Internal(_) => 500,
        }
    }
}

impl From<BodyError> for LlmError {
    fn from(error: BodyError) -> Self {
        Self::Invalid(error.to_string())
    }
}
