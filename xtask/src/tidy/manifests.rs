//! Each crate of others stands once, in the workspace's manifest, with a comment that says what it is for.

use std::fs;

use crate::place::Metadata;

/// What manifests do otherwise.
pub fn check(metadata: &Metadata) -> Result<Vec<String>, String> {
    let read = |path: &std::path::Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut findings = without_comment(&read(&metadata.workspace_root.join("Cargo.toml"))?);
    for package in &metadata.packages {
        let manifest = read(&package.manifest_path)?;
        findings.extend(own_versions(&manifest).map(|name| {
            format!("{}: {name} must come from the workspace (`{name}.workspace = true`), which says its version once", package.name)
        }));
        if !manifest.contains("[lints]\nworkspace = true") {
            findings.push(format!("{}: its manifest must take the workspace's lints", package.name));
        }
    }
    Ok(findings)
}

fn without_comment(manifest: &str) -> Vec<String> {
    entries(manifest, |section| section == "workspace.dependencies")
        .filter(|(_, rest)| !rest.contains("path = ") && !rest.contains(" # "))
        .map(|(name, _)| format!("Cargo.toml: {name} has no comment that says what it is for"))
        .collect()
}

fn own_versions(manifest: &str) -> impl Iterator<Item = &str> {
    entries(manifest, |section| section.ends_with("dependencies"))
        .filter(|(name, rest)| !name.ends_with(".workspace") && !rest.contains("workspace = true"))
        .map(|(name, _)| name)
}

/// The `name = rest` lines of the sections that are asked for.
fn entries(manifest: &str, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, &str)> {
    let mut inside = false;
    manifest.lines().filter_map(move |line| {
        if let Some(section) = line.strip_prefix('[') {
            inside = wanted(section.trim_end_matches(']'));
            return None;
        }
        let (name, rest) = line.split_once(" = ").filter(|_| inside && !line.starts_with([' ', '#']))?;
        Some((name, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_comment_is_found() {
        let manifest =
            "[workspace.dependencies]\nfirst = \"1\" # why\nsecond = \"2\"\nours = { path = \"crates/ours\" }\n[profile.dev]\ndebug = 0\n";
        assert_eq!(without_comment(manifest), ["Cargo.toml: second has no comment that says what it is for"]);
    }

    #[test]
    fn a_version_in_a_member_is_found() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\none.workspace = true\ntwo = { workspace = true, features = [] }\nthree = \"1\"\n[dev-dependencies]\nfour = { version = \"1\" }\n";
        assert_eq!(own_versions(manifest).collect::<Vec<_>>(), ["three", "four"]);
    }
}
