//! Reading files on a thread of this process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use transom_domain::Text;

use crate::{Document, ExtractError, Extractors, Input, Reader};

/// Reads files in this process: for tests, and for those who trust their files.
///
/// A file can take all of the process's memory, and one that overruns its time keeps its thread.
#[derive(Clone)]
pub struct InProcess {
    extractors: Arc<Extractors>,
    deadline: Duration,
}

impl InProcess {
    /// With these extractors; a file is given up after `deadline`.
    pub fn new(extractors: Extractors, deadline: Duration) -> Self {
        Self { extractors: Arc::new(extractors), deadline }
    }
}

impl Default for InProcess {
    fn default() -> Self {
        Self::new(Extractors::standard(), Duration::from_secs(60))
    }
}

#[async_trait]
impl Reader for InProcess {
    async fn read(&self, document: Document) -> Result<Text, ExtractError> {
        let Document { bytes, size, filename, content_type } = document;
        self.extractors.check_size(size)?;
        let gathered = bytes.try_fold(Vec::new(), async |mut all, piece| {
            all.extend_from_slice(&piece);
            Ok(all)
        });
        let gathered = gathered.await.map_err(|reason| {
            tracing::error!(%reason, "the bytes of a file could not be read");
            ExtractError::Interrupted { reason: "its stored bytes could not be read".into() }
        })?;
        let extractors = self.extractors.clone();
        let reading = tokio::task::spawn_blocking(move || {
            extractors.extract(&Input { bytes: &gathered, filename: &filename, content_type: content_type.as_deref() })
        });
        match tokio::time::timeout(self.deadline, reading).await {
            Ok(Ok(done)) => done,
            Ok(Err(_panic)) => Err(ExtractError::Crashed),
            Err(_elapsed) => Err(ExtractError::TimedOut { seconds: self.deadline.as_secs() }),
        }
    }
}
