//! How well a page was read, and its text made tidy.

/// A page with fewer letters and digits than this may have been misread.
const FEW: usize = 16;

/// Whether the text of a page needs no second opinion.
pub(super) fn is_good(page: &str) -> bool {
    let Counts { letters, broken, all } = counts(page);
    letters >= FEW && broken * 20 <= all
}

/// What a text of a page is worth next to another text of the same page.
pub(super) fn worth(page: &str) -> usize {
    let Counts { letters, broken, .. } = counts(page);
    letters.saturating_sub(5 * broken)
}

struct Counts {
    letters: usize,
    /// Characters that stand for none that is known.
    broken: usize,
    all: usize,
}

fn counts(page: &str) -> Counts {
    let mut counts = Counts { letters: 0, broken: 0, all: 0 };
    for c in page.chars().filter(|c| !c.is_whitespace()) {
        counts.all += 1;
        counts.letters += usize::from(c.is_alphanumeric());
        counts.broken += usize::from(c == '\u{FFFD}' || ('\u{E000}'..='\u{F8FF}').contains(&c));
    }
    counts
}

/// One blank line between paragraphs, no space at the ends of lines, ligatures as letters.
pub(super) fn tidy(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut blank = 0;
    for line in page.lines().map(str::trim_end) {
        if line.trim_start().is_empty() {
            blank += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        blank = 0;
        for c in line.chars() {
            match c {
                'ﬀ' => out.push_str("ff"),
                'ﬁ' => out.push_str("fi"),
                'ﬂ' => out.push_str("fl"),
                'ﬃ' => out.push_str("ffi"),
                'ﬄ' => out.push_str("ffl"),
                '\u{AD}' => {}
                c => out.push(c),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_paragraphs_and_ligatures_are_tidied() {
        assert_eq!(tidy("\n\n\nA ﬁle  \nmore\n\n\n \nnext of\u{AD}fice\n"), "A file\nmore\n\nnext office");
    }

    #[test]
    fn a_page_that_is_nearly_empty_or_full_of_unknown_characters_is_not_good() {
        assert!(is_good("A page with a sentence on it."));
        assert!(!is_good("12") && !is_good(""));
        assert!(!is_good("\u{FFFD}\u{FFFD}\u{FFFD} these letters are not enough to make up for it"));
        assert!(worth("\u{FFFD}\u{FFFD}\u{FFFD} some letters") < worth("the same letters, read"));
    }
}
