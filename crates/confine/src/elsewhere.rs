//! Systems that know none of it.

use std::io;
use std::path::PathBuf;

use crate::Confinement;

pub(crate) const FILTERS_CALLS: bool = false;

pub(crate) fn landlock_version() -> u32 {
    0
}

/// Opens nothing but these paths from now on; here the system cannot.
///
/// # Errors
/// Never: `false` says that nothing is enforced.
pub fn restrict_files(_: &[PathBuf], _: &[PathBuf]) -> io::Result<bool> {
    Ok(false)
}

/// Gives up what root can do more than others; here nothing.
///
/// # Errors
/// Never.
pub fn drop_privileges() -> io::Result<()> {
    Ok(())
}

pub(crate) fn confine(_: &Confinement) -> io::Result<()> {
    Ok(())
}
