//! The filter of system calls.

use std::io;

use transom_confine::{Calls, Is};

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
    Calls::without_clone3()?;
    Calls::new(ALLOWED.iter().copied())
        // Whoever looks for it is told by the filter before that it does not exist.
        .when(libc::SYS_clone3, &[])?
        // A thread may begin, a process may not.
        .when(libc::SYS_clone, &[(0, Is::Has(libc::CLONE_THREAD as u32))])?
        // It may end itself, as aborting does, and nobody else.
        .when(libc::SYS_tgkill, &[(0, Is::Equal(std::process::id()))])?
        .allow_only()
}
