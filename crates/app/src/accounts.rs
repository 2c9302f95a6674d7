//! Accounts.

/// Accounts.
pub struct Accounts {}
