//! The workers that lease jobs and run the pipeline.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_domain::{FileId, FileStatus, WorkerId, now};
use transom_store::StoreError;
use transom_store::jobs::{Job, JobKind};

use super::Pipeline;
use super::pipeline::Trouble;
use super::renewal::{Lost, Renewal};
use crate::background::restarted;

/// How jobs are worked at.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// How many at a time.
    pub workers: usize,
    /// How often a file is tried before it counts as failed. Erasing is tried until it succeeds, and so is all work that a full disk stops.
    pub attempts: u32,
    /// Wait before the second try; doubled for each further one, up to five minutes.
    pub backoff: Duration,
    /// How long a job is held without a sign of life.
    pub lease: Duration,
    /// How often idle workers look for work that nobody told them of.
    pub poll: Duration,
    /// Whether no other process works on this database. Then the leases of an earlier run are freed at start; otherwise they run out.
    pub alone: bool,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            workers: 4,
            attempts: 5,
            backoff: Duration::from_secs(2),
            lease: Duration::from_secs(60),
            poll: Duration::from_secs(2),
            alone: false,
        }
    }
}

/// Running workers. Dropped without [`Workers::stop`], they are told to stop but not waited for.
pub struct Workers {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Workers {
    /// Starts; first frees the leases of an earlier run, where they can be nobody else's.
    ///
    /// # Errors
    /// Where the store cannot be asked.
    pub async fn start(pipeline: Pipeline, config: WorkerConfig) -> Result<Self, crate::Error> {
        let freed = if config.alone { pipeline.store.release_jobs().await? } else { 0 };
        if freed > 0 {
            tracing::info!(jobs = freed, "resuming work that an earlier run left");
        }
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        for _ in 0..config.workers.max(1) {
            let worker = Worker { id: WorkerId::random(), pipeline: pipeline.clone(), config: config.clone(), stop: stop.clone() };
            tasks.spawn(async move { restarted("worker", || worker.run()).await });
        }
        tasks.close();
        Ok(Self { stop, tasks })
    }

    /// Stops: running jobs are put back, to be done by the next run.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Worker {
    id: WorkerId,
    pipeline: Pipeline,
    config: WorkerConfig,
    stop: CancellationToken,
}

enum Ending {
    Done,
    Cancelled,
    RanOut,
    Stopped,
    Trouble(Trouble),
}

impl Worker {
    async fn run(&self) {
        while !self.stop.is_cancelled() {
            let lease = i64::try_from(self.config.lease.as_secs()).unwrap_or(i64::MAX);
            match self.pipeline.store.lease_job(&self.id, now(), lease, self.at_once()).await {
                Ok(Some(job)) => {
                    // Where there is one job there may be more: the next idle worker has a look.
                    self.pipeline.signals.work();
                    self.work(&job).await;
                }
                Ok(None) => self.idle().await,
                Err(reason) => {
                    tracing::error!(%reason, "no job can be leased");
                    self.idle().await;
                }
            }
        }
    }

    /// Jobs of one account at a time: its slow files leave a worker to everybody else, and one of them a worker to its others.
    fn at_once(&self) -> usize {
        self.config.workers.saturating_sub(1).max(2)
    }

    async fn idle(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.pipeline.signals.worked() => {}
            () = tokio::time::sleep(self.config.poll) => {}
        }
    }

    async fn work(&self, job: &Job) {
        let file = job.kind.file().clone();
        let ending = self.run_leased(job).await;
        loop {
            match self.settle(job, &file, &ending).await {
                Ok(()) => break,
                // Where nothing can be noted, nothing else can be done either.
                Err(StoreError::Full) if !self.stop.is_cancelled() => {
                    tracing::error!(file = %file, "the end of a job cannot be noted: no space left on the disk");
                    self.idle().await;
                }
                // The lease runs out and the job is done again, which every step allows.
                Err(reason) => {
                    tracing::error!(%reason, file = %file, "the end of a job could not be noted");
                    break;
                }
            }
        }
        self.pipeline.signals.finished(&file);
    }

