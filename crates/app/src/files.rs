//! Files.

/// Files.
pub struct Files {}
