//! Which language a text is in.

use std::cmp::Ordering;

use whatlang::Lang;

use crate::split::{Kind, kind};

/// Looked at from each of the beginning, the middle and the end of a text, in characters.
const WINDOW: usize = 3_000;
/// One in so many letters that is Chinese, Japanese or Korean tells more than the others, which are code and names.
const TELLING: usize = 10;
/// One in so many of those that is kana makes Chinese characters Japanese.
const KANA: usize = 20;

/// A language that can be told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Language(pub(crate) Lang);

impl Language {
    /// The language that most of `text` is in, from samples of it; `None` where there is too little to say.
    ///
    /// Only what looks like prose is looked at, so that commands, paths and code do not count.
    pub fn of(text: &str) -> Option<Self> {
        let sample = sample(text);
        if let Some(language) = by_script(&sample) {
            return Some(Self(language));
        }
        let prose = prose(&sample);
        let guess = whatlang::detect(&prose)?;
        guess.is_reliable().then(|| Self(guess.lang()))
    }

    /// Which of `languages` a question is in, or the one that its script settles. A question alone is too short to tell its language
    /// from all others.
    pub fn of_question(question: &str, languages: &[Self]) -> Option<Self> {
        by_script(question).map(Self).or_else(|| {
            let candidates = languages.iter().map(|language| language.0).collect();
            whatlang::Detector::with_allowlist(candidates).detect_lang(question).map(Self)
        })
    }

    /// Its code in ISO 639-3, such as `deu`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The language of that code, where it is one that is known here.
    pub fn from_code(code: &str) -> Option<Self> {
        Lang::from_code(code).map(Self)
    }
}

impl Ord for Language {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code().cmp(other.code())
    }
}

impl PartialOrd for Language {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The beginning, the middle and the end of a long text; all of a short one.
fn sample(text: &str) -> String {
    // A character is at most four bytes, so that slices of so many bytes hold at least a window.
    let bytes = 4 * WINDOW;
    if text.len() <= 3 * bytes {
        return text.chars().take(3 * WINDOW).collect();
    }
    let starts = [0, text.len() / 2, text.len() - bytes];
    starts.map(|start| text[text.floor_char_boundary(start)..].chars().take(WINDOW).collect::<String>()).join("\n")
}

/// Scripts that settle it, also where most letters are those of commands and names.
fn by_script(sample: &str) -> Option<Lang> {
    let (mut letters, mut han, mut kana, mut hangul) = (0usize, 0usize, 0usize, 0usize);
    for c in sample.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        match c {
            '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' => kana += 1,
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => hangul += 1,
            c if kind(c) == Kind::Cjk => han += 1,
            _ => {}
        }
    }
    let together = han + kana + hangul;
    if together == 0 || together < letters / TELLING {
        return None;
    }
    Some(if hangul > han + kana {
        Lang::Kor
    } else if kana > together / KANA {
        Lang::Jpn
    } else {
        Lang::Cmn
    })
}

/// The words of a text that are made of letters alone, give or take punctuation around them.
fn prose(sample: &str) -> String {
    let mut prose = String::with_capacity(sample.len());
    for word in sample.split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty()
            && word.chars().all(|c| matches!(kind(c), Kind::Word | Kind::Complex) && !c.is_numeric() || matches!(c, '\'' | '’' | '-'))
        {
            prose.push_str(word);
            prose.push(' ');
        }
    }
    prose
}
