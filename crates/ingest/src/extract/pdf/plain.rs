//! The pdf-extract crate. It panics on what it does not expect, such as the predefined encodings of East Asian fonts.

use pdf_extract::{Document, PlainTextOutput, output_doc_page};

use super::engine::{OpenPdf, Opened, Refusal};
use super::outline::{self, Title};

struct Plain {
    document: Document,
    numbers: Vec<u32>,
}

pub(super) fn open(bytes: &[u8]) -> Result<Opened<'_>, Refusal> {
    let mut document = Document::load_mem(bytes).map_err(|_| Refusal::Damaged)?;
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(Refusal::Locked);
    }
    let numbers = document.get_pages().into_keys().collect();
    Ok(Box::new(Plain { document, numbers }))
}

impl OpenPdf for Plain {
    fn pages(&self) -> usize {
        self.numbers.len()
    }

    fn page(&mut self, index: usize) -> Option<String> {
        let number = *self.numbers.get(index)?;
        if self.has_foreign_fonts(number) {
            return None;
        }
        let mut text = String::new();
        let mut output = PlainTextOutput::new(&mut text);
        output_doc_page(&self.document, &mut output, number).ok()?;
        Some(text)
    }

    fn titles(&self) -> Vec<Title> {
        outline::titles(&self.document)
    }
}

impl Plain {
    /// Whether a page has composite fonts in predefined encodings, about which the crate panics, or such that do not say
    /// what their glyphs mean, which it leaves out without a word.
    fn has_foreign_fonts(&self, number: u32) -> bool {
        let fonts = self.document.get_pages().get(&number).and_then(|&page| self.document.get_page_fonts(page).ok());
        fonts.is_some_and(|fonts| {
            fonts.values().any(|font| {
                let name = |key: &[u8]| font.get_deref(key, &self.document).and_then(pdf_extract::Object::as_name).unwrap_or_default();
                let foreign = !matches!(name(b"Encoding"), b"" | b"Identity-H" | b"Identity-V");
                name(b"Subtype") == b"Type0" && (foreign || !font.has(b"ToUnicode"))
            })
        })
    }
}
