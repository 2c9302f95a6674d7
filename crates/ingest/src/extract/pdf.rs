//! PDF, page by page.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Document, PlainTextOutput, output_doc_page};
use transom_domain::{Page, Text};

use super::{ExtractError, Extractor, Input};
use crate::decode;
use crate::media::MediaType;

/// So many pages in a row may fail before the file is given up.
const PATIENCE: usize = 20;

/// PDF. The parser panics on pages that it does not understand; such pages are left out.
pub(super) struct Pdf;

impl Extractor for Pdf {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Pdf
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let document = open(input.bytes)?;
        let numbers: Vec<u32> = document.get_pages().into_keys().collect();
        let (mut text, mut failed, mut in_a_row) = (Text::default(), 0usize, 0usize);
        for &number in &numbers {
            let Some(page) = read_page(&document, number) else {
                failed += 1;
                in_a_row += 1;
                if in_a_row >= PATIENCE && text.text.is_empty() {
                    break;
                }
                continue;
            };
            in_a_row = 0;
            append(&mut text, number, &page);
        }
        if failed > 0 {
            tracing::warn!(failed, pages = numbers.len(), "some pages of a PDF could not be read");
        }
        match (text.text.is_empty(), numbers.len(), failed) {
            (true, 0, _) => Err(unreadable("This PDF is damaged: no pages were found in it.")),
            (true, _, 1..) => Err(unreadable("The pages of this PDF are written in a way that cannot be read.")),
            (true, ..) => Err(ExtractError::Empty { hint: Some("its pages are probably scanned images.".into()) }),
            (false, ..) => Ok(text),
        }
    }
}

fn open(bytes: &[u8]) -> Result<Document, ExtractError> {
    let damaged = || unreadable("This PDF is damaged and cannot be read.");
    let mut document = Document::load_mem(bytes).map_err(|_| damaged())?;
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(unreadable("This PDF is locked with a password."));
    }
    Ok(document)
}

fn unreadable(reason: &str) -> ExtractError {
    ExtractError::Unreadable { reason: reason.into() }
}

/// The text of a page; nothing where the parser fails.
fn read_page(document: &Document, number: u32) -> Option<String> {
    let read = || {
        let mut text = String::new();
        let mut output = PlainTextOutput::new(&mut text);
        output_doc_page(document, &mut output, number).ok()?;
        Some(text)
    };
    catch_unwind(AssertUnwindSafe(read)).ok().flatten()
}

/// Adds a page, where anything stands on it.
fn append(text: &mut Text, number: u32, page: &str) {
    let page = tidy(&decode::clean(page));
    if page.is_empty() {
        return;
    }
    if !text.text.is_empty() {
        text.text.push_str("\n\n");
    }
    text.pages.push(Page { number, start: text.text.len() });
    text.text.push_str(&page);
}

/// One blank line between paragraphs, no space at the ends of lines, ligatures as letters.
fn tidy(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut blank = 0;
    for line in page.lines().map(str::trim_end) {
        if line.trim_start().is_empty() {
            blank += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        blank = 0;
        for c in line.chars() {
            match c {
                'ﬀ' => out.push_str("ff"),
                'ﬁ' => out.push_str("fi"),
                'ﬂ' => out.push_str("fl"),
                'ﬃ' => out.push_str("ffi"),
                'ﬄ' => out.push_str("ffl"),
                '\u{AD}' => {}
                c => out.push(c),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_paragraphs_and_ligatures_are_tidied() {
        assert_eq!(tidy("\n\n\nA ﬁle  \nmore\n\n\n \nnext of\u{AD}fice\n"), "A file\nmore\n\nnext office");
    }

    #[test]
    fn pages_without_text_have_no_mark() {
        let mut text = Text::default();
        for (number, page) in [(1, "é one"), (2, " \n"), (3, "three")] {
            append(&mut text, number, page);
        }
        assert_eq!(text.text, "é one\n\nthree");
        assert_eq!(text.pages, [Page { number: 1, start: 0 }, Page { number: 3, start: 8 }]);
    }
}
