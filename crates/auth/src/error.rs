//! What can fail here beside a wrong credential.

/// A fault of the machine or of the code, never of the caller.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The system gave no random bytes.
    #[error("the system's random source failed: {0}")]
    Random(String),
    /// Hashing, signing or encrypting failed.
    #[error("{0}")]
    Crypto(String),
    /// The token is none of ours, was changed, or is too old.
    #[error("the session token is not valid")]
    Token,
}
