//! Terms.

use std::borrow::Cow;
use std::collections::HashSet;

use rust_stemmers::Stemmer;
use unicode_normalization::UnicodeNormalization;
use whatlang::Lang;

use crate::fold::fold;
use crate::language::Language;
use crate::split::{Run, runs, segments};
use crate::table::Row;

/// Longer ones are no words that somebody searches for.
const LONGEST: usize = 64;
/// Where a path or address falls into names, ...
const COARSE: [char; 6] = ['/', ':', '@', '#', '&', '+'];
/// ... and a name into words.
const FINE: [char; 5] = ['.', '-', '_', '\'', '’'];

/// Makes terms of texts in one language, or in an unknown one.
pub struct Analyser {
    language: Option<Language>,
    row: &'static Row,
    /// Of the language that a question is in: its common words are common in whatever language it is analysed.
    asked_in: Option<&'static Row>,
    stemmer: Option<Stemmer>,
}

impl Analyser {
    /// For texts in `language`; where it is unknown, nothing is dropped and nothing is stemmed.
    pub fn new(language: Option<Language>) -> Self {
        let row = Row::of(language);
        Self { language, row, asked_in: None, stemmer: row.stem.map(Stemmer::create) }
    }

    /// The terms of `text` in their order, each as often as it occurs. None is empty or holds white space.
    pub fn terms(&self, text: &str) -> Vec<String> {
        let text: Cow<'_, str> =
            if text.is_ascii() { text.into() } else { text.nfkc().filter(|c| !is_invisible(*c)).collect::<String>().into() };
        let mut terms = Vec::new();
        for run in runs(&text) {
            match run {
                Run::Word(compound) => self.compound(compound, &mut terms),
                Run::Cjk(characters) => self.pairs(characters, &mut terms),
                Run::Complex(words) => segments(words).for_each(|word| self.word(word, &mut terms)),
            }
        }
        terms
    }

    /// A word; or several that are held together: the whole, the names in it, and the words in those.
    fn compound(&self, compound: &str, terms: &mut Vec<String>) {
        if compound.contains(COARSE) {
            self.whole(compound, terms);
        }
        for name in compound.split(COARSE) {
            if name.contains(['.', '-', '_']) {
                self.whole(name, terms);
            }
            for word in name.split(FINE) {
                self.word(word, terms);
            }
        }
    }

    fn whole(&self, name: &str, terms: &mut Vec<String>) {
        push(fold(&self.lower(name), self.row.own), terms);
    }

    fn word(&self, word: &str, terms: &mut Vec<String>) {
        let humps = humps(word);
        if humps.len() > 1 {
            self.whole(word, terms);
        }
        for hump in humps {
            self.plain_word(hump, terms);
        }
    }

    fn plain_word(&self, word: &str, terms: &mut Vec<String>) {
        let lower = self.lower(word);
        let folded = fold(&lower, self.row.own);
        if self.row.is_common(&folded) || self.asked_in.is_some_and(|row| row.is_common(&fold(&lower, row.own))) {
            return;
        }
        let Some(stemmer) = self.stemmer.as_ref().filter(|_| !word.contains(|c: char| c.is_ascii_digit())) else {
            return push(folded, terms);
        };
        // The stemmers go by accents, so those are taken off afterwards; and as people type the word without them,
        // it is also a term as the stemmer sees it then.
        let stem = fold(&stemmer.stem(&lower), self.row.own);
        if folded != lower {
            let typed = fold(&stemmer.stem(&folded), self.row.own);
            if typed != stem {
                push(typed, terms);
            }
        }
        push(stem, terms);
    }

    /// Overlapping pairs of characters; a character that stands alone is a term itself.
    fn pairs(&self, characters: &str, terms: &mut Vec<String>) {
        let mut starts = characters.char_indices().map(|(start, _)| start).chain([characters.len()]);
        let (Some(mut first), Some(mut second)) = (starts.next(), starts.next()) else { return };
        if second == characters.len() {
            return push(characters.to_owned(), terms);
        }
        for end in starts {
            let pair = &characters[first..end];
            if !self.row.is_common(pair) {
                push(pair.to_owned(), terms);
            }
            (first, second) = (second, end);
        }
    }

    fn lower(&self, word: &str) -> String {
        // The one language where lower-casing `I` makes another letter of it.
        if self.language.is_some_and(|language| matches!(language.0, Lang::Tur | Lang::Aze)) {
            return word.replace('I', "ı").replace('İ', "i").to_lowercase();
        }
        word.to_lowercase()
    }
}

/// The terms of a question, which is itself in `language`, to texts in `languages`, each once: it is analysed as each of those texts was,
/// and as what it is itself.
pub fn question_terms(question: &str, language: Option<Language>, languages: &[Language]) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut terms = Vec::new();
    let asked_in = language.map(|language| Row::of(Some(language)));
    let mut analysed_as: Vec<Option<Language>> = languages.iter().copied().map(Some).chain([language]).collect();
    analysed_as.sort();
    analysed_as.dedup();
    for language in analysed_as {
        for term in (Analyser { asked_in, ..Analyser::new(language) }).terms(question) {
            if seen.insert(term.clone()) {
                terms.push(term);
            }
        }
    }
    terms
}

fn push(term: String, terms: &mut Vec<String>) {
    if !term.is_empty() && term.len() <= LONGEST {
        terms.push(term);
    }
}

/// The words of `getUserName`; just the word where there is no hump.
fn humps(word: &str) -> Vec<&str> {
    let bytes = word.as_bytes();
    let cuts = (1..bytes.len()).filter(|&at| bytes[at - 1].is_ascii_lowercase() && bytes[at].is_ascii_uppercase());
    let mut start = 0;
    cuts.chain([word.len()])
        .map(|end| {
            let hump = &word[start..end];
            start = end;
            hump
        })
        .collect()
}

/// Soft hyphens, joiners and marks of order, which are not seen and not typed.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}
