//! Resource limits, and the server's own memory.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Sets a limit of this process. It can be lowered again, never raised, by whoever has no privileges.
///
/// # Errors
/// Where the system does not know the limit, or has a lower hard one.
pub fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })?)
}

/// Limits address space to what the process has mapped already and `more` bytes.
///
/// # Errors
/// Where the system does not say how much is mapped.
pub fn limit_memory(more: u64) -> io::Result<()> {
    if !cfg!(target_os = "linux") {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let mapped = kilobytes.ok_or(io::ErrorKind::InvalidData)? * 1024;
    let most = mapped.saturating_add(more);
    limit(Resource::As, most, most)
}

/// Lets the account start `more` processes and threads than it has now. The kernel does not hold root to it.
pub(crate) fn limit_processes(more: u64) -> io::Result<()> {
    let running = crate::processes::of_this_account()?;
    let most = running.saturating_add(more);
    let hard = getrlimit(Resource::Nproc).maximum.map_or(most, |hard| hard.min(most));
    limit(Resource::Nproc, hard, hard)
}

/// Closes this process's memory, environment and open files to other processes of its account: `/proc/PID/mem` and the like, and
/// debuggers. Only a process with `CAP_SYS_PTRACE` can look in. The kernel writes no core dump of it. Programs that it starts are
/// not concerned.
///
/// # Errors
/// Where the system refuses.
pub fn hide_memory() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
