//! What a child gives up before it reads anything.

#[cfg_attr(target_os = "linux", path = "jail/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "jail/elsewhere.rs")]
mod system;

use rustix::process::nice;
use transom_confine::{Resource, limit, limit_memory, restrict_files};

use crate::limits::{Limits, MEGABYTE, Protection};

/// Other work goes before reading files.
const NICENESS: i32 = 5;

/// Gives up what reading documents does not need, for ever, as far as the system lets us.
///
/// To be called while the process has one thread.
pub(crate) fn enter(limits: &Limits) -> Protection {
    // The parent replaces a child that has worked for half as long, so every document finds its own time.
    let seconds = limits.time.as_secs().saturating_add(1).saturating_mul(2);
    // A limit that cannot be set is one that the system does not know: the others are worth having without it.
    let _ = nice(NICENESS);
    let _ = limit(Resource::Core, 0, 0);
    let _ = limit(Resource::Fsize, 0, 0);
    // At the first number the process is told and ends, at the second it would be killed as if by somebody else.
    let _ = limit(Resource::Cpu, seconds, seconds.saturating_add(5));
    let memory = limit_memory((limits.memory_megabytes as u64).saturating_mul(MEGABYTE as u64)).is_ok();
    let files = restrict_files(&[], &[]).unwrap_or(false);
    // No file can be opened from now on; the parent's socket is open already.
    let _ = limit(Resource::Nofile, 0, 0);
    // Last, because the steps before need what it refuses.
    let calls = system::forbid_calls().is_ok();
    Protection { memory, files, calls }
}
