//! The built-in embedding model, in process: all-MiniLM-L6-v2.
//!
//! The weights are part of the binary (see `assets/README.md` for their origin and licence), so that a first start
//! needs neither a network nor another service. [`MiniLm`] is the one type: an [`Embedder`] of 384 dimensions.
//!
//! ```
//! use transom_embed::MiniLm;
//! use transom_llm::{Embedder, Purpose};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), transom_llm::LlmError> {
//! let model = MiniLm::default(); // costs nothing: the model is read at its first use
//! let texts = ["A cat sleeps.", "A kitten naps.", "Taxes are due in May."].map(str::to_owned);
//! let vectors = model.embed(&texts, Purpose::Document).await?;
//! let likeness = |a: usize, b: usize| vectors[a].iter().zip(&vectors[b]).map(|(a, b)| a * b).sum::<f32>();
//! assert_eq!(vectors[0].len(), 384);
//! assert!(likeness(0, 1) > likeness(0, 2));
//! # Ok(())
//! # }
//! ```
//!
//! One thread of its own does all the work, batch by batch, and takes turns between its callers: a question goes
//! before the next batch of a long document, and two documents advance side by side. A caller that is dropped costs at
//! most the batch that is running.
//!
//! Its only error is `LlmError::Internal`: a text that is too long is cut, and nothing else can be wrong with one.
//!
//! It knows nothing of files, chunks or the store, and reads no model from disk.

mod engine;
mod queue;
mod worker;

use std::time::Duration;

use async_trait::async_trait;
use transom_domain::Fingerprint;
use transom_llm::{Embedder, LlmError, Purpose};

use worker::Worker;

/// Numbers in a vector.
pub const DIMENSION: usize = 384;

/// Tokens that the model reads of a text; what is beyond is cut.
pub const MAX_TOKENS: usize = 256;

/// Model, weights, pooling and cut: whatever changes vectors is named here.
const FINGERPRINT: &str = "all-MiniLM-L6-v2/int8/mean/256";

/// How the model runs. Nothing here changes the vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MiniLmSettings {
    /// Threads that compute; 0 means one for each core.
    pub threads: usize,
    /// Texts that are computed together, at most.
    pub batch_size: usize,
    /// Tokens that are computed together, at most: a bound on memory, and on how long a question waits for a document.
    pub batch_tokens: usize,
    /// How long the model stays in memory when nobody needs it.
    pub keep: Duration,
}

impl Default for MiniLmSettings {
    fn default() -> Self {
        Self { threads: 0, batch_size: 32, batch_tokens: 4 * MAX_TOKENS, keep: Duration::from_secs(10 * 60) }
    }
}

/// all-MiniLM-L6-v2 as an [`Embedder`].
///
/// Vectors agree with the original model's to a cosine of 0.999. Texts and questions are embedded alike.
pub struct MiniLm {
    fingerprint: Fingerprint,
    worker: Worker,
}

impl Default for MiniLm {
    /// The model with [`MiniLmSettings::default`].
    fn default() -> Self {
        Self::new(MiniLmSettings::default())
    }
}

impl MiniLm {
    /// The model, not yet read: its first use does that, in about a tenth of a second, and so does the first after a long pause.
    pub fn new(settings: MiniLmSettings) -> Self {
        Self { fingerprint: Fingerprint(FINGERPRINT.to_owned()), worker: Worker::new(settings) }
    }
}

#[async_trait]
impl Embedder for MiniLm {
    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    async fn dimension(&self) -> Result<usize, LlmError> {
        Ok(DIMENSION)
    }

    /// It was trained on English alone.
    fn knows(&self, language: &str) -> bool {
        language == "eng"
    }

    async fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, LlmError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let vectors = self.worker.embed(texts.to_vec(), purpose).await;
        vectors.map_err(|error| LlmError::Internal(format!("the built-in embedding model failed: {error}")))
    }
}
