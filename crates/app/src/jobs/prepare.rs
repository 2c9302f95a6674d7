//! From a text to chunks that can be found: its pieces, and the words that each is found by.

use transom_domain::{Chunk, File, Text};
use transom_ingest::{Input, Splitter, sniff};
use transom_words::{Analyser, Language};

/// A text, ready to be embedded.
pub(super) struct Prepared {
    /// The language it is in.
    pub language: Option<Language>,
    /// Its chunks in order, each with its terms.
    pub chunks: Vec<(Chunk, String)>,
}

/// Splits the text of a file and analyses the pieces in the language of the whole.
pub(super) fn prepare(file: &File, text: &Text, splitter: &Splitter) -> Prepared {
    // The kind is the file's, but told from its text: that is there whenever a file is indexed, its bytes need not be.
    let content_type = (!file.content_type.is_empty()).then_some(file.content_type.as_str());
    let media = sniff(&Input { bytes: text.text.as_bytes(), filename: &file.filename, content_type });
    let language = Language::of(&text.text);
    let analyser = Analyser::new(language);
    let chunks = splitter.split_as(text, media).into_iter().zip(0u32..).map(|(piece, ordinal)| {
        let chunk = Chunk {
            file_id: file.id.clone(),
            ordinal,
            text: piece.text,
            start_index: piece.start_index,
            page: piece.page,
            headings: piece.headings,
        };
        let terms = chunk_terms(&analyser, &chunk).join(" ");
        (chunk, terms)
    });
    Prepared { language, chunks: chunks.collect() }
}

/// What a chunk is found by: the words of its text, and of the headings it stands under.
pub(crate) fn chunk_terms(analyser: &Analyser, chunk: &Chunk) -> Vec<String> {
    let mut terms: Vec<String> = chunk.headings.iter().flat_map(|heading| analyser.terms(heading)).collect();
    terms.extend(analyser.terms(&chunk.text));
    terms
}
