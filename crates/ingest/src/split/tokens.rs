//! LangChain's token splitter: so many tokens a piece, whatever they are.
//!
//! A token can end within a character, and a piece cannot: such a character belongs to the piece in which it begins.

use std::ops::Range;

use tiktoken_rs::CoreBPE;

use super::stripped;

/// The encodings there are.
pub(super) const NAMES: [&str; 5] = ["cl100k_base", "o200k_base", "p50k_base", "r50k_base", "gpt2"];

/// Text is encoded in slabs of about this size, so that memory stays small.
const SLAB: usize = 64 * 1024;

/// A slab without any place to cut is cut anyway here: the tokeniser has a limit on what it looks at in one go.
const HARD_SLAB: usize = 2 * SLAB;

/// A tiktoken encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    #[default]
    Cl100k,
    O200k,
    P50k,
    R50k,
}

impl Encoding {
    /// The encoding of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.trim() {
            "cl100k_base" => Self::Cl100k,
            "o200k_base" => Self::O200k,
            "p50k_base" => Self::P50k,
            "r50k_base" | "gpt2" => Self::R50k,
            _ => return None,
        })
    }

    fn vocabulary(self) -> &'static CoreBPE {
        match self {
            Self::Cl100k => tiktoken_rs::cl100k_base_singleton(),
            Self::O200k => tiktoken_rs::o200k_base_singleton(),
            Self::P50k => tiktoken_rs::p50k_base_singleton(),
            Self::R50k => tiktoken_rs::r50k_base_singleton(),
        }
    }
}

/// The pieces of `text`, of at most `size` tokens.
pub(super) fn split(text: &str, encoding: Encoding, size: usize, overlap: usize) -> Vec<Range<usize>> {
    let ends = token_ends(text, encoding.vocabulary());
    let offset = |token: usize| if token == 0 { 0 } else { text.ceil_char_boundary(ends[token - 1]) };
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < ends.len() {
        let end = (start + size).min(ends.len());
        pieces.extend(stripped(text, offset(start)..offset(end)));
        if end == ends.len() {
            break;
        }
        start += size - overlap;
    }
    pieces
}

/// Where each token ends, in bytes.
fn token_ends(text: &str, vocabulary: &CoreBPE) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut end = 0;
    for slab in slabs(text) {
        for token in vocabulary.encode_ordinary(slab) {
            end += vocabulary.decode_bytes(&[token]).map_or(0, |bytes| bytes.len());
            ends.push(end);
        }
    }
    ends
}

/// `text` in parts that give the same tokens one by one as together: cut after a line's end, before a letter.
fn slabs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (slab, after) = rest.split_at(slab_end(rest));
        rest = after;
        Some(slab)
    })
}

fn slab_end(text: &str) -> usize {
    let (from, to) = (text.floor_char_boundary(SLAB), text.floor_char_boundary(HARD_SLAB));
    let mut candidates = text[from..to].match_indices('\n').map(|(offset, _)| from + offset + 1);
    candidates.find(|&cut| text[cut..].starts_with(char::is_alphanumeric)).unwrap_or(to)
}
