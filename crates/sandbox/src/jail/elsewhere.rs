//! Systems that know none of it.

use std::io;

pub(super) fn forbid_calls() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