    async fn run_leased(&self, job: &Job) -> Ending {
        let erasing = matches!(job.kind, JobKind::Erase(..));
        if !erasing && job.attempt > self.config.attempts.saturating_mul(2) {
            // Nobody ever noted how a try ended: the file is what ends the server, and must not do so at every start.
            return Ending::Trouble(Trouble::Permanent("the server stopped each time it read this file".to_owned()));
        }
        // A panic over one file must not end the worker.
        let work = AssertUnwindSafe(async {
            match &job.kind {
                JobKind::Process(_) => self.pipeline.process(job).await,
                JobKind::Index(_) => self.pipeline.index(job).await,
                JobKind::Erase(file, path) => self.pipeline.erase(file, path).await,
            }
        })
        .catch_unwind();
        // Nothing is awaited in an arm of this `select!`: while an arm runs, the work is not polled, and it may hold the one connection
        // that writes, or be next in line for it.
        tokio::select! {
            done = work => match done {
                Ok(done) => done.map_or_else(Ending::Trouble, |()| Ending::Done),
                Err(_panic) => {
                    tracing::error!(file = %job.kind.file(), "the work on a file panicked");
                    Ending::Trouble(Trouble::Transient("an internal error broke off the work on it".to_owned()))
                }
            },
            () = self.stop.cancelled() => Ending::Stopped,
            lost = Renewal::start(self.pipeline.store.clone(), job.clone(), self.config.lease).lost() => match lost {
                Lost::Taken => Ending::Cancelled,
                Lost::RanOut => Ending::RanOut,
            },
        }
    }

    async fn settle(&self, job: &Job, file: &FileId, ending: &Ending) -> Result<(), StoreError> {
        let store = &self.pipeline.store;
        match ending {
            Ending::Done => store.finish_job(job).await,
            // Not done, and nobody else's yet: it is free for whoever leases it next.
            Ending::RanOut => Ok(()),
            Ending::Stopped => store.postpone_job(job, now()).await,
            Ending::Cancelled | Ending::Trouble(Trouble::Gone) => {
                // The deletion's own job may have run before the vectors of this one were written.
                if store.job_file(file).await?.is_none() && self.pipeline.vectors_of_gone(file).await.is_err() {
                    tracing::warn!(file = %file, "the vectors of a deleted file are left to the next repair");
                }
                store.finish_job(job).await
            }
            Ending::Trouble(Trouble::Permanent(reason)) => self.fail(job, file, reason).await,
            Ending::Trouble(Trouble::Full) => {
                tracing::error!(file = %file, "no space left on the disk: a job waits until there is");
                self.wait_for_next_try(job).await?;
                store.postpone_job(job, now().saturating_add(self.delay(job.attempt))).await
            }
            Ending::Trouble(Trouble::Transient(reason)) => {
                let erasing = matches!(job.kind, JobKind::Erase(..));
                if !erasing && job.attempt >= self.config.attempts {
                    return self.fail(job, file, reason).await;
                }
                tracing::warn!(%reason, file = %file, attempt = job.attempt, "a job will be tried again");
                self.wait_for_next_try(job).await?;
                store.retry_job(job, now().saturating_add(self.delay(job.attempt))).await
            }
        }
    }

    async fn wait_for_next_try(&self, job: &Job) -> Result<(), StoreError> {
        if !matches!(job.kind, JobKind::Erase(..)) {
            self.pipeline.store.set_status(job, FileStatus::Pending, None).await?;
        }
        Ok(())
    }

    async fn fail(&self, job: &Job, file: &FileId, reason: &str) -> Result<(), StoreError> {
        tracing::info!(file = %file, attempts = job.attempt, "a file could not be processed");
        if !matches!(job.kind, JobKind::Erase(..)) {
            self.pipeline.store.set_status(job, FileStatus::Failed, Some(reason)).await?;
        }
        self.pipeline.store.finish_job(job).await
    }

    /// Seconds until the next try.
    fn delay(&self, attempt: u32) -> i64 {
        let seconds = self.config.backoff.as_secs().saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(300);
        i64::try_from(seconds).unwrap_or(300)
    }
}
