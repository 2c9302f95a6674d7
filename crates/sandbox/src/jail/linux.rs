//! Address space, Landlock, and the filter of system calls.

use std::collections::BTreeMap;
use std::io;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::Resource;
use seccompiler::{BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, apply_filter};

use crate::limits::{Limits, MEGABYTE};

/// Limits address space: what the program itself has mapped, and what documents may take.
pub(super) fn limit_memory(limits: &Limits) -> io::Result<()> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let mapped = kilobytes.ok_or(io::ErrorKind::InvalidData)? * 1024;
    let most = mapped.saturating_add((limits.memory_megabytes as u64).saturating_mul(MEGABYTE as u64));
    Ok(super::limit(Resource::As, most, most)?)
}

/// Gives up all files and connections. Whether the kernel holds us to it, even in part.
pub(super) fn forbid_files() -> io::Result<bool> {
    let forbid = || {
        Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V6))?
            .handle_access(AccessNet::from_all(ABI::V6))?
            .scope(Scope::from_all(ABI::V6))?
            .create()?
            .restrict_self()
    };
    let status = forbid().map_err(io::Error::other)?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// What a process does that computes, and talks to those whom it knows already.
const ALLOWED: &[i64] = &[
    // Memory
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // The parent's socket
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    // Threads
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Signals of its own making
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // The clock and chance
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_getrandom,
];

/// Refuses every system call but those: what is refused is an error to whoever tries, such as a file that cannot be opened.
pub(super) fn forbid_calls() -> io::Result<()> {
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|&call| (call, Vec::new())).collect();
    // A thread may begin, a process may not.
    rules.insert(libc::SYS_clone, vec![only_if(0, SeccompCmpOp::MaskedEq(libc::CLONE_THREAD as u64), libc::CLONE_THREAD as u64)?]);
    // It may end itself, as aborting does, and nobody else.
    rules.insert(libc::SYS_tgkill, vec![only_if(0, SeccompCmpOp::Eq, u64::from(std::process::id()))?]);
    // The newer call to begin a thread hides its arguments from filters. Whoever is told that it does not exist takes the older one.
    let newer = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    rules.insert(libc::SYS_clone3, Vec::new());
    filter(newer, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?;
    filter(rules, refuse, SeccompAction::Allow)
}

fn only_if(argument: u8, operator: SeccompCmpOp, value: u64) -> io::Result<SeccompRule> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, operator, value).map_err(io::Error::other)?;
    SeccompRule::new(vec![condition]).map_err(io::Error::other)
}

fn filter(rules: BTreeMap<i64, Vec<SeccompRule>>, otherwise: SeccompAction, matched: SeccompAction) -> io::Result<()> {
    let architecture = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, otherwise, matched, architecture).map_err(io::Error::other)?;
    let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
    apply_filter(&program).map_err(io::Error::other)
}
