//! Bytes in, chunks out: recognises a file, extracts its text and splits it.
//!
//! ```
//! use transom_ingest::{Extractors, Input, SplitConfig, Splitter};
//!
//! let input = Input { bytes: b"# Notes\n\nA transom is a window.", filename: "notes.md", content_type: None };
//! let text = Extractors::standard().extract(&input)?;
//! let pieces = Splitter::new(SplitConfig::default())?.split(&text);
//! assert_eq!(pieces[0].headings, ["Notes"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`sniff`] says what a file is, by its content before its name. [`Extractors`] holds an [`Extractor`] for each kind of
//! file; more can be added. [`Splitter`] cuts the text into [`Piece`]s as LangChain's splitters do, which Open WebUI
//! uses, so that the same document gives the same pieces in both.
//!
//! Everything here blocks and computes: call it from a thread made for that, with a stack of some megabytes, because
//! parsers of foreign documents recurse. A parser that panics becomes an error; one that never ends is not stopped.
//! [`Reader`] is the port for those who want that done elsewhere and waited for: [`InProcess`] does it on a thread, for tests and for
//! one's own files, `transom-sandbox` in a process that can hurt nobody.
//!
//! An [`ExtractError`] says what is wrong with the document, in words for whoever sent it. Sizes and offsets are in characters in a
//! [`Piece`], in bytes in a `Text`'s pages.
//!
//! It knows neither HTTP nor SQL, neither users nor where files are kept.

mod container;
mod decode;
mod extract;
mod in_process;
mod media;
mod mojibake;
mod reader;
mod split;

pub use extract::{ExtractError, Extractor, Extractors, Input, Pdf, PdfEngine};
pub use in_process::InProcess;
pub use media::{MediaType, sniff};
pub use reader::{Document, Reader};
pub use split::{Piece, SplitBy, SplitConfig, SplitError, Splitter};
