//! Landlock, seccomp and capabilities.

mod calls;
mod files;
mod foreign;
mod privileges;

use std::io;
use std::path::PathBuf;

pub use calls::{Calls, Is};
pub(crate) use files::landlock_version;
pub use files::restrict_files;
pub use privileges::drop_privileges;

use crate::paths::{DEVICES, SYSTEM, readable};
use crate::{Confinement, limits};

/// The processors that filters are made for.
pub(crate) const FILTERS_CALLS: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"));

/// Confines this process as far as the kernel can; what it can and does not do is an error.
pub(crate) fn confine(confinement: &Confinement) -> io::Result<()> {
    let Confinement { read, read_around, hidden, write, processes, .. } = confinement;
    if !rustix::process::getuid().is_root() {
        limits::limit_processes(*processes)?;
    }
    let system = SYSTEM.iter().map(PathBuf::from);
    let mut reads = readable(&system.chain(read_around.iter().cloned()).collect::<Vec<_>>(), hidden);
    reads.extend(read.iter().cloned());
    // Processes whose parent ends come back to this one, so that they are counted.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let writes: Vec<PathBuf> = write.iter().cloned().chain(DEVICES.iter().map(PathBuf::from)).collect();
    restrict_files(&reads.into_iter().collect::<Vec<_>>(), &writes)?;
    drop_privileges()?;
    if FILTERS_CALLS {
        foreign::refuse_calls()?;
    }
    Ok(())
}
