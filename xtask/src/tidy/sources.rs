//! Crates have a front page; files stay small enough to read.

use std::{fs, path::Path};

use crate::place::Metadata;

/// Crates whose first file does not begin with what the crate is for.
pub fn check(metadata: &Metadata) -> Result<Vec<String>, String> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let roots = package.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "lib" || kind == "bin"));
        for root in roots {
            let text = fs::read_to_string(&root.src_path).map_err(|error| format!("{}: {error}", root.src_path.display()))?;
            if !text.starts_with("//!") {
                findings.push(format!("{} does not begin with //! and what the crate is for", root.src_path.display()));
            }
        }
    }
    Ok(findings)
}

/// Rust files with more lines than `limit`, by their path in the workspace.
pub fn long_files(metadata: &Metadata, limit: usize) -> Result<Vec<(String, usize)>, String> {
    let mut long = Vec::new();
    for package in &metadata.packages {
        if let Some(folder) = package.manifest_path.parent() {
            collect(folder, &mut |path| {
                let lines = fs::read_to_string(path)?.lines().count();
                if lines > limit {
                    let shown = path.strip_prefix(&metadata.workspace_root).unwrap_or(path);
                    long.push((shown.display().to_string(), lines));
                }
                Ok(())
            })
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        }
    }
    long.sort();
    Ok(long)
}

/// Shows every Rust file below a folder.
pub fn collect(folder: &Path, visit: &mut impl FnMut(&Path) -> std::io::Result<()>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, visit)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&path)?;
        }
    }
    Ok(())
}
