//! The server's one secret: configured, or made and kept in the data folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::{AuthError, random};

/// A kept secret that is shorter than this was damaged.
const SHORTEST: usize = 32;

/// The server's secret. It does not print itself.
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

/// Why there is no secret; one sentence for whoever starts the server.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file that keeps it cannot be read or written.
    #[error("the secret key's file {path} cannot be used: {reason}; make the folder writable or set WEBUI_SECRET_KEY")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

impl Secret {
    /// The file in the data folder that keeps a secret which was made.
    pub const FILE: &'static str = "secret_key";

    /// A secret as it is, without a look at its strength.
    pub fn new(text: &str) -> Self {
        Self(SecretString::from(text))
    }

    /// The `configured` secret where there is one, else the one kept in `data_dir`, made on the first start with mode 0600.
    ///
    /// Whether a configured secret can be guessed is judged where the settings are read.
    pub fn load(configured: Option<&str>, data_dir: &Path) -> Result<Self, SecretError> {
        match configured.filter(|text| !text.is_empty()) {
            Some(text) => Ok(Self::new(text)),
            None => kept(data_dir),
        }
    }

    /// A key of its own for each purpose.
    pub(crate) fn derive(&self, purpose: &str) -> Result<[u8; 32], AuthError> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()).map_err(|error| AuthError::Crypto(error.to_string()))?;
        mac.update(b"transom ");
        mac.update(purpose.as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }
}

fn kept(data_dir: &Path) -> Result<Secret, SecretError> {
    let path = data_dir.join(Secret::FILE);
    let fail = |reason: String| SecretError::File { path: path.clone(), reason };
    if !path.exists() {
        make(data_dir, &path).map_err(|error| fail(error.to_string()))?;
    }
    let text = fs::read_to_string(&path).map_err(|error| fail(error.to_string()))?;
    if text.trim().len() < SHORTEST {
        return Err(fail("it holds fewer than 32 bytes".to_owned()));
    }
    let mode = fs::metadata(&path).map_err(|error| fail(error.to_string()))?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(|error| fail(error.to_string()))?;
    }
    Ok(Secret::new(text.trim()))
}

/// Writes the file beside its place and links it in, so that nobody ever reads half a secret and, of two servers that start at once, both read the same.
fn make(data_dir: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(data_dir)?;
    let bytes: [u8; 32] = random::bytes().map_err(io::Error::other)?;
    let beside = data_dir.join(format!(".{}.{}", Secret::FILE, uuid::Uuid::new_v4()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(hex::encode(bytes).as_bytes())?;
    file.sync_all()?;
    let linked = match fs::hard_link(&beside, path) {
        // Some file systems know no links; there a rename has to do.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return fs::rename(&beside, path),
        Err(_) => Ok(()),
        Ok(()) => fs::File::open(data_dir)?.sync_all(),
    };
    fs::remove_file(&beside)?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Secret::load(None, folder.path()).expect("a secret");
        let second = Secret::load(Some(""), folder.path()).expect("a secret");
        assert_eq!(first.0.expose_secret(), second.0.expose_secret());
        assert_eq!(first.0.expose_secret().len(), 64);
        let mode = fs::metadata(folder.path().join(Secret::FILE)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn servers_that_start_at_once_agree_on_one_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let secrets: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| Secret::load(None, folder.path()).expect("a secret"))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a thread").0.expose_secret().to_owned()).collect()
        });
        assert!(secrets.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_damaged_file_is_named_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(Secret::FILE), "short").expect("a file");
        let refused = Secret::load(None, folder.path()).expect_err("refused");
        assert!(refused.to_string().contains("secret_key"));
        assert_eq!(fs::read_to_string(folder.path().join(Secret::FILE)).expect("a file"), "short");
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        assert!(!format!("{:?}", Secret::new("hunter2")).contains("hunter2"));
    }
}
