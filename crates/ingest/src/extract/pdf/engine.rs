//! What reads the pages of a PDF.

use super::outline::Title;

/// A parser of PDF. They are good at different files, so that one stands in for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PdfEngine {
    /// The pdf-extract crate.
    PdfExtract,
    /// The pdf_oxide crate.
    #[cfg(feature = "pdf-oxide")]
    PdfOxide,
}

/// A file that an engine has opened. It may panic.
pub(super) trait OpenPdf {
    /// How many pages there are.
    fn pages(&self) -> usize;

    /// The text of the page with that index, from 0; nothing where it cannot be read.
    fn page(&mut self, index: usize) -> Option<String>;

    /// The titles of its outline by their pages, as far as the engine knows.
    fn titles(&self) -> Vec<Title> {
        Vec::new()
    }
}

pub(super) type Opened<'a> = Box<dyn OpenPdf + 'a>;

/// Why an engine does not open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It asks for a password.
    Locked,
    /// It cannot be understood.
    Damaged,
}

impl PdfEngine {
    /// All of them, the best first.
    pub const ALL: &'static [Self] = &[
        Self::PdfExtract,
        #[cfg(feature = "pdf-oxide")]
        Self::PdfOxide,
    ];

    pub(super) fn open(self, bytes: &[u8]) -> Result<Opened<'_>, Refusal> {
        match self {
            Self::PdfExtract => super::plain::open(bytes),
            #[cfg(feature = "pdf-oxide")]
            Self::PdfOxide => super::oxide::open(bytes),
        }
    }
}
