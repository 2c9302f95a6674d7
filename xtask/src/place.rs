//! Where things are: the workspace, its build folder, and the material beside it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::run;

/// What `cargo metadata` says of the workspace. The crate of that name would do, but it switches features of serde_json
/// and semver on that lance sees too: building the server alone, and then the tests, would compile lance twice.
#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    pub workspace_root: PathBuf,
    pub target_directory: PathBuf,
}

/// One crate of the workspace.
#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
    pub targets: Vec<Target>,
}

/// A line of its manifest.
#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// `dev`, `build`, or nothing for the ordinary kind.
    pub kind: Option<String>,
}

/// What is built of it.
#[derive(Deserialize)]
pub struct Target {
    pub kind: Vec<String>,
    pub src_path: PathBuf,
}

/// What cargo resolves the workspace's manifests to, crates of others included, with the features that the whole of it switches on.
pub struct Resolved {
    pub packages: Vec<Known>,
    pub nodes: Vec<Node>,
}

/// A crate of ours or of others.
#[derive(Deserialize)]
pub struct Known {
    pub id: String,
    pub name: String,
}

/// What a crate depends on.
#[derive(Deserialize)]
pub struct Node {
    pub id: String,
    pub deps: Vec<Edge>,
}

/// One of these.
#[derive(Deserialize)]
pub struct Edge {
    pub pkg: String,
    pub dep_kinds: Vec<EdgeKind>,
}

/// What for.
#[derive(Deserialize)]
pub struct EdgeKind {
    /// `dev`, `build`, or nothing for the ordinary kind.
    pub kind: Option<String>,
}

/// What cargo says of everything that is compiled. The crates must have been fetched: no network is used.
pub fn resolved() -> Result<Resolved, String> {
    #[derive(Deserialize)]
    struct Everything {
        packages: Vec<Known>,
        resolve: Graph,
    }
    #[derive(Deserialize)]
    struct Graph {
        nodes: Vec<Node>,
    }
    let Everything { packages, resolve } = ask_cargo(&["--offline"])?;
    Ok(Resolved { packages, nodes: resolve.nodes })
}

/// What cargo says of the workspace; its dependencies' own manifests are left out, so that it needs no network.
pub fn metadata() -> Result<Metadata, String> {
    ask_cargo(&["--no-deps"])
}

fn ask_cargo<T: serde::de::DeserializeOwned>(how: &[&str]) -> Result<T, String> {
    let mut cargo = run::cargo(["metadata", "--format-version", "1"]);
    let output = cargo.args(how).output().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
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
    Ok(metadata()?.target_directory.join(profile).join(name))
}

/// A folder of the material that is not part of the repository: under `TRANSOM_SHARED`, or beside the workspace.
pub fn shared(part: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TRANSOM_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    folder.join(part).canonicalize().ok()
}
