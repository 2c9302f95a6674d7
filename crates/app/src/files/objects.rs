//! The folder that uploaded bytes are kept in.

use std::path::Path;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

/// Uploaded bytes in `folder`, which is made where it is missing. What a write acknowledged has been synced to the disk.
///
/// One process at a time may have a folder: what an earlier one has left half written is removed.
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
        if staged {
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
    async fn half_written_uploads_are_swept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (half, other) = (folder.path().join("a#1"), folder.path().join("b#c"));
        for path in [&half, &other] {
            std::fs::write(path, b"half").expect("a file");
        }
        let objects = local_objects(folder.path()).expect("a store");
        assert!(!half.exists() && other.exists());
        objects.put(&"c".into(), "whole".into()).await.expect("written");
        assert!(folder.path().join("c").exists());
    }
}
