//! Groups.

/// Groups.
pub struct Groups {}
