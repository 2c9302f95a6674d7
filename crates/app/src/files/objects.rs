//! The folder that uploaded bytes are kept in.

use std::path::Path;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

/// Uploaded bytes in `folder`, which is made where it is missing, for its owner alone. What a write acknowledged has been synced to the
/// disk.
///
/// # Errors
/// Where the folder cannot be made or read.
pub fn local_objects(folder: &Path) -> std::io::Result<Arc<dyn ObjectStore>> {
    private_folder(folder)?;
    // The folder's own name is on the disk before anything in it is acknowledged.
    if let Some(parent) = folder.parent() {
        std::fs::File::open(parent)?.sync_all()?;
    }
    let objects = LocalFileSystem::new_with_prefix(folder).map_err(std::io::Error::other)?;
    Ok(Arc::new(objects.with_fsync(true)))
}

/// Makes a folder that only its owner can enter, and closes one to others that is there.
///
/// # Errors
/// Where it cannot be made, or its mode cannot be changed.
pub fn private_folder(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        if std::fs::metadata(folder)?.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
    #[cfg(not(unix))]
    std::fs::create_dir_all(folder)
}

/// Whether an object's name is one that an upload gives: the id of a file, which is a random UUID.
pub(crate) fn is_upload(name: &str) -> bool {
    name.len() == 36
        && name.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => byte == b'4',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// The names in `folder` that the object store does not list: it writes `NAME#NUMBER` and renames that when it is whole, so these are
/// left of writes that a killed process did not end. `None` stands for names that no upload of ours gives.
///
/// # Errors
/// Where the folder cannot be read.
pub(crate) fn unfinished(folder: &Path) -> std::io::Result<Vec<Option<String>>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let Some((object, number)) = name.rsplit_once('#') else { continue };
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            found.push(is_upload(object).then(|| name.to_string()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::ObjectStoreExt;

    const ID: &str = "7f9c24e5-2f0b-4c1e-9d3a-0123456789ab";

    #[test]
    fn only_random_uuids_in_lower_case_are_names_of_uploads() {
        assert!(is_upload(ID) && is_upload(transom_domain::FileId::random().as_str()));
        for foreign in [&format!("{ID}_report.pdf"), &ID.to_uppercase(), "7f9c24e5-2f0b-1c1e-9d3a-0123456789ab", "orphan", "", ".DS_Store"]
        {
            assert!(!is_upload(foreign), "{foreign}");
        }
    }

    #[tokio::test]
    async fn opening_the_folder_leaves_everything_in_it_and_closes_it_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("a mode");
        let left = [format!("{ID}#1"), "notes#1".to_owned(), "b#c".to_owned()];
        for name in &left {
            std::fs::write(folder.path().join(name), b"half").expect("a file");
        }
        let objects = local_objects(folder.path()).expect("a store");
        assert!(left.iter().all(|name| folder.path().join(name).exists()));
        let mut found = unfinished(folder.path()).expect("a listing");
        found.sort();
        assert_eq!(found, [None, Some(left[0].clone())]);
        objects.put(&"c".into(), "whole".into()).await.expect("written");
        assert!(folder.path().join("c").exists());
        assert_eq!(std::fs::metadata(folder.path()).expect("a folder").permissions().mode() & 0o777, 0o700);
    }
}
