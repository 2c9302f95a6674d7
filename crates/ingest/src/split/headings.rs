//! Markdown's headings: a heading begins a section, which knows the headings above it.

use std::ops::Range;

/// A part of a text under the same headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// Which part, in bytes.
    pub(super) range: Range<usize>,
    /// The headings it stands under, outermost first.
    pub(super) headings: Vec<String>,
}

/// The headings that a text goes on under, each with its level.
#[derive(Debug, Default)]
pub(super) struct Above(Vec<(usize, String)>);

impl Above {
    fn titles(&self) -> Vec<String> {
        self.0.iter().map(|(_, title)| title.clone()).collect()
    }

    fn push(&mut self, level: usize, title: &str) {
        self.0.retain(|(above, _)| *above < level);
        self.0.push((level, title.chars().take(LONGEST).collect()));
    }
}

/// So many characters of a heading are kept. Each piece under it holds them, and a line of a megabyte is no heading.
const LONGEST: usize = 200;

/// Cuts `text` before its headings (`#` to `######`, outside of code). Nothing is left out. It begins under the headings `above`,
/// which become those that it ends under.
///
/// A heading with nothing under it but deeper headings goes with the first of those, as in LangChain's splitter.
pub(super) fn sections(text: &str, above: &mut Above) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut current = Section { range: 0..0, headings: above.titles() };
    // Whether the current section holds nothing but headings.
    let mut bare = true;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let line = line.trim();
        match fence {
            Some(mark) if line.starts_with(mark) => fence = None,
            Some(_) => {}
            None => fence = opening_fence(line),
        }
        let Some((level, title)) = heading(line).filter(|_| fence.is_none()) else {
            bare &= line.is_empty();
            continue;
        };
        above.push(level, title);
        let headings = above.titles();
        let deeper = headings.len() > current.headings.len() && !current.headings.is_empty();
        if bare && (deeper || current.headings.is_empty()) {
            current.headings = headings;
        } else {
            current.range.end = start;
            sections.push(std::mem::replace(&mut current, Section { range: start..start, headings }));
        }
        bare = true;
    }
    current.range.end = text.len();
    sections.push(current);
    sections
}

fn opening_fence(line: &str) -> Option<&'static str> {
    // Three backticks that are closed in the same line are code within a sentence.
    if line.starts_with("```") && !line[3..].contains("```") {
        Some("```")
    } else if line.starts_with("~~~") {
        Some("~~~")
    } else {
        None
    }
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    ((1..=6).contains(&level) && (title.is_empty() || title.starts_with(' '))).then_some((level, title.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(&str, Vec<String>)> {
        sections(text, &mut Above::default()).into_iter().map(|section| (&text[section.range], section.headings)).collect()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn no_more_than_the_beginning_of_an_endless_heading_is_kept() {
        let text = format!("# {}\n\ntext", "é".repeat(100_000));
        assert_eq!(sections(&text, &mut Above::default())[0].headings, ["é".repeat(LONGEST)]);
    }

    #[test]
    fn a_heading_begins_a_section_that_knows_the_headings_above_it() {
        let text = "intro\n\n# A\n\none\n\n## B\ntwo\n### C\nthree\n## D\nfour\n# E\nfive";
        assert_eq!(
            seen(text),
            [
                ("intro\n\n", names(&[])),
                ("# A\n\none\n\n", names(&["A"])),
                ("## B\ntwo\n", names(&["A", "B"])),
                ("### C\nthree\n", names(&["A", "B", "C"])),
                ("## D\nfour\n", names(&["A", "D"])),
                ("# E\nfive", names(&["E"])),
            ]
        );
    }

    #[test]
    fn a_text_goes_on_under_the_headings_above_it() {
        let mut above = Above::default();
        sections("# A\n\n## B\ntext", &mut above);
        let next: Vec<_> = sections("more\n## C\nx", &mut above).into_iter().map(|section| section.headings).collect();
        assert_eq!(next, [names(&["A", "B"]), names(&["A", "C"])]);
        assert_eq!(above.titles(), names(&["A", "C"]));
    }

    #[test]
    fn a_bare_heading_goes_with_the_deeper_one_under_it() {
        assert_eq!(seen("# A\n\n## B\nx\n"), [("# A\n\n## B\nx\n", names(&["A", "B"]))]);
        assert_eq!(seen("# A\n# B\nx\n"), [("# A\n", names(&["A"])), ("# B\nx\n", names(&["B"]))]);
    }

    #[test]
    fn a_hash_in_code_or_in_a_word_is_no_heading() {
        let text = "# A\n```sh\n# comment\n```\n~~~\n# other\n~~~\n#hashtag\n####### seven\n```# x``` inline\n";
        assert_eq!(seen(text), [(text, names(&["A"]))]);
    }

    #[test]
    fn an_empty_text_is_one_empty_section() {
        assert_eq!(seen(""), [("", names(&[]))]);
    }
}
