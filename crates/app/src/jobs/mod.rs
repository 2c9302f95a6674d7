//! Background work: leases jobs from the store and does them.
//!
//! [`Signals`] carries word between workers and those who leave work or wait for it.

mod signals;

pub use signals::Signals;

/// The fingerprint of files that were read while embedding was switched off.
pub const NO_VECTORS: &str = "none";
