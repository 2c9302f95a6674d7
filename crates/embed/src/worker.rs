//! The thread that computes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use tokio::sync::oneshot;
use transom_llm::Purpose;

use crate::MiniLmSettings;
use crate::engine::{Engine, EngineError};
use crate::queue::{Job, Queue};

/// Hands texts to the computing thread, which starts with the first of them and ends with this.
pub(crate) struct Worker {
    settings: MiniLmSettings,
    jobs: OnceLock<Result<Sender<Job>, EngineError>>,
}

impl Worker {
    pub(crate) fn new(settings: MiniLmSettings) -> Self {
        Self { settings, jobs: OnceLock::new() }
    }

    pub(crate) async fn embed(&self, texts: Vec<String>, purpose: Purpose) -> Result<Vec<Vec<f32>>, EngineError> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.get_or_init(|| start(self.settings.clone())).as_ref().map_err(Clone::clone)?;
        jobs.send(Job::new(texts, purpose, reply)).map_err(|_| EngineError::Gone)?;
        answer.await.map_err(|_| EngineError::Gone)?
    }
}

fn start(settings: MiniLmSettings) -> Result<Sender<Job>, EngineError> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name("embed".into());
    thread.spawn(move || again_after_panics(|| serve(&settings, &receiver))).map_err(|e| EngineError::Load(e.to_string()))?;
    Ok(sender)
}

/// Runs `serve` until it returns. A panic fails the calls that wait and no later ones: without this thread there would be no embedding.
fn again_after_panics(mut serve: impl FnMut()) {
    while catch_unwind(AssertUnwindSafe(&mut serve)).is_err() {
        tracing::error!("the thread of the built-in embedding model panicked; it goes on with the next call");
    }
}

/// Serves until the last sender is gone. The model is read for the first job, and let go when none has come for a while.
fn serve(settings: &MiniLmSettings, jobs: &Receiver<Job>) {
    step_back();
    let mut queue = Queue::default();
    let mut loaded = None;
    loop {
        if queue.is_empty() {
            let next = match loaded {
                Some(_) => jobs.recv_timeout(settings.keep),
                None => jobs.recv().map_err(RecvTimeoutError::from),
            };
            match next {
                Ok(job) => queue.push(job),
                Err(RecvTimeoutError::Timeout) => {
                    loaded = None;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        jobs.try_iter().for_each(|job| queue.push(job));
        let Some(mut job) = queue.pop() else { continue };
        let engine = loaded.get_or_insert_with(|| load(settings));
        match engine.as_ref().map_err(Clone::clone).and_then(|engine| catch(|| step(engine, settings, &mut job))) {
            Ok(()) if !job.is_done() => queue.push(job),
            outcome => job.finish(outcome.err()),
        }
    }
}

fn load(settings: &MiniLmSettings) -> Result<Engine, EngineError> {
    let started = std::time::Instant::now();
    let engine = catch(|| Engine::load(settings.threads));
    match &engine {
        Ok(_) => tracing::info!(milliseconds = started.elapsed().as_millis(), "the built-in embedding model is loaded"),
        Err(error) => tracing::error!(%error, "the built-in embedding model cannot be used"),
    }
    engine
}

/// Computes one batch of `job`.
fn step(engine: &Engine, settings: &MiniLmSettings, job: &mut Job) -> Result<(), EngineError> {
    let (indices, batch) = job.next_batch(settings, |text| engine.tokens(text))?;
    let vectors = engine.run(&batch)?;
    job.keep(indices, vectors);
    Ok(())
}

/// A panic in a library becomes this call's error; the thread lives on.
fn catch<T>(work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(EngineError::Run("a library panicked".into())))
}

/// Lets the threads that answer requests go first where cores are short. On Linux niceness belongs to a thread, and the
/// computing threads inherit it from this one.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(5) {
        tracing::debug!(%error, "the embedding threads keep their priority");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_serves_the_calls_after_a_panic() {
        let (sender, calls) = channel();
        (0..3).for_each(|call| sender.send(call).expect("somebody listens"));
        drop(sender);
        let mut served = Vec::new();
        again_after_panics(|| {
            for call in calls.iter() {
                assert_ne!(call, 1, "this call panics");
                served.push(call);
            }
        });
        assert_eq!(served, [0, 2]);
    }
}
