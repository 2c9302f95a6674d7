//! Tasks that run beside requests, and what happens when one panics.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

/// How long a task that panicked stays down: one that panics at once must not take a processor.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs `work` to its end. Where it panics, that is logged and it is started again after a moment.
///
/// For every task that has to run as long as the server: a task that nobody awaits would otherwise end without a word.
pub async fn restarted<T, F: Future<Output = T>>(name: &'static str, mut work: impl FnMut() -> F) -> T {
    loop {
        // Whatever the panic left half done belongs to the future that is dropped here; the next one begins anew.
        match AssertUnwindSafe(work()).catch_unwind().await {
            Ok(done) => return done,
            Err(_panic) => tracing::error!(task = name, "a background task panicked; it is started again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_started_again_until_it_ends() {
        let tries = AtomicUsize::new(0);
        let done = restarted("test", || async {
            let before = tries.fetch_add(1, Ordering::Relaxed);
            assert!(before >= 1, "the first try fails");
            "done"
        });
        assert_eq!((done.await, tries.load(Ordering::Relaxed)), ("done", 2));
    }
}
