//! The calls that a foreign program is refused. It may compute, use its files, start programs and talk over the network.

use std::io;

use super::calls::{Calls, Is};

/// Numbers that the library has no names for everywhere.
mod newer {
    pub const FCHMODAT2: i64 = 452;
    pub const SETXATTRAT: i64 = 463;
    pub const REMOVEXATTRAT: i64 = 466;
    pub const OPEN_TREE_ATTR: i64 = 467;
    pub const FILE_SETATTR: i64 = 469;
}

const REFUSED: &[i64] = &[
    // To leave the group of processes, which is ended as a whole.
    libc::SYS_setsid,
    libc::SYS_setpgid,
    // To look into other processes, or to hold them.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    // Modes, owners and lengths of files by their name: Landlock judges opening alone.
    libc::SYS_fchmodat,
    newer::FCHMODAT2,
    libc::SYS_fchownat,
    libc::SYS_fchown,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    newer::SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    newer::REMOVEXATTRAT,
    newer::FILE_SETATTR,
    libc::SYS_truncate,
    // Calls that would be made behind this filter's back.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // A machine of one's own making.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_open_tree,
    newer::OPEN_TREE_ATTR,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    // What is the kernel's and its administrator's.
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
];

/// The older names of some of them.
#[cfg(target_arch = "x86_64")]
const REFUSED_OLDER: &[i64] = &[libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_OLDER: &[i64] = &[];

/// Calls about a process that is named by their first argument; 0 is the caller.
const OF_A_PROCESS: &[i64] =
    &[libc::SYS_prlimit64, libc::SYS_sched_setaffinity, libc::SYS_sched_setattr, libc::SYS_sched_setparam, libc::SYS_sched_setscheduler];

/// Namespaces that a new process can be started into.
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// Refuses all of that.
pub(super) fn refuse_calls() -> io::Result<()> {
    Calls::without_second_numbers()?;
    Calls::without_clone3()?;
    let mut calls = Calls::new(REFUSED.iter().chain(REFUSED_OLDER).copied());
    for namespace in NAMESPACES {
        calls = calls.when(libc::SYS_clone, &[(0, Is::Has(namespace as u32))])?;
    }
    for &call in OF_A_PROCESS {
        calls = calls.when(call, &[(0, Is::Not(0))])?;
    }
    calls = calls.when(libc::SYS_setpriority, &[(1, Is::Not(0))])?.when(libc::SYS_ioprio_set, &[(1, Is::Not(0))])?;
    // Orphans stay its own, so that they are counted.
    calls = calls.when(libc::SYS_prctl, &[(0, Is::Equal(libc::PR_SET_CHILD_SUBREAPER as u32)), (1, Is::Equal(0))])?;
    // A mode can be set through an open file. Root owns files that it can open and must not change.
    if rustix::process::getuid().is_root() {
        calls = calls.when(libc::SYS_fchmod, &[])?;
    } else {
        calls = calls.when(libc::SYS_fchmod, &[(1, Is::Has(libc::S_ISUID))])?.when(libc::SYS_fchmod, &[(1, Is::Has(libc::S_ISGID))])?;
    }
    // Sockets of this machine lead to whoever listens there, such as a container engine that does what root asks. The network is
    // open, and so is the list of its interfaces. Of pairs, those that could be connected to something else are refused.
    let network = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK].map(|family| (0, Is::Not(family as u32)));
    calls = calls.when(libc::SYS_socket, &network)?;
    for kind in [libc::SOCK_DGRAM, libc::SOCK_RAW] {
        calls = calls.when(libc::SYS_socketpair, &[(1, Is::Masked(0xf, kind as u32))])?;
    }
    calls.refuse()
}
