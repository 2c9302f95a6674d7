//! One call in a worker, from its beginning to its end, and what becomes of one that is left before.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::protocol::{Call, Failure, Message, Op};
use super::worker::{Worker, lock};

/// A call and what the worker says of it. Dropping it before its end cancels the call.
pub(super) struct Conversation {
    open: Option<Open>,
    limit: Duration,
}

struct Open {
    worker: Arc<Worker>,
    id: u64,
    receiver: mpsc::UnboundedReceiver<Message>,
    until: Instant,
}

impl Conversation {
    /// A call that was put to `worker` as number `id`, of which `receiver` gets what is said, until `limit` has passed.
    pub fn new(worker: Arc<Worker>, id: u64, receiver: mpsc::UnboundedReceiver<Message>, limit: Duration) -> Self {
        Self { open: Some(Open { worker, id, receiver, until: Instant::now() + limit }), limit }
    }

    /// The number that the worker knows the call by.
    pub fn id(&self) -> u64 {
        self.open.as_ref().map_or(u64::MAX, |open| open.id)
    }

    /// The next thing that the worker says; after [`Message::End`] or [`Message::Failed`] nothing more.
    pub async fn next(&mut self) -> Option<Message> {
        let open = self.open.as_mut()?;
        let said = tokio::time::timeout_at(open.until, open.receiver.recv()).await;
        Some(match said {
            Ok(Some(message)) => {
                if matches!(message, Message::End(_)) {
                    self.open = None;
                } else if matches!(message, Message::Failed(_)) {
                    // The function may have ended it, or we, because it said too much; then it still has to be cancelled.
                    self.leave();
                }
                message
            }
            Ok(None) => {
                let reason = lock(&open.worker.inner.reason).clone();
                self.open = None;
                let words = reason.unwrap_or_else(|| "the function's process ended".to_owned());
                Message::Failed(Failure { words, status: 502, line: None })
            }
            Err(_) => {
                self.leave();
                let words = format!("the function did not end within {} s", self.limit.as_secs());
                Message::Failed(Failure { words, status: 504, line: None })
            }
        })
    }

    /// What it has said already; `None` where that is nothing.
    pub fn said(&mut self) -> Option<Message> {
        self.open.as_mut()?.receiver.try_recv().ok()
    }

    /// Waits for the end and leaves out what comes before.
    pub async fn end(&mut self) -> Result<Bytes, Failure> {
        loop {
            match self.next().await {
                Some(Message::End(json)) => return Ok(json),
                Some(Message::Failed(failure)) => return Err(failure),
                Some(_) => {}
                None => return Err(Failure { words: "the call is over".to_owned(), status: 500, line: None }),
            }
        }
    }

    fn leave(&mut self) {
        if let Some(open) = self.open.take() {
            open.leave();
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Open {
    /// Cancels the call, and sees to it that what does not end is ended.
    fn leave(self) {
        let inner = self.worker.inner.clone();
        if let Some(running) = lock(&inner.calls).get_mut(&self.id) {
            running.asked.clear();
        } else {
            return;
        }
        inner.send(&Call { id: self.id, op: Op::Cancel });
        let worker = Arc::downgrade(&self.worker);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(watch(worker, self.receiver, self.until, inner.grace));
        }
    }
}

/// Follows a cancelled call to its end. One that waits for something that cannot be interrupted may take as long as the call
/// could have taken; after that its worker gets no new calls and ends with those that it has. A worker that does not even
/// hear of it holds up every call in it, and is ended.
async fn watch(worker: Weak<Worker>, mut receiver: mpsc::UnboundedReceiver<Message>, until: Instant, grace: Duration) {
    let mut heard = false;
    let until = until.max(Instant::now() + grace);
    let ended = async {
        while let Some(message) = receiver.recv().await {
            match message {
                Message::Heard => heard = true,
                Message::End(_) | Message::Failed(_) => break,
                _ => {}
            }
        }
    };
    if tokio::time::timeout_at(until, ended).await.is_ok() {
        return;
    }
    let Some(worker) = worker.upgrade() else { return };
    if heard {
        worker.inner.retired.store(true, Ordering::Release);
    } else {
        worker.kill("the function's process did not answer any more and was ended");
    }
}
