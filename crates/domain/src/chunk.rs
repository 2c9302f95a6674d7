//! Text as retrieval sees it: a document's text with its pages, and the chunks it is split into.

use serde::{Deserialize, Serialize};

use crate::FileId;

/// Names an embedding model and every setting that changes its vectors. Vectors of different fingerprints are never compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a page begins in a document's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its number in the file, from 1.
    pub number: u32,
    /// Byte offset of its first character in [`Text::text`].
    pub start: usize,
    /// Whether it goes on under the headings that the page before ends under, as in a book. A slide does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goes_on: bool,
}

/// A document's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// All of it.
    pub text: String,
    /// Its pages in order; empty where the format has none.
    #[serde(default)]
    pub pages: Vec<Page>,
}

impl Text {
    /// Whether its pages follow one another and begin at characters of the text.
    pub fn is_consistent(&self) -> bool {
        self.pages.is_sorted_by_key(|page| page.start) && self.pages.iter().all(|page| self.text.is_char_boundary(page.start))
    }
}

/// One piece of a file's text, as it is embedded, found and cited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// The file it is of.
    pub file_id: FileId,
    /// Its place among the file's chunks, from 0.
    pub ordinal: u32,
    /// The text.
    pub text: String,
    /// Offset of its first character in the file's text, in characters (not bytes).
    pub start_index: usize,
    /// The page it begins on, from 1, where the format has pages.
    pub page: Option<u32>,
    /// The headings it stands under, outermost first.
    pub headings: Vec<String>,
}

/// Names a chunk: the same file and ordinal give the same id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChunkId(pub String);

impl Chunk {
    /// The chunk's id, `FILE:ORDINAL`.
    pub fn id(&self) -> ChunkId {
        ChunkId(format!("{}:{}", self.file_id, self.ordinal))
    }
}
