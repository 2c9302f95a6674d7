//! What the server can say at `warn` and `error` is in the book, with what to do about it.

use std::fs;
use std::path::Path;

use super::sources;
use crate::place::Metadata;

/// The page that says what each line means.
const PAGE: &str = "docs/src/log.md";

/// Lines of the log that the page does not have at their level.
pub fn check(metadata: &Metadata) -> Result<Vec<String>, String> {
    let page = metadata.workspace_root.join(PAGE);
    let page = fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
    let mut findings = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.name != "xtask") {
        let Some(folder) = package.manifest_path.parent().map(|folder| folder.join("src")) else { continue };
        let mut visit = |path: &Path| {
            let text = fs::read_to_string(path)?;
            let said = said(&text).filter(|(level, line)| !has(&page, level, line));
            let shown = path.strip_prefix(&metadata.workspace_root).unwrap_or(path).display();
            findings.extend(said.map(|(level, line)| format!("{shown} says “{line}” at {level}, and {PAGE} does not have it")));
            Ok(())
        };
        sources::collect(&folder, &mut visit).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    Ok(findings)
}

/// Levels and messages of a source file.
fn said(text: &str) -> impl Iterator<Item = (&'static str, &str)> {
    ["warn", "error"].into_iter().flat_map(move |level| {
        let calls = text.split(if level == "warn" { "warn!(" } else { "error!(" }).skip(1);
        calls.filter_map(|call| message(&call[..call.find(");").or(call.find("),")).unwrap_or(call.len())])).map(move |line| (level, line))
    })
}

/// The last text of a call's arguments: the message stands after the fields.
fn message(arguments: &str) -> Option<&str> {
    let (before, _) = arguments.rsplit_once('"')?;
    Some(before.rsplit_once('"')?.1)
}

/// Whether a row of the page's tables has that line. What is filled in differs, so the parts around it are looked for.
fn has(page: &str, level: &str, line: &str) -> bool {
    let parts = || line.split('{').map(|part| part.rsplit('}').next().unwrap_or(part));
    page.lines().any(|row| row.starts_with(&format!("| {level} | ")) && parts().all(|part| row.contains(part)))
}

#[cfg(test)]
mod tests {
    use super::{has, said};

    #[test]
    fn messages_are_found_with_their_level() {
        let text = "tracing::warn!(%reason, \"it is \\n late\");\nmatch x { Err(e) => tracing::error!(\n    file = %file,\n    \"gone\"\n), _ => {} }";
        assert_eq!(said(text).collect::<Vec<_>>(), [("warn", "it is \\n late"), ("error", "gone")]);
    }

    #[test]
    fn a_row_of_the_right_level_has_the_line() {
        let page = "| warn | `listening on …` | x | y |\n";
        assert!(has(page, "warn", "listening on {address}") && !has(page, "error", "listening on") && !has(page, "warn", "stopped"));
    }
}
