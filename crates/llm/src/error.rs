//! What can go wrong between us and a model.

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

impl From<BodyError> for LlmError {
    fn from(error: BodyError) -> Self {
        Self::Invalid(error.to_string())
    }
}
