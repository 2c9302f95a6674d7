//! Where the titles of a document stand on its pages.

use super::outline::Title;
use crate::extract::markup::looks_marked;

/// A title may run over so many lines.
const LINES: usize = 4;
/// Deeper titles count as of this level.
const DEEPEST: usize = 6;

/// The text of a page with `titles`, which are those that begin on it in their order, as headings.
///
/// A title that is not found on the page, as where it is a picture, stands at its beginning where no other one does; elsewhere nobody
/// knows its place.
pub(super) fn mark(page: &str, titles: &[Title]) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let mut out = String::with_capacity(page.len() + 64);
    let mut from = 0;
    for (index, title) in titles.iter().enumerate() {
        match find(&lines, from, &title.text) {
            Some((at, end)) => {
                copy(&lines[from..at], &mut out);
                heading(title, &lines[at..end].join(" "), &mut out);
                from = end;
            }
            None if index == 0 => heading(title, &title.text, &mut out),
            None => {}
        }
    }
    copy(&lines[from..], &mut out);
    out.truncate(out.trim_end().len());
    out
}

/// The lines that hold a title, give or take its number.
fn find(lines: &[&str], from: usize, title: &str) -> Option<(usize, usize)> {
    let wanted = letters(title);
    if wanted.is_empty() {
        return None;
    }
    (from..lines.len()).find_map(|at| {
        let mut held = String::new();
        lines[at..].iter().take(LINES).zip(at + 1..).find_map(|(line, end)| {
            // A title begins and ends with its lines.
            let added = letters(line);
            held.push_str(&added);
            (!added.is_empty() && is_title(&held, &wanted)).then_some((at, end))
        })
    })
}

fn is_title(held: &str, wanted: &str) -> bool {
    let is_number = |rest: &str| rest.len() <= 12 && rest.chars().all(|c| c.is_ascii_digit());
    held.strip_suffix(wanted).is_some_and(is_number) || wanted.strip_suffix(held).is_some_and(is_number)
}

/// What is said, whatever the spaces and signs.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn heading(title: &Title, text: &str, out: &mut String) {
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push_str("\n\n");
    }
    out.push_str(&"######"[..title.level.clamp(1, DEEPEST)]);
    for word in text.split_ascii_whitespace() {
        out.push(' ');
        out.push_str(word);
    }
    out.push_str("\n\n");
}

fn copy(lines: &[&str], out: &mut String) {
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    for line in &lines[blank..] {
        if looks_marked(line) {
            out.push('\\');
        }
        out.push_str(line);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(level: usize, text: &str) -> Title {
        Title { level, text: text.to_owned(), page: 0 }
    }

    #[test]
    fn titles_become_headings_where_they_stand() {
        let page = "CHAPTER 4. TIDES\n4.2. Big\npicture\n\nThe moon pulls.\n# make tides\n4.3  Neap\nThe sun, too.";
        let titles = [title(2, "Big picture"), title(2, "Neap")];
        assert_eq!(
            mark(page, &titles),
            "CHAPTER 4. TIDES\n\n## 4.2. Big picture\n\nThe moon pulls.\n\\# make tides\n\n## 4.3 Neap\n\nThe sun, too."
        );
    }

    #[test]
    fn a_number_may_be_in_the_table_alone() {
        assert_eq!(mark("Overview\ntext", &[title(1, "1 Overview")]), "# Overview\n\ntext");
    }

    #[test]
    fn a_title_that_is_not_on_its_page_begins_it_or_is_left_out() {
        assert_eq!(mark("text", &[title(1, "A picture"), title(2, "Another")]), "# A picture\n\ntext");
        assert_eq!(mark("One\ntext", &[title(1, "One"), title(9, "Lost"), title(9, "text")]), "# One\n\n###### text");
    }

    #[test]
    fn a_page_without_titles_stays_but_for_what_looks_like_one() {
        assert_eq!(mark("# apt install\n\n  indented\n```", &[]), "\\# apt install\n\n  indented\n\\```");
    }
}
