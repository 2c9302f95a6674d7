//! How far a file is on its way through the pipeline, and how long each stage took.

use std::time::{Duration, Instant};

use serde::Serialize;
use transom_domain::FileId;
use transom_index::Step;

use super::Signals;

/// What a worker is doing with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Bytes become text.
    Reading,
    /// Text becomes chunks.
    Splitting,
    /// Chunks become vectors.
    Embedding,
    /// Vectors are stored.
    Storing,
}

/// How far the work on a file has come. It is known to the process that does the work, while it does it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Chunks that have vectors.
    pub embedded: usize,
    /// Chunks there are; 0 until they are known.
    pub chunks: usize,
}

impl Progress {
    /// The share of the work that is done, from 0 to 1. It never goes back while one try lasts. Embedding is most of the work wherever
    /// a model does it, so it has most of the scale.
    pub fn share(&self) -> f64 {
        match self.stage {
            Stage::Reading => 0.0,
            Stage::Splitting => 0.1,
            Stage::Embedding if self.chunks == 0 => 0.1,
            Stage::Embedding => 0.1 + 0.85 * (self.embedded.min(self.chunks) as f64 / self.chunks as f64),
            Stage::Storing => 0.95,
        }
    }
}

/// One file's way through the pipeline.
pub(super) struct Way {
    signals: Signals,
    file: FileId,
    progress: Progress,
    since: Instant,
    spent: [Duration; 4],
}

impl Way {
    /// A way that begins with reading.
    pub(super) fn begin(signals: Signals, file: FileId) -> Self {
        let progress = Progress { stage: Stage::Reading, embedded: 0, chunks: 0 };
        signals.progress(&file, progress);
        Self { signals, file, progress, since: Instant::now(), spent: [Duration::ZERO; 4] }
    }

    /// The index is so far.
    pub(super) fn reach(&mut self, step: Step) {
        self.leave();
        self.progress = match step {
            Step::Splitting => Progress { stage: Stage::Splitting, ..self.progress },
            Step::Embedding { done, chunks } => Progress { stage: Stage::Embedding, embedded: done, chunks },
            Step::Storing => Progress { stage: Stage::Storing, ..self.progress },
        };
        self.signals.progress(&self.file, self.progress);
    }

    /// The end, for the log: where the time went.
    pub(super) fn end(mut self) {
        self.leave();
        let [read, split, embed, store] = self.spent.map(|spent| u64::try_from(spent.as_millis()).unwrap_or(u64::MAX));
        tracing::info!(
            file = %self.file, chunks = self.progress.chunks, read_ms = read, split_ms = split, embed_ms = embed, store_ms = store,
            "a file is completed"
        );
    }

    fn leave(&mut self) {
        let now = Instant::now();
        self.spent[self.progress.stage as usize] += now - self.since;
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_only_grows() {
        let at = |stage, embedded, chunks| Progress { stage, embedded, chunks }.share();
        let way = [
            at(Stage::Reading, 0, 0),
            at(Stage::Splitting, 0, 0),
            at(Stage::Embedding, 0, 0),
            at(Stage::Embedding, 0, 10),
            at(Stage::Embedding, 5, 10),
            at(Stage::Embedding, 10, 10),
            at(Stage::Storing, 10, 10),
        ];
        assert!(way.is_sorted() && way[0] == 0.0 && way[6] < 1.0, "{way:?}");
    }
}
