//! The processes that a worker becomes, and how they end.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use transom_confine::group_usage;

use super::worker::Inner;

/// How often a worker's processes are counted.
const WATCHED_EVERY: Duration = Duration::from_millis(200);

/// Ends the worker when it has become more processes, or holds more memory with them, than it may.
pub(super) async fn watch(worker: Option<u32>, inner: Arc<Inner>) {
    let Some(worker) = worker else { return };
    let (processes, memory) = inner.bounds;
    let mut ticks = tokio::time::interval(WATCHED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // A system that keeps no list of processes leaves them uncounted; they are ended with the worker all the same.
    while let Some(Ok(usage)) = inner
        .end
        .run_until_cancelled(async {
            ticks.tick().await;
            group_usage(worker, processes)
        })
        .await
    {
        if usage.processes > processes {
            return inner.kill(&format!("the function started more than {processes} processes and was ended"));
        }
        if usage.processes > 0 && usage.memory > memory {
            return inner.kill(&format!("the function's processes held more than {} MiB of memory together and were ended", memory >> 20));
        }
    }
}

/// Ends every process of the group. None can have left it: `setsid` and `setpgid` are refused to it.
pub(super) fn end_group(group: Option<u32>) {
    let group = group.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Why a worker ended that never said anything: it was not confined, or Python did not start in it.
pub(super) fn unstarted(status: ExitStatus) -> String {
    tracing::error!(%status, "a function's process did not start; at level debug the log has what it said");
    "the function's process did not start; the server's log says why".to_owned()
}

/// Why a worker ended that was at work.
pub(super) fn died(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;

    match (status.signal(), status.code()) {
        // SIGXCPU has this number on Linux and macOS.
        (Some(24), _) => "the function used more processor time than it may, and its process was ended".to_owned(),
        (Some(signal), _) => format!("the function's process crashed (signal {signal})"),
        (None, Some(code)) => format!("the function ended its process (exit status {code})"),
        (None, None) => "the function's process ended".to_owned(),
    }
}
