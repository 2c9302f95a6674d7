//! What the database can refuse.

/// Why the store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something with this unique value is there already.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// There is no room on the disk.
    #[error("no space left for the database")]
    Full,
    /// Anything else; for the log, never for a client.
    #[error("the database failed: {0}")]
    Backend(String),
}
