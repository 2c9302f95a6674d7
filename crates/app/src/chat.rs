//! Chat.

/// Chat.
pub struct Chat {}
