//! Where things are: the workspace, its build folder, and the material beside it.

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};

/// What cargo says of the workspace; its dependencies' own manifests are left out, so that it needs no network.
pub fn metadata() -> Result<Metadata, String> {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().map_err(|error| error.to_string())
}

/// The workspace's folder.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Where the built server is.
pub fn server(release: bool) -> Result<PathBuf, String> {
    let profile = if release { "release" } else { "debug" };
    let name = format!("transom{}", std::env::consts::EXE_SUFFIX);
    Ok(metadata()?.target_directory.as_std_path().join(profile).join(name))
}

/// A folder of the material that is not part of the repository: under `TRANSOM_SHARED`, or beside the workspace.
pub fn shared(part: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TRANSOM_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    folder.join(part).canonicalize().ok()
}
