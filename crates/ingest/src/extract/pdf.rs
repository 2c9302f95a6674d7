//! PDF, page by page, under the titles of its outline.

mod engine;
mod headings;
mod outline;
#[cfg(feature = "pdf-oxide")]
mod oxide;
mod page;
mod plain;

use std::panic::{AssertUnwindSafe, catch_unwind};

use transom_domain::{Page, Text};

use super::{ExtractError, Extractor, Input};
use crate::decode;
use crate::media::MediaType;
pub use engine::PdfEngine;
use engine::{Opened, Refusal};
use outline::Title;

/// So many pages are read at most, whatever a file claims to have.
const PAGES: usize = 100_000;

/// So many pages in a row may give nothing before the file is given up.
const PATIENCE: usize = 50;

/// PDF. One engine leads; for each page that it cannot read well the other is asked, and the better text is kept.
#[derive(Clone, Debug)]
pub struct Pdf {
    engines: Vec<PdfEngine>,
}

impl Default for Pdf {
    /// Every engine that this build has, the best first.
    fn default() -> Self {
        Self { engines: PdfEngine::ALL.to_vec() }
    }
}

impl Pdf {
    /// Reads with these engines, the first of which leads.
    pub fn with(engines: impl IntoIterator<Item = PdfEngine>) -> Self {
        Self { engines: engines.into_iter().collect() }
    }
}

impl Extractor for Pdf {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Pdf
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let mut readers: Vec<Reader<'_>> = self.engines.iter().map(|&engine| Reader::new(engine, input.bytes)).collect();
        let pages = readers.iter_mut().map(Reader::pages).find(|&pages| pages > 0).unwrap_or(0);
        if pages == 0 {
            return Err(refusal(&readers));
        }
        let titles = readers.iter_mut().map(Reader::titles).find(|titles| !titles.is_empty()).unwrap_or_default();
        let (mut text, mut failed, mut in_a_row) = (Text::default(), 0usize, 0usize);
        for index in 0..pages.min(PAGES) {
            match best(&mut readers, index) {
                Some(page) if !page.trim().is_empty() => {
                    in_a_row = 0;
                    let here = titles.partition_point(|title| title.page < index)..titles.partition_point(|title| title.page <= index);
                    append(&mut text, index, &headings::mark(&page, &titles[here]));
                    continue;
                }
                Some(_) => {}
                None => failed += 1,
            }
            in_a_row += 1;
            if in_a_row >= PATIENCE && text.text.is_empty() && failed == in_a_row {
                break;
            }
        }
        if failed > 0 {
            tracing::warn!(failed, pages, "some pages of a PDF could not be read");
        }
        match (text.text.is_empty(), failed) {
            (true, 1..) => Err(unreadable("The pages of this PDF are written in a way that cannot be read.")),
            // What only one engine makes sense of, and finds nothing in, is damaged rather than scanned.
            (true, 0) if readers.iter().any(|reader| matches!(reader.opened, Some(Err(_)))) => Err(refusal(&readers)),
            (true, 0) => Err(ExtractError::Empty { hint: Some("its pages are probably scanned images.".into()) }),
            (false, _) => Ok(text),
        }
    }
}

/// An engine that opens the file when it is first asked.
struct Reader<'a> {
    engine: PdfEngine,
    bytes: &'a [u8],
    opened: Option<Result<Opened<'a>, Refusal>>,
}

impl<'a> Reader<'a> {
    fn new(engine: PdfEngine, bytes: &'a [u8]) -> Self {
        Self { engine, bytes, opened: None }
    }

    fn open(&mut self) -> Option<&mut Opened<'a>> {
        let (engine, bytes) = (self.engine, self.bytes);
        self.opened.get_or_insert_with(|| guarded(|| engine.open(bytes)).unwrap_or(Err(Refusal::Damaged))).as_mut().ok()
    }

    fn pages(&mut self) -> usize {
        self.open().and_then(|opened| guarded(|| opened.pages())).unwrap_or(0)
    }

    fn titles(&mut self) -> Vec<Title> {
        self.open().and_then(|opened| guarded(|| opened.titles())).unwrap_or_default()
    }

    fn page(&mut self, index: usize) -> Option<String> {
        let opened = self.open()?;
        let page = guarded(|| opened.page(index)).flatten()?;
        Some(page::tidy(&decode::clean(&page)))
    }
}

/// What `work` gives, unless it panics.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// The first text of a page that is good, or the best of them all; nothing where every engine fails.
fn best(readers: &mut [Reader<'_>], index: usize) -> Option<String> {
    let mut best: Option<String> = None;
    for reader in readers {
        let Some(page) = reader.page(index) else { continue };
        if page::is_good(&page) {
            return Some(page);
        }
        if best.as_ref().is_none_or(|best| page::worth(best) < page::worth(&page)) {
            best = Some(page);
        }
    }
    best
}

fn refusal(readers: &[Reader<'_>]) -> ExtractError {
    if readers.iter().any(|reader| matches!(reader.opened, Some(Err(Refusal::Locked)))) {
        return unreadable("This PDF is locked with a password.");
    }
    unreadable("This PDF is damaged and cannot be read.")
}

fn unreadable(reason: &str) -> ExtractError {
    ExtractError::Unreadable { reason: reason.into() }
}

/// Adds the page with that index.
fn append(text: &mut Text, index: usize, page: &str) {
    if !text.text.is_empty() {
        text.text.push_str("\n\n");
    }
    let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
    text.pages.push(Page { number, start: text.text.len(), goes_on: true });
    text.text.push_str(page);
}
