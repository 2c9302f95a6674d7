//! The folder that uploaded bytes are kept in.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

/// Half-written uploads of a process that was killed are removed once they are this old; younger ones may be another process's.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// Uploaded bytes in `folder`, which is made where it is missing. What a write acknowledged has been synced to the disk.
///
/// # Errors
/// Where the folder cannot be made or read.
pub fn local_objects(folder: &Path) -> std::io::Result<Arc<dyn ObjectStore>> {
    std::fs::create_dir_all(folder)?;
    // The folder's own name is on the disk before anything in it is acknowledged.
    if let Some(parent) = folder.parent() {
        std::fs::File::open(parent)?.sync_all()?;
    }
    sweep(folder)?;
    let objects = LocalFileSystem::new_with_prefix(folder).map_err(std::io::Error::other)?;
    Ok(Arc::new(objects.with_fsync(true)))
}

/// The object store writes `NAME#NUMBER` and renames it when it is whole; it never lists those, so nobody else removes them.
fn sweep(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let staged = name.to_str().and_then(|name| name.rsplit_once('#')).is_some_and(|(_, n)| n.bytes().all(|b| b.is_ascii_digit()));
        let old = entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > ABANDONED);
        if staged && old {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::ObjectStoreExt;

    #[tokio::test]
    async fn half_written_uploads_are_swept_once_they_are_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let (old, young) = (folder.path().join("a#1"), folder.path().join("b#1"));
        for path in [&old, &young] {
            std::fs::write(path, b"half").expect("a file");
        }
        let yesterday = std::time::SystemTime::now() - ABANDONED - Duration::from_secs(1);
        std::fs::File::options().write(true).open(&old).and_then(|file| file.set_modified(yesterday)).expect("an old file");
        let objects = local_objects(folder.path()).expect("a store");
        assert!(!old.exists() && young.exists());
        objects.put(&"c".into(), "whole".into()).await.expect("written");
        assert!(folder.path().join("c").exists());
    }
}
