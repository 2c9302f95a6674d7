//! Text that people read as it stands.

use transom_domain::Text;

use super::{ExtractError, Extractor, Input, unpaged};
use crate::decode;
use crate::media::MediaType;

/// Markdown, JSON, XML, settings, source code and plain text, as they are.
pub(super) struct Plain;

impl Extractor for Plain {
    fn takes(&self, media: MediaType) -> bool {
        media.is_text()
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        Ok(unpaged(decode::decode(input.bytes, input.charset())))
    }
}
