//! One process at a time on a data folder.

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Keeps others away from the data folder for as long as it lives. The system lets go of it however this process ends.
#[derive(Debug)]
pub struct Hold {
    #[expect(dead_code, reason = "it is held, not used")]
    file: File,
    exclusive: bool,
}

impl Hold {
    /// Whether others are really kept away: some file systems know no locks.
    pub fn is_exclusive(&self) -> bool {
        self.exclusive
    }
}

/// Takes the folder for this process.
///
/// # Errors
/// Where another server, or a doctor, has it.
pub fn hold(folder: &Path) -> Result<Hold, String> {
    let path = folder.join("lock");
    let failed = |error: std::io::Error| format!("{} cannot be used: {error}", path.display());
    let file = File::options().create(true).write(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Hold { file, exclusive: true }),
        Err(TryLockError::WouldBlock) => {
            Err(format!("DATA_DIR {} is in use: a server or a doctor runs on it; stop that first", folder.display()))
        }
        // Some network file systems know no locks.
        Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
            tracing::warn!("the file system of DATA_DIR knows no locks: nothing keeps two servers off it");
            Ok(Hold { file, exclusive: false })
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
