//! From a text to pieces that are small enough to be embedded and found.

mod characters;
mod headings;
mod tokens;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use transom_domain::Text;

use crate::media::MediaType;
use headings::{Above, Section};
use tokens::Encoding;

/// What the size of a piece is measured in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitBy {
    /// Characters; pieces end at paragraphs, lines or words where they can.
    #[default]
    Characters,
    /// Tokens of a tiktoken encoding.
    Tokens,
}

/// How text is split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitConfig {
    /// What sizes are measured in.
    pub splitter: SplitBy,
    /// The size of a piece, at most.
    pub chunk_size: usize,
    /// So much of a piece's end is the next one's beginning, at most.
    pub chunk_overlap: usize,
    /// The tiktoken encoding that tokens are counted in.
    pub encoding: String,
    /// Whether Markdown's headings begin pieces of their own.
    pub markdown_headers: bool,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self { splitter: SplitBy::Characters, chunk_size: 1000, chunk_overlap: 100, encoding: "cl100k_base".into(), markdown_headers: true }
    }
}

/// What is wrong with a [`SplitConfig`]: a sentence that names the variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Pieces of no size.
    #[error("CHUNK_SIZE is 0; it must be at least 1")]
    NoSize,
    /// The overlap leaves no room.
    #[error("CHUNK_OVERLAP is {overlap}; it must be smaller than CHUNK_SIZE, which is {size}")]
    Overlap {
        /// The overlap asked for.
        overlap: usize,
        /// The size asked for.
        size: usize,
    },
    /// No such encoding.
    #[error("TIKTOKEN_ENCODING_NAME is `{0}`; it must be one of {names}", names = tokens::NAMES.join(", "))]
    Encoding(String),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The part itself, without white space around it.
    pub text: String,
    /// Where it begins in the text, in characters.
    pub start_index: usize,
    /// The page it is on.
    pub page: Option<u32>,
    /// The headings it stands under, outermost first.
    pub headings: Vec<String>,
}

/// Splits texts. Making one is cheap but for the vocabulary of tokens, which is read once a process.
#[derive(Clone, Debug)]
pub struct Splitter {
    config: SplitConfig,
    encoding: Encoding,
}

impl Default for Splitter {
    /// Splits as [`SplitConfig::default`] says: by characters, at most 1000 with 100 of overlap.
    fn default() -> Self {
        Self { config: SplitConfig::default(), encoding: Encoding::default() }
    }
}

impl Splitter {
    /// A splitter for `config`.
    ///
    /// # Errors
    ///
    /// Names the setting that makes no sense.
    pub fn new(config: SplitConfig) -> Result<Self, SplitError> {
        if config.chunk_size == 0 {
            return Err(SplitError::NoSize);
        }
        if config.chunk_overlap >= config.chunk_size {
            return Err(SplitError::Overlap { overlap: config.chunk_overlap, size: config.chunk_size });
        }
        let encoding = Encoding::named(&config.encoding).ok_or_else(|| SplitError::Encoding(config.encoding.clone()))?;
        Ok(Self { config, encoding })
    }

    /// Splits `text`: page by page, and where it has none, by Markdown's headings first.
    pub fn split(&self, text: &Text) -> Vec<Piece> {
        self.pieces(text, self.config.markdown_headers && text.pages.is_empty())
    }

    /// Splits the text of a file of that kind: page by page, then by headings; where `#` begins a comment, it is none.
    pub fn split_as(&self, text: &Text, media: MediaType) -> Vec<Piece> {
        self.pieces(text, self.config.markdown_headers && media.has_headings())
    }

    fn pieces(&self, text: &Text, by_headings: bool) -> Vec<Piece> {
        let mut characters = CharacterCount::new(&text.text);
        let mut pieces = Vec::new();
        let mut above = Above::default();
        for (page, goes_on, range) in pages(text) {
            if !goes_on {
                above = Above::default();
            }
            let sections = if by_headings {
                headings::sections(&text.text[range.clone()], &mut above)
                    .into_iter()
                    .map(|section| Section { range: range.start + section.range.start..range.start + section.range.end, ..section })
                    .collect()
            } else {
                vec![Section { range, headings: Vec::new() }]
            };
            for section in sections {
                let source = &text.text[section.range.clone()];
                pieces.extend(self.ranges(source).into_iter().map(|range| Piece {
                    text: source[range.clone()].to_owned(),
                    start_index: characters.until(section.range.start + range.start),
                    page,
                    headings: section.headings.clone(),
                }));
            }
        }
        pieces
    }

    /// The pieces of `text` as byte ranges without white space around them; none is empty.
    fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        let (size, overlap) = (self.config.chunk_size, self.config.chunk_overlap);
        match self.config.splitter {
            SplitBy::Characters => characters::split(text, size, overlap),
            SplitBy::Tokens => tokens::split(text, self.encoding, size, overlap),
        }
    }
}

/// The pages of `text`, whether each goes on under the headings before it, and their byte ranges; one without a number where it has no pages.
fn pages(text: &Text) -> Vec<(Option<u32>, bool, Range<usize>)> {
    let end = text.text.len();
    let start = |index: usize| text.pages.get(index).map_or(end, |page| text.text.floor_char_boundary(page.start));
    let before = (start(0) > 0).then(|| (None, false, 0..start(0)));
    let pages = text.pages.iter().enumerate();
    let pages = pages.map(|(index, page)| (Some(page.number), page.goes_on, start(index)..start(index + 1).max(start(index))));
    before.into_iter().chain(pages).collect()
}

/// Turns byte offsets into character offsets, in time linear in the text as long as they do not go back far.
struct CharacterCount<'a> {
    text: &'a str,
    bytes: usize,
    characters: usize,
}

impl<'a> CharacterCount<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, bytes: 0, characters: 0 }
    }

    fn until(&mut self, offset: usize) -> usize {
        if offset >= self.bytes {
            self.characters += self.text[self.bytes..offset].chars().count();
        } else {
            self.characters -= self.text[offset..self.bytes].chars().count();
        }
        self.bytes = offset;
        self.characters
    }
}

/// `range` of `text` without white space around it, as Python's `strip` sees it; nothing where nothing is left.
fn stripped(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let white = |c: char| c.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&c);
    let part = text[range.clone()].trim_end_matches(white);
    let end = range.start + part.len();
    let start = end - part.trim_start_matches(white).len();
    (start < end).then_some(start..end)
}
