//! Keeps a worker's lease while it works.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use transom_domain::now;
use transom_store::Store;
use transom_store::jobs::Job;

/// Renews a lease in a task of its own, which ends when this is dropped.
///
/// The task is not part of the work's future: renewing needs a connection to the database, and the work may hold the only one that
/// writes. A future that awaited both, one after the other, could wait for itself.
pub(super) struct Renewal(AbortOnDropHandle<Lost>);

/// How a lease ended before the work did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The job is gone, was cancelled, or is another worker's by now.
    Taken,
    /// It could not be renewed in time: whoever comes next may take it.
    RanOut,
}

impl Renewal {
    /// Renews the lease, which was taken just now for that long, three times in each of its spans.
    pub(super) fn start(store: Store, job: Job, lease: Duration) -> Self {
        Self(AbortOnDropHandle::new(tokio::spawn(keep(store, job, lease))))
    }

    /// Returns when the lease is lost.
    pub(super) async fn lost(self) -> Lost {
        // A renewal that panicked renews nothing either: the work must end before somebody else begins it.
        self.0.await.unwrap_or(Lost::RanOut)
    }
}

async fn keep(store: Store, job: Job, lease: Duration) -> Lost {
    let seconds = i64::try_from(lease.as_secs()).unwrap_or(i64::MAX);
    let third = (lease / 3).max(Duration::from_millis(100));
    let mut held_until = Instant::now() + lease;
    let mut ticks = interval_at(Instant::now() + third, third);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        match timeout_at(held_until, store.renew_job(&job, now().saturating_add(seconds))).await {
            Ok(Ok(true)) => held_until = asked + lease,
            Ok(Ok(false)) => return Lost::Taken,
            Ok(Err(reason)) => tracing::warn!(%reason, "a lease could not be renewed"),
            Err(_elapsed) => {
                tracing::warn!(file = %job.kind.file(), "a lease ran out, because the database did not answer in time");
                return Lost::RanOut;
            }
        }
    }
}
