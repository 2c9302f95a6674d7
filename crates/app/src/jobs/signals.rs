//! Word of new work, of how far it is, and of finished files.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use transom_domain::FileId;

use super::Progress;

/// How many changes a slow listener may fall behind; past that it looks for itself.
const BACKLOG: usize = 256;

/// Wakes workers when there is work, and waiters when a file has come a step further or is finished. Cheap to clone; clones are one.
///
/// Only this process is reached. Work that another one leaves or finishes is noticed by looking now and then.
#[derive(Clone, Debug)]
pub struct Signals {
    work: Arc<Notify>,
    changed: broadcast::Sender<FileId>,
    under_way: Arc<Mutex<HashMap<FileId, Progress>>>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { work: Arc::default(), changed: broadcast::Sender::new(BACKLOG), under_way: Arc::default() }
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

    /// Says how far the work on a file has come.
    pub(super) fn progress(&self, file: &FileId, progress: Progress) {
        self.under_way().insert(file.clone(), progress);
        self.change(file);
    }

    /// Says that a file's processing has ended, or that the file is gone.
    pub(super) fn finished(&self, file: &FileId) {
        self.under_way().remove(file);
        self.change(file);
    }

    /// How far the work on a file has come, where a worker of this process is at it.
    pub fn progress_of(&self, file: &FileId) -> Option<Progress> {
        self.under_way().get(file).copied()
    }

    /// Hears of files that change from now on.
    pub fn listen(&self) -> Changes {
        Changes(self.changed.subscribe())
    }

    fn change(&self, file: &FileId) {
        // Nobody listening is no failure.
        let _ = self.changed.send(file.clone());
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<FileId, Progress>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears of files that came a step further or are finished.
pub struct Changes(broadcast::Receiver<FileId>);

impl Changes {
    /// Returns when the file may have changed: it was named, something was missed, or `at_most` passed.
    pub async fn wait_for(&mut self, file: &FileId, at_most: Duration) {
        let named = async {
            loop {
                match self.0.recv().await {
                    Ok(changed) if changed == *file => return,
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
