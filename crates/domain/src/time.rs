//! Time as the API shows it.

/// Seconds since 1970-01-01T00:00:00Z.
pub type Timestamp = i64;

/// The system's clock, in seconds.
pub fn now() -> Timestamp {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
