//! Word of new work and of finished files.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use transom_domain::FileId;

/// How many finished files a slow listener may fall behind; past that it looks for itself.
const BACKLOG: usize = 256;

/// Wakes workers when there is work, and waiters when a file is finished. Cheap to clone; clones are one.
///
/// Only this process is reached. Work that another one leaves or finishes is noticed by looking now and then.
#[derive(Clone, Debug)]
pub struct Signals {
    work: Arc<Notify>,
    finished: broadcast::Sender<FileId>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { work: Arc::default(), finished: broadcast::Sender::new(BACKLOG) }
    }
}

impl Signals {
    /// Says that a job was left.
    pub fn work(&self) {
        self.work.notify_one();
    }

    /// Waits for [`Signals::work`]; one that was said before is not lost.
    pub(super) async fn worked(&self) {
        self.work.notified().await;
    }

    /// Says that a file's processing has ended, or that the file is gone.
    pub(super) fn finished(&self, file: &FileId) {
        // Nobody listening is no failure.
        let _ = self.finished.send(file.clone());
    }

    /// Hears of files that finish from now on.
    pub fn listen(&self) -> Finished {
        Finished(self.finished.subscribe())
    }
}

/// Hears of finished files.
pub struct Finished(broadcast::Receiver<FileId>);

impl Finished {
    /// Returns when the file may have changed: it was named, something was missed, or `at_most` passed.
    pub async fn wait_for(&mut self, file: &FileId, at_most: Duration) {
        let named = async {
            loop {
                match self.0.recv().await {
                    Ok(finished) if finished == *file => return,
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(_)) => return,
                    // The sender lives as long as any clone of the signals; without one there is only the clock.
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = tokio::time::timeout(at_most, named).await;
    }
}
