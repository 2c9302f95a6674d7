//! OpenDocument: texts, sheets and slides.

mod walk;

use transom_domain::Text;

use super::markup::Markup;
use super::{ExtractError, Extractor, Input, xml};
use crate::container;
use crate::media::MediaType;
use walk::{Part, walk};

/// ODT, ODS and ODP, packed or as a single XML file.
pub(super) struct OpenDocument;

impl Extractor for OpenDocument {
    fn takes(&self, media: MediaType) -> bool {
        matches!(media, MediaType::Odt | MediaType::Ods | MediaType::Odp)
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let mut out = Markup::default();
        if !input.bytes.starts_with(b"PK") {
            let source = xml::decode(input);
            walk(&source, Part::Body, &mut out)?;
            walk(&source, Part::Margins, &mut out)?;
            return Ok(out.finish());
        }
        let mut archive = container::open_zip(input.bytes)?;
        let damaged = || ExtractError::Unreadable { reason: "This file is damaged: its text is missing.".into() };
        let content = container::entry(&mut archive, "content.xml").ok_or_else(damaged)?;
        walk(&String::from_utf8_lossy(&content), Part::Body, &mut out)?;
        if let Some(styles) = container::entry(&mut archive, "styles.xml") {
            // Without its headers and footers a document is still one.
            let _ = walk(&String::from_utf8_lossy(&styles), Part::Margins, &mut out);
        }
        Ok(out.finish())
    }
}
