//! The pdf_oxide crate. It can loop without end on damaged files, when it counts their pages for one, which only a limit
//! on the process stops. So it is not asked for what the other engine knows.

use pdf_oxide::document::PdfDocument;
use pdf_oxide::error::Error;

use super::engine::{OpenPdf, Opened, Refusal};

struct Oxide {
    document: PdfDocument,
}

pub(super) fn open(bytes: &[u8]) -> Result<Opened<'_>, Refusal> {
    let document = PdfDocument::from_bytes(bytes.to_vec()).map_err(|error| match error {
        Error::EncryptedPdf => Refusal::Locked,
        _ => Refusal::Damaged,
    })?;
    if document.is_encrypted() && !matches!(document.authenticate(b""), Ok(true)) {
        return Err(Refusal::Locked);
    }
    Ok(Box::new(Oxide { document }))
}

impl OpenPdf for Oxide {
    fn pages(&self) -> usize {
        self.document.page_count().unwrap_or(0)
    }

    fn page(&mut self, index: usize) -> Option<String> {
        self.document.extract_text(index).ok()
    }
}
