//! What the server can say at `warn` and `error` is in the book, with what to do about it, and nothing else is.

use std::fs;
use std::path::Path;

use super::sources;
use crate::place::Metadata;

/// The page that says what each line means.
const PAGE: &str = "docs/src/log.md";

/// Lines of the log that the page does not have at their level, and rows of the page that nothing says.
pub fn check(metadata: &Metadata) -> Result<Vec<String>, String> {
    let page = metadata.workspace_root.join(PAGE);
    let page = fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
    let mut findings = Vec::new();
    let mut unsaid: Vec<&str> = page.lines().filter(|row| row.starts_with("| warn |") || row.starts_with("| error |")).collect();
    for package in metadata.packages.iter().filter(|package| package.name != "xtask") {
        let Some(folder) = package.manifest_path.parent().map(|folder| folder.join("src")) else { continue };
        let mut visit = |path: &Path| {
            let text = fs::read_to_string(path)?;
            let shown = path.strip_prefix(&metadata.workspace_root).unwrap_or(path).display();
            for (level, line) in said(&text) {
                if !page.lines().any(|row| has(row, level, line)) {
                    findings.push(format!("{shown} says “{line}” at {level}, and {PAGE} does not have it"));
                }
                unsaid.retain(|row| !has(row, level, line));
            }
            Ok(())
        };
        sources::collect(&folder, &mut visit).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    findings.extend(unsaid.iter().map(|row| format!("{PAGE} has a line that nothing says: {row}")));
    Ok(findings)
}

/// Levels and messages of a source file.
fn said(text: &str) -> impl Iterator<Item = (&'static str, &str)> {
    [("warn", "warn!("), ("error", "error!(")]
        .into_iter()
        .flat_map(move |(level, call)| text.split(call).skip(1).filter_map(|arguments| message(arguments)).map(move |line| (level, line)))
}

/// The last text before the call's closing parenthesis: the message stands after the fields.
fn message(arguments: &str) -> Option<&str> {
    let (mut depth, mut begun, mut last, mut escaped) = (1, None, None, false);
    for (at, letter) in arguments.char_indices() {
        match (letter, begun) {
            _ if escaped => escaped = false,
            ('\\', Some(_)) => escaped = true,
            ('"', Some(begin)) => (begun, last) = (None, arguments.get(begin..at)),
            ('"', None) => begun = Some(at + 1),
            ('(', None) => depth += 1,
            (')', None) => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    last
}

/// Whether a row of the page's tables has that line. What is filled in differs, so the parts around it are looked for.
fn has(row: &str, level: &str, line: &str) -> bool {
    let mut parts = line.split('{').map(|part| part.rsplit('}').next().unwrap_or(part));
    row.starts_with(&format!("| {level} | ")) && parts.all(|part| row.contains(part))
}

#[cfg(test)]
mod tests {
    use super::{has, said};

    #[test]
    fn messages_are_found_with_their_level() {
        let text = r#"match x {
            Err(error) => tracing::warn!(%error, what = a.join(", "), "it is \"late\"; (very)"),
            _ => { tracing::error!(file = %of(x), "gone"); f("x") }
        }"#;
        assert_eq!(said(text).collect::<Vec<_>>(), [("warn", "it is \\\"late\\\"; (very)"), ("error", "gone")]);
    }

    #[test]
    fn a_row_of_the_right_level_has_the_line() {
        let row = "| warn | `listening on …` | x | y |";
        assert!(has(row, "warn", "listening on {address}") && !has(row, "error", "listening on") && !has(row, "warn", "stopped"));
    }
}
