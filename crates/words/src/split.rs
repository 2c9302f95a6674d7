//! Where words begin and end.

use std::sync::LazyLock;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use unicode_normalization::char::is_combining_mark;

/// What a character is to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Part of a word in a script that tells words apart by spaces.
    Word,
    /// Chinese, Japanese or Korean.
    Cjk,
    /// Thai, Lao, Khmer or Burmese.
    Complex,
    /// May hold an identifier together.
    Joiner,
    /// Anything else.
    Gap,
}

/// A stretch of text of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run<'a> {
    /// A word, or several that characters such as `/` and `_` hold together.
    Word(&'a str),
    /// Characters that are paired.
    Cjk(&'a str),
    /// Words without spaces between them.
    Complex(&'a str),
}

pub(crate) fn kind(c: char) -> Kind {
    match c {
        '0'..='9' | 'a'..='z' | 'A'..='Z' => Kind::Word,
        '_' | '-' | '.' | '/' | ':' | '@' | '+' | '#' | '&' | '\'' | '’' => Kind::Joiner,
        c if c.is_ascii() => Kind::Gap,
        '\u{0e01}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}' => {
            Kind::Complex
        }
        '々' | '〆' | 'ー' => Kind::Cjk,
        '\u{1100}'..='\u{11ff}'
        | '\u{3040}'..='\u{312f}'
        | '\u{3130}'..='\u{318f}'
        | '\u{31a0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}'
            if c.is_alphanumeric() =>
        {
            Kind::Cjk
        }
        c if c.is_alphanumeric() || is_combining_mark(c) => Kind::Word,
        _ => Kind::Gap,
    }
}

/// The stretches of a normalised text that hold words.
pub(crate) fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| matches!(kind(c), Kind::Gap | Kind::Joiner));
        let first = kind(rest.chars().next()?);
        let end = match first {
            Kind::Word => compound_end(rest),
            same => rest.find(|c| kind(c) != same).unwrap_or(rest.len()),
        };
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(match first {
            Kind::Cjk => Run::Cjk(run),
            Kind::Complex => Run::Complex(run),
            _ => Run::Word(run),
        })
    })
}

/// Where a word ends that joiners may go on, one or two at a time, as long as a word follows.
fn compound_end(text: &str) -> usize {
    let mut end = 0;
    loop {
        let rest = &text[end..];
        let word = rest.find(|c| kind(c) != Kind::Word).unwrap_or(rest.len());
        end += word;
        let joined: usize = text[end..].chars().take_while(|c| kind(*c) == Kind::Joiner).map(char::len_utf8).sum();
        let goes_on = text[end + joined..].chars().next().is_some_and(|c| kind(c) == Kind::Word);
        if joined == 0 || text[end..end + joined].chars().count() > 2 || !goes_on {
            return end;
        }
        end += joined;
    }
}

/// The words of a script that leaves no spaces between them.
pub(crate) fn segments(run: &str) -> impl Iterator<Item = &str> {
    static SEGMENTER: LazyLock<WordSegmenterBorrowed<'static>> =
        LazyLock::new(|| WordSegmenter::new_lstm(WordBreakInvariantOptions::default()));
    let mut start = 0;
    SEGMENTER.segment_str(run).filter_map(move |end| {
        let word = run.get(start..end).unwrap_or_default();
        start = end;
        (!word.trim().is_empty()).then_some(word)
    })
}
