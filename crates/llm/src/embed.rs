//! Embedders: texts in, vectors out.

use async_trait::async_trait;
use transom_domain::Fingerprint;

use crate::LlmError;

/// What a text is embedded for. Some models want a different prefix for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be found.
    Document,
    /// To find with.
    Query,
}

/// An embedding model.
///
/// Every implementation owes this: as many vectors as texts, in their order, all of [`Embedder::dimension`] numbers,
/// of length 1 (or all zeros, where it sees nothing in a text); a text longer than the model can read is cut, never refused; an empty list costs nothing.
#[async_trait]
pub trait Embedder: Send + Sync + 'static {
    /// Names the model and every setting that changes its vectors.
    fn fingerprint(&self) -> &Fingerprint;

    /// Numbers in a vector. May ask the model once.
    async fn dimension(&self) -> Result<usize, LlmError>;

    /// Whether its vectors say what a text in this language (ISO 639-3) is about. Where they do not, texts are found by their words.
    fn knows(&self, _language: &str) -> bool {
        true
    }

    /// Embeds `texts`.
    async fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, LlmError>;
}
