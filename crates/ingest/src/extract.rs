//! From a file's bytes to its text.

mod codepage;
mod csv;
mod epub;
mod html;
mod json;
mod mail;
mod markup;
mod message;
mod nodes;
mod notebook;
mod office;
mod opendocument;
mod outlook;
mod packed_rtf;
mod pdf;
mod plain;
mod rtf;
mod sheet;
mod workbook;
mod xml;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use transom_domain::{Page, Text};

pub use self::pdf::{Pdf, PdfEngine};
use crate::media::{MediaType, sniff};
use crate::{container, decode, mojibake};

/// What is known of a file before it is read.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// The name that the sender gave it; a path is no harm.
    pub filename: &'a str,
    /// What the sender says that it is.
    pub content_type: Option<&'a str>,
}

impl Input<'_> {
    /// The encoding that the sender names.
    fn charset(&self) -> Option<&str> {
        self.content_type?.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
        })
    }
}

/// Why a file gave no text, in a sentence for the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// The file is fine, but no text is in it.
    #[error("There is no text in this file{}", hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_else(|| ".".into()))]
    Empty {
        /// The likely reason, as the rest of the sentence.
        hint: Option<Cow<'static, str>>,
    },
    /// The file is damaged, or locked.
    #[error("{reason}")]
    Unreadable {
        /// What is wrong with it, as a sentence.
        reason: String,
    },
    /// Nobody here reads such files.
    #[error("This file is {}, and text cannot be read from such files.", media.describe())]
    Unsupported {
        /// What it is.
        media: MediaType,
    },
    /// The file is larger than what is read.
    #[error("This file is too large to be read: {megabytes} MB are the most.")]
    TooLarge {
        /// The limit in megabytes of a million bytes.
        megabytes: usize,
    },
    /// Its text is longer than what is kept of one file.
    #[error("There is more text in this file than is read: {megabytes} MB are the most.")]
    TooLong {
        /// The limit in megabytes of a million bytes.
        megabytes: usize,
    },
    /// Reading it takes more memory than there is for one file.
    #[error("Reading this file takes more memory than one file may: {megabytes} MB are the most.")]
    TooCostly {
        /// The limit in megabytes of a million bytes.
        megabytes: usize,
    },
    /// Reading it takes longer than one file may.
    #[error("Reading this file takes longer than one file may: {seconds} seconds of processor time are the most.")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
    /// Reading it ended the process that read it.
    #[error("This file is damaged, or made in a way that ends whatever reads it.")]
    Crashed,
    /// It was not read to the end through no fault of its own: reading it again may succeed.
    #[error("This file could not be read now: {reason}.")]
    Interrupted {
        /// What was in the way, as the rest of the sentence.
        reason: Cow<'static, str>,
    },
}

/// Reads some kinds of files.
///
/// What an implementation panics about becomes an error. It gives clean text: `\n` line ends, no control characters,
/// pages in order.
pub trait Extractor: Send + Sync + 'static {
    /// Whether files of this kind are its business.
    fn takes(&self, media: MediaType) -> bool;

    /// The text of `input`. Blocks.
    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError>;
}

/// So much of a file is read at most, in megabytes of a million bytes.
const LIMIT: usize = 256;

/// An extractor for each kind of file.
pub struct Extractors {
    extractors: Vec<Box<dyn Extractor>>,
    megabytes: usize,
}

impl Extractors {
    /// Every format that is known here.
    pub fn standard() -> Self {
        Self::nested(message::DEPTH)
    }

    /// The same, with so many messages within messages.
    fn nested(depth: usize) -> Self {
        let extractors: Vec<Box<dyn Extractor>> = vec![
            Box::new(pdf::Pdf::default()),
            Box::new(office::Office),
            Box::new(workbook::Workbook),
            Box::new(opendocument::OpenDocument),
            Box::new(epub::Epub),
            Box::new(rtf::Rtf),
            Box::new(mail::Mail { depth }),
            Box::new(outlook::Outlook { depth }),
            Box::new(html::Html),
            Box::new(csv::Csv),
            Box::new(notebook::Notebook),
            Box::new(json::Json),
            Box::new(xml::Xml),
            Box::new(plain::Plain),
        ];
        Self { extractors, megabytes: LIMIT }
    }

    /// Adds an extractor, which goes before those that are there. It is not asked about files within files.
    #[must_use]
    pub fn with(mut self, extractor: Box<dyn Extractor>) -> Self {
        self.extractors.insert(0, extractor);
        self
    }

    /// Reads files of so many megabytes (of a million bytes) at most, unpacked ones too.
    #[must_use]
    pub fn with_limit(mut self, megabytes: usize) -> Self {
        self.megabytes = megabytes;
        self
    }

    /// Whether a file of so many bytes is read at all: to be asked before it is fetched.
    ///
    /// # Errors
    ///
    /// [`ExtractError::TooLarge`] where it is not.
    pub fn check_size(&self, bytes: u64) -> Result<(), ExtractError> {
        let most = (self.megabytes as u64).saturating_mul(1_000_000);
        if bytes > most { Err(ExtractError::TooLarge { megabytes: self.megabytes }) } else { Ok(()) }
    }

    /// The text of `input`: clean, repaired, and not empty. Blocks; wants a stack of some megabytes.
    ///
    /// # Errors
    ///
    /// One for each reason why there is no text; its words are for the person who sent the file.
    pub fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        self.check_size(input.bytes.len() as u64)?;
        if input.bytes.trim_ascii().is_empty() {
            return Err(ExtractError::Empty { hint: Some("it is empty.".into()) });
        }
        let media = sniff(input);
        let Some(extractor) = self.extractors.iter().find(|extractor| extractor.takes(media)) else {
            return Err(match media {
                MediaType::Image => ExtractError::Empty { hint: Some("it is an image, and images hold no text.".into()) },
                media => ExtractError::Unsupported { media },
            });
        };
        if media.is_zip(input.bytes) {
            container::guard(input.bytes, self.megabytes as u64 * 1_000_000, media)?;
        }
        let text = catch_unwind(AssertUnwindSafe(|| extractor.extract(input))).unwrap_or_else(|_| {
            tracing::warn!(?media, bytes = input.bytes.len(), "a parser panicked on a file");
            Err(ExtractError::Unreadable { reason: "This file is damaged, or made in a way that cannot be read.".into() })
        })?;
        if text.text.trim().is_empty() {
            return Err(ExtractError::Empty { hint: None });
        }
        Ok(finished(text))
    }
}

/// The text, where it was once decoded wrongly as it was meant, without the control characters that damage leaves.
fn finished(text: Text) -> Text {
    let damage = mojibake::Damage::of(&text.text);
    if damage.is_none() && !decode::has_controls(&text.text) {
        return text;
    }
    let finish = |part: &str| match &damage {
        Some(damage) => decode::without_controls(&damage.repair(part)),
        None => decode::without_controls(part),
    };
    let mut out = Text { text: String::with_capacity(text.text.len()), pages: Vec::with_capacity(text.pages.len()) };
    let mut done = 0;
    for page in text.pages {
        let start = text.text.floor_char_boundary(page.start).max(done);
        out.text.push_str(&finish(&text.text[done..start]));
        out.pages.push(Page { start: out.text.len(), ..page });
        done = start;
    }
    out.text.push_str(&finish(&text.text[done..]));
    out
}

/// A text without pages.
fn unpaged(text: String) -> Text {
    Text { text, pages: Vec::new() }
}
