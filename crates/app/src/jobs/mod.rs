//! Background work: leases jobs from the store and does them.
//!
//! [`Pipeline`] is the work itself: a file's bytes become text, chunks and vectors; a deleted file's remains are erased.
//! [`Workers`] lease jobs and run the pipeline, several at a time, so that a slow file holds up nobody.
//! [`Signals`] carries word between them and those who leave work or wait for it.
//! Every step can run again: a killed server goes on where it was.

mod pipeline;
mod progress;
mod renewal;
mod repair;
mod report;
mod signals;
mod workers;

pub use pipeline::{Pipeline, PipelineConfig};
pub use progress::{Progress, Stage};
pub use repair::{Orphans, Repair};
pub use report::Report;
pub use signals::Signals;
pub use workers::{WorkerConfig, Workers};

/// The fingerprint of files that were read while embedding was switched off.
pub const NO_VECTORS: &str = "none";
