//! The pdf_oxide crate. It can loop without end on damaged files, which only a limit on the process stops. So it is not asked
//! for what the other engine knows, and not at all about pages that hold each other.

use std::collections::HashSet;

use pdf_oxide::document::PdfDocument;
use pdf_oxide::error::Error;
use pdf_oxide::object::{Object, ObjectRef};

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
    if is_in_a_circle(&document) {
        return Err(Refusal::Damaged);
    }
    Ok(Box::new(Oxide { document }))
}

/// Whether something in the tree of pages holds itself, or is held twice: the crate would count such pages by two to the fiftieth.
fn is_in_a_circle(document: &PdfDocument) -> bool {
    let kid = |node: &Object, key: &str| node.as_dict()?.get(key)?.as_reference();
    let mut seen: HashSet<ObjectRef> = HashSet::new();
    let mut waiting: Vec<ObjectRef> = document.catalog().ok().and_then(|catalog| kid(&catalog, "Pages")).into_iter().collect();
    while let Some(next) = waiting.pop() {
        if !seen.insert(next) {
            return true;
        }
        let Ok(node) = document.load_object(next) else { continue };
        let kids = node.as_dict().and_then(|node| node.get("Kids")).and_then(Object::as_array);
        waiting.extend(kids.into_iter().flatten().filter_map(Object::as_reference));
    }
    false
}

impl OpenPdf for Oxide {
    fn pages(&self) -> usize {
        self.document.page_count().unwrap_or(0)
    }

    fn page(&mut self, index: usize) -> Option<String> {
        self.document.extract_text(index).ok()
    }
}
