//! The port between those who have files and those who read them.

use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use transom_domain::Text;

use crate::ExtractError;

/// A file to be read. Its bytes come in pieces, so that nobody on the way needs to hold all of them.
pub struct Document {
    /// The bytes in order; an error ends them.
    pub bytes: BoxStream<'static, io::Result<Bytes>>,
    /// How many they are.
    pub size: u64,
    /// The name that the sender gave it; a path is no harm.
    pub filename: String,
    /// What the sender says that it is.
    pub content_type: Option<String>,
}

impl Document {
    /// A document that is in memory already.
    pub fn whole(bytes: impl Into<Bytes>, filename: impl Into<String>, content_type: Option<String>) -> Self {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        Self { bytes: stream::iter([Ok(bytes)]).boxed(), size, filename: filename.into(), content_type }
    }
}

/// Reads documents: bytes in, text out.
///
/// Whatever the document is, an implementation answers within a time it has set itself, and harms neither its caller nor
/// other documents that are read meanwhile. What is wrong with the document is an [`ExtractError`] for its sender;
/// [`ExtractError::Interrupted`] says that nothing is known to be wrong with it. Dropping the answer's future ends the work.
#[async_trait]
pub trait Reader: Send + Sync + 'static {
    /// The text of `document`: clean, repaired, and not empty.
    async fn read(&self, document: Document) -> Result<Text, ExtractError>;
}
