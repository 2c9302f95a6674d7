//! From a text to chunks that can be found: its pieces, and the words that each is found by.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use transom_domain::{Chunk, Text};
use transom_ingest::{Input, Piece, Splitter, sniff};
use transom_words::{Analyser, Language};

use crate::{IndexError, Source};

/// So much of a text is in a language, at least, that it counts as one of the text's: one chunk in so many.
const FEW: usize = 20;

/// As many pieces tell the languages of a text; to ask each of a long one would take longer than all the rest.
const ASKED: usize = 400;

/// A text, ready to be embedded.
pub(crate) struct Prepared {
    /// The languages it is in, the most frequent first.
    pub languages: Vec<Language>,
    /// Its chunks in order, each with its terms.
    pub chunks: Vec<(Chunk, String)>,
}

/// Splits the text of a file and analyses each piece in the language that it is in: manuals are often translated in part.
///
/// # Errors
/// [`IndexError::TooManyChunks`] where they are more than `most`.
pub(crate) fn prepare(source: Source<'_>, text: &Text, splitter: &Splitter, most: usize) -> Result<Prepared, IndexError> {
    // The kind is the file's, but told from its text: that is there whenever a file is indexed, its bytes need not be.
    let Source { id, filename, content_type } = source;
    let media = sniff(&Input { bytes: text.text.as_bytes(), filename, content_type });
    let pieces = splitter.split_as(text, media);
    if pieces.len() > most {
        return Err(IndexError::TooManyChunks { chunks: pieces.len(), most });
    }
    let languages = languages(text, &pieces);
    let analysers: Vec<(Language, Analyser)> = languages.iter().map(|language| (*language, Analyser::new(Some(*language)))).collect();
    let unknown = Analyser::new(None);
    let chunks = pieces.into_iter().zip(0u32..).map(|(piece, ordinal)| {
        let language = chunk_language(&piece.text, &languages);
        let analyser = analysers.iter().find(|(of, _)| Some(*of) == language).map_or(&unknown, |(_, analyser)| analyser);
        let chunk = Chunk {
            file_id: id.clone(),
            ordinal,
            text: piece.text,
            start_index: piece.start_index,
            page: piece.page,
            headings: piece.headings,
        };
        let terms = chunk_terms(analyser, &chunk).join(" ");
        (chunk, terms)
    });
    let chunks = chunks.collect();
    Ok(Prepared { languages, chunks })
}

/// The languages of a text by how many of its pieces, all or every so many, are in them; that of the whole where its pieces are too
/// short to tell.
fn languages(text: &Text, pieces: &[Piece]) -> Vec<Language> {
    let mut counts: BTreeMap<Language, usize> = BTreeMap::new();
    let asked = pieces.iter().step_by(pieces.len().div_ceil(ASKED).max(1));
    for language in asked.filter_map(|piece| Language::of(&piece.text)) {
        *counts.entry(language).or_default() += 1;
    }
    let told: usize = counts.values().sum();
    let mut counts: Vec<_> = counts.into_iter().filter(|(_, count)| count * FEW >= told && *count > 1).collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    if counts.is_empty() {
        Language::of(&text.text).into_iter().collect()
    } else {
        counts.into_iter().map(|(language, _)| language).collect()
    }
}

/// The language of a chunk of a text that is in `languages`.
pub(crate) fn chunk_language(text: &str, languages: &[Language]) -> Option<Language> {
    match languages {
        [] => None,
        [only] => Some(*only),
        [most, ..] => Some(Language::of(text).filter(|language| languages.contains(language)).unwrap_or(*most)),
    }
}

/// What a chunk is found by: the words of its text, and of the headings it stands under.
pub(crate) fn chunk_terms(analyser: &Analyser, chunk: &Chunk) -> Vec<String> {
    let mut terms: Vec<String> = chunk.headings.iter().flat_map(|heading| analyser.terms(heading)).collect();
    terms.extend(analyser.terms(&chunk.text));
    terms
}
