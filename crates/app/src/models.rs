//! Models.

/// Models.
pub struct Models {}
