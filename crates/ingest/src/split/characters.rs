//! LangChain's recursive character splitter: paragraphs, then lines, then words, then characters.
//!
//! It cuts before each separator, and puts neighbours together until a piece is full. A part that is too long alone is
//! cut at the next finer separator. Since nothing is inserted or left out, parts are ranges of the text, and offsets
//! are exact. Golden tests compare it with `langchain_text_splitters` 1.1.2.

use std::collections::VecDeque;
use std::ops::Range;

use super::stripped;

const SEPARATORS: [&str; 3] = ["\n\n", "\n", " "];

/// The pieces of `text`, of at most `size` characters.
pub(super) fn split(text: &str, size: usize, overlap: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    split_range(text, 0..text.len(), &SEPARATORS, &Sizes { size, overlap }, &mut pieces);
    pieces
}

struct Sizes {
    size: usize,
    overlap: usize,
}

fn split_range(text: &str, range: Range<usize>, separators: &[&str], sizes: &Sizes, pieces: &mut Vec<Range<usize>>) {
    let source = &text[range.clone()];
    let found = separators.iter().position(|separator| source.contains(separator));
    let mut merger = Merger::new(text, sizes, pieces);
    match found {
        Some(index) => {
            for part in parts(source, separators[index]) {
                let part = range.start + part.start..range.start + part.end;
                let length = text[part.clone()].chars().count();
                if length < sizes.size {
                    merger.push(part, length);
                } else {
                    merger.finish();
                    split_range(text, part, &separators[index + 1..], sizes, merger.pieces);
                }
            }
        }
        None => {
            for (offset, c) in source.char_indices() {
                let start = range.start + offset;
                merger.push(start..start + c.len_utf8(), 1);
            }
        }
    }
    merger.finish();
}

/// `source` cut before each `separator`, without empty parts.
fn parts(source: &str, separator: &str) -> impl Iterator<Item = Range<usize>> {
    let cuts = source.match_indices(separator).map(|(start, _)| start).filter(|&start| start > 0);
    let mut from = 0;
    cuts.chain(std::iter::once(source.len())).filter_map(move |to| {
        let part = from..to;
        from = to;
        (!part.is_empty()).then_some(part)
    })
}

/// Puts neighbouring parts together.
struct Merger<'a> {
    text: &'a str,
    sizes: &'a Sizes,
    pieces: &'a mut Vec<Range<usize>>,
    current: VecDeque<(Range<usize>, usize)>,
    total: usize,
}

impl<'a> Merger<'a> {
    fn new(text: &'a str, sizes: &'a Sizes, pieces: &'a mut Vec<Range<usize>>) -> Self {
        Self { text, sizes, pieces, current: VecDeque::new(), total: 0 }
    }

    /// Adds a part of `length` characters; the piece before it is done where it does not fit.
    fn push(&mut self, part: Range<usize>, length: usize) {
        if self.total + length > self.sizes.size && !self.current.is_empty() {
            self.emit();
            // What stays is the overlap, as far as it and the new part fit.
            while self.total > self.sizes.overlap || (self.total + length > self.sizes.size && self.total > 0) {
                let Some((_, first)) = self.current.pop_front() else { break };
                self.total -= first;
            }
        }
        self.current.push_back((part, length));
        self.total += length;
    }

    /// Ends the run of parts: the next one overlaps with nothing.
    fn finish(&mut self) {
        self.emit();
        self.current.clear();
        self.total = 0;
    }

    fn emit(&mut self) {
        if let (Some((first, _)), Some((last, _))) = (self.current.front(), self.current.back()) {
            self.pieces.extend(stripped(self.text, first.start..last.end));
        }
    }
}
