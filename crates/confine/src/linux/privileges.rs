//! What root can do more than others.

use std::io;

use caps::{CapSet, Capability};

/// Gives up every capability, and with the bounding set those that a program would give back. Whoever was root still owns root's files.
///
/// # Errors
/// Where the kernel refuses to take one.
pub fn drop_privileges() -> io::Result<()> {
    let failed = |error: caps::errors::CapsError| io::Error::other(error.to_string());
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(failed)? {
        caps::clear(None, CapSet::Bounding).map_err(failed)?;
    }
    // Kernels before 4.3 know no ambient set.
    let _ = caps::clear(None, CapSet::Ambient);
    for set in [CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).map_err(failed)?;
    }
    Ok(())
}
