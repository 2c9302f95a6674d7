//! The book's pages are all in its summary, and what README and the pages point to is there.

use std::fs;
use std::path::{Path, PathBuf};

/// Pages outside the summary, and links inside the repository that lead nowhere.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let pages = root.join("docs/src");
    let summary = read(&pages.join("SUMMARY.md"))?;
    let mut findings = links_to_nothing(&root.join("README.md"))?;
    for path in markdown(&pages)? {
        let name = path.strip_prefix(&pages).unwrap_or(&path).to_string_lossy().into_owned();
        if name != "SUMMARY.md" && !links(&summary).any(|link| link == name) {
            findings.push(format!("docs/src/{name} is not in docs/src/SUMMARY.md"));
        }
        findings.extend(links_to_nothing(&path)?);
    }
    findings.sort();
    Ok(findings)
}

/// Every page, those in folders too.
fn markdown(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut pages = Vec::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            pages.extend(markdown(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
    Ok(pages)
}

fn links_to_nothing(page: &Path) -> Result<Vec<String>, String> {
    let (text, folder) = (read(page)?, page.parent().unwrap_or(page));
    let gone = links(&text).filter(|link| !folder.join(link).exists()).map(str::to_owned);
    let unread =
        includes(&text).filter(|(file, anchor)| !holds(&folder.join(file), anchor)).map(|(file, anchor)| format!("{file}:{anchor}"));
    Ok(gone.chain(unread).map(|link| format!("{} points to {link}, which is not there", page.display())).collect())
}

/// What a page shows of programs: files, and the anchors in them. Of what is not there mdBook would show nothing, and say so to nobody.
fn includes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let shown = text.split("{{#include ").skip(1).filter_map(|rest| rest.split_once("}}"));
    shown.map(|(target, _)| target.trim().split_once(':').unwrap_or((target.trim(), "")))
}

fn holds(file: &Path, anchor: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    let has = |mark: &str| text.lines().any(|line| line.trim_end().ends_with(&format!("{mark}: {anchor}")));
    !text.is_empty() && (anchor.is_empty() || has("ANCHOR") && has("ANCHOR_END"))
}

/// The files that Markdown links lead to, without their anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let files = targets.map(|target| target.split('#').next().unwrap_or_default());
    files.filter(|target| !target.is_empty() && !target.contains("://") && !target.contains(char::is_whitespace))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{includes, links};

    #[test]
    fn links_to_files_are_found_without_their_anchors() {
        let text = "See [one](one.md), [two](two.md#part), [here](#there) and [elsewhere](https://example.com/x).";
        assert_eq!(links(text).collect::<Vec<_>>(), ["one.md", "two.md"]);
    }

    #[test]
    fn programs_that_a_page_shows_are_found_with_their_anchors() {
        let text = "{{#include ../a/main.rs:main}} and {{#include b.rs}}";
        assert_eq!(includes(text).collect::<Vec<_>>(), [("../a/main.rs", "main"), ("b.rs", "")]);
    }
}
