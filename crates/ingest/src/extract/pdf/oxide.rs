//! The pdf_oxide crate. It can loop without end on damaged files, which only a limit on the process stops.

use pdf_oxide::document::PdfDocument;
use pdf_oxide::error::Error;

use super::engine::{OpenPdf, Opened, Refusal};

struct Oxide {
    document: PdfDocument,
    pages: usize,
}

pub(super) fn open(bytes: &[u8]) -> Result<Opened<'_>, Refusal> {
    let refused = |error| match error {
        Error::EncryptedPdf => Refusal::Locked,
        _ => Refusal::Damaged,
    };
    let document = PdfDocument::from_bytes(bytes.to_vec()).map_err(refused)?;
    if document.is_encrypted() && !matches!(document.authenticate(b""), Ok(true)) {
        return Err(Refusal::Locked);
    }
    let pages = document.page_count().map_err(refused)?;
    Ok(Box::new(Oxide { document, pages }))
}

impl OpenPdf for Oxide {
    fn pages(&self) -> usize {
        self.pages
    }

    fn page(&mut self, index: usize) -> Option<String> {
        self.document.extract_text(index).ok()
    }
}
