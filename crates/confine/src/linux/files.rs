//! Landlock: which files can be opened.

use std::io;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
    path_beneath_rules,
};

/// What is known of Landlock here: from Linux 6.12.
const KNOWN: ABI = ABI::V6;

/// Opens nothing but these paths and what is below them from now on, and sends no signal to processes outside. Without any path,
/// connections are refused too. A path that is missing is passed over. Programs that are started later are held to it as well.
///
/// Whether the kernel enforces it, even in part.
///
/// # Errors
/// Where the kernel refuses what it says that it can do.
pub fn restrict_files(read: &[PathBuf], write: &[PathBuf]) -> io::Result<bool> {
    let restrict = || {
        let mut ruleset = Ruleset::default().handle_access(AccessFs::from_all(KNOWN))?.scope(Scope::from_all(KNOWN))?;
        if read.is_empty() && write.is_empty() {
            ruleset = ruleset.handle_access(AccessNet::from_all(KNOWN))?;
        }
        ruleset
            .create()?
            .add_rules(path_beneath_rules(read, AccessFs::from_read(KNOWN)))?
            .add_rules(path_beneath_rules(write, AccessFs::from_all(KNOWN)))?
            .restrict_self()
    };
    let status: RestrictionStatus = restrict().map_err(io::Error::other)?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// The version of Landlock's interface; 0 where there is none.
pub(crate) fn landlock_version() -> u32 {
    // The library says it to whoever is restricted. That concerns a thread alone, so one of its own is.
    let asked = std::thread::spawn(|| {
        let status = Ruleset::default().handle_access(AccessFs::Execute).and_then(Ruleset::create).and_then(|made| made.restrict_self());
        match status.map(|status| status.landlock) {
            Ok(LandlockStatus::Available { effective_abi, kernel_abi }) => {
                kernel_abi.and_then(|version| u32::try_from(version).ok()).unwrap_or(effective_abi as u32)
            }
            _ => 0,
        }
    });
    asked.join().unwrap_or(0)
}
