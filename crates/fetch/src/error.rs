//! Why an address could not be fetched.

use std::error::Error;

/// Why an address could not be fetched. The sentences are for whoever gave the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It is no address that is fetched at all.
    #[error("{0}")]
    Address(&'static str),
    /// It leads where this server does not go.
    #[error("{host} is not on the public internet, and this server fetches nothing else")]
    Forbidden {
        /// The host of the address, or of the redirect that led there.
        host: String,
    },
    /// Nobody answers there.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// What failed.
        reason: String,
    },
    /// The answer is a refusal.
    #[error("{host} answers with status {status}")]
    Status {
        /// The host.
        host: String,
        /// Its status.
        status: u16,
    },
    /// The answer cannot be used.
    #[error("{host} gives an answer that cannot be used: {reason}")]
    Broken {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// The answer is larger than what is taken.
    #[error("the answer is larger than the {limit} bytes that are taken")]
    TooLarge {
        /// What is taken.
        limit: u64,
    },
    /// The answer did not come in time.
    #[error("the answer took longer than {seconds} s")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
    /// The client cannot be made; this is the server's fault.
    #[error("the client for web pages cannot be made: {0}")]
    Unusable(String),
}

/// The resolver's word that a name leads where the server does not go; it travels through the client's own errors.
#[derive(Debug, thiserror::Error)]
#[error("an address that is not fetched")]
pub(crate) struct Closed;

/// What the client's error means.
pub(crate) fn read(host: &str, error: &reqwest::Error) -> FetchError {
    let host = host.to_owned();
    if causes(error).any(|cause| cause.is::<Closed>()) {
        return FetchError::Forbidden { host };
    }
    if error.is_decode() {
        return FetchError::Broken { host, reason: "its compression is damaged".to_owned() };
    }
    // The innermost cause says it best ("Connection refused"), and repeats no address.
    let reason = if error.is_timeout() {
        "no connection was made in time".to_owned()
    } else {
        causes(error).skip(1).last().map_or_else(|| "the connection broke".to_owned(), ToString::to_string)
    };
    FetchError::Unreachable { host, reason }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
