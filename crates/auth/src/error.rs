//! What can fail here beside a wrong credential.

/// A fault of the machine or of the code, or too much to do; never the caller's own fault.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The system gave no random bytes.
    #[error("the system's random source failed: {0}")]
    Random(String),
    /// Hashing, signing or encrypting failed.
    #[error("{0}")]
    Crypto(String),
    /// More passwords are being checked than there are places; it can be tried again at once, and will succeed in a while.
    #[error("too many passwords are being checked")]
    Busy,
    /// The token is none of ours, was changed, or is too old.
    #[error("the session token is not valid")]
    Token,
}
