//! How the server is, for administrators: since when it runs, how much it keeps, and what waits.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use transom_domain::{Caller, now};
use transom_store::{Census, Store};

use crate::Error;

/// Where the server keeps what is not in the database; `None` where that is no folder of this machine.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    /// Uploaded bytes.
    pub uploads: Option<PathBuf>,
    /// Vectors.
    pub vectors: Option<PathBuf>,
}

/// How much there is of everything at the moment.
#[derive(Clone, Debug)]
pub struct Figures {
    /// How long the server runs.
    pub uptime: Duration,
    /// What the database counts.
    pub census: Census,
    /// Bytes of uploaded files.
    pub uploads: u64,
    /// Bytes of vectors and their indices.
    pub vectors: u64,
}

/// Looks at the server itself. It begins to count when it is made.
#[derive(Clone, Debug)]
pub struct Status {
    store: Store,
    folders: Folders,
    started: Instant,
}

impl Status {
    /// A look at this database and these folders.
    pub fn new(store: Store, folders: Folders) -> Self {
        Self { store, folders, started: Instant::now() }
    }

    /// The figures. Administrators only.
    pub async fn figures(&self, caller: &Caller) -> Result<Figures, Error> {
        let census = self.store.census(caller, now()).await?.ok_or(Error::WrongRole)?;
        let folders = self.folders.clone();
        let measured = tokio::task::spawn_blocking(move || {
            let size = |folder: Option<PathBuf>| folder.map_or(0, |folder| bytes_below(&folder));
            (size(folders.uploads), size(folders.vectors))
        });
        let (uploads, vectors) = measured.await.map_err(Error::internal)?;
        Ok(Figures { uptime: self.started.elapsed(), census, uploads, vectors })
    }
}

/// The files of a folder and of those in it, together. What goes away meanwhile counts nothing, and links are not followed.
fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes_below(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_as_large_as_all_that_is_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("in")).expect("a folder");
        for (name, length) in [("a", 3), ("in/b", 4)] {
            std::fs::write(folder.path().join(name), vec![0; length]).expect("a file");
        }
        assert_eq!(bytes_below(folder.path()), 7);
        assert_eq!(bytes_below(&folder.path().join("missing")), 0);
    }
}
