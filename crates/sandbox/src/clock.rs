//! The processor time that a child takes for one document.

use std::time::{Duration, Instant};

use transom_ingest::ExtractError;

use crate::child::interrupted;

/// How often a child at work is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Linux counts a process's time in hundredths of a second, for every program and on every usual processor.
const TICK: Duration = Duration::from_millis(10);

/// Measures from the moment at which a child has its document.
pub(crate) struct Clock {
    child: Option<u32>,
    begun: Instant,
    before: Option<Duration>,
}

impl Clock {
    pub(crate) fn start(child: Option<u32>) -> Self {
        Self { child, begun: Instant::now(), before: processor_time(child) }
    }

    /// How long ago that was.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Processor time since then, in all threads; `None` where the system does not say.
    pub(crate) fn worked(&self) -> Option<Duration> {
        Some(processor_time(self.child)?.saturating_sub(self.before?))
    }

    /// Returns when the child has taken more processor time than it may, or has had the document for longer than anybody waits.
    ///
    /// Where the system does not say how much time it took, the limit that the child has set itself ends it instead.
    pub(crate) async fn overrun(&self, time: Duration, patience: Duration) -> ExtractError {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.worked().is_some_and(|worked| worked >= time) {
                return ExtractError::TimedOut { seconds: time.as_secs() };
            }
            if self.elapsed() >= patience {
                return interrupted("the machine was too busy to read it");
            }
        }
    }
}

fn processor_time(process: Option<u32>) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process?)).ok()?;
    // The program's name is in brackets and may hold anything; after it, the twelfth and thirteenth fields are its time in user and
    // system mode.
    let mut fields = stat.rsplit(") ").next()?.split(' ').skip(11);
    let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(TICK * user.saturating_add(system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn work_counts_as_processor_time_and_waiting_does_not() {
        let clock = Clock::start(Some(std::process::id()));
        while clock.worked().is_some_and(|worked| worked < 3 * TICK) {
            std::hint::black_box((0..10_000).sum::<u64>());
        }
        assert!(clock.worked().is_some_and(|worked| worked >= 3 * TICK));
    }
}
