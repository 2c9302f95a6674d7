//! The workers that lease jobs and run the pipeline.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use transom_domain::{FileId, FileStatus, now};
use transom_store::StoreError;
use transom_store::jobs::{Job, JobKind};

use super::Pipeline;
use super::pipeline::Trouble;

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
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self { workers: 4, attempts: 5, backoff: Duration::from_secs(2), lease: Duration::from_secs(60), poll: Duration::from_secs(2) }
    }
}

/// Running workers. Dropped without [`Workers::stop`], they are told to stop but not waited for.
pub struct Workers {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Workers {
    /// Frees the leases of an earlier run and starts.
    ///
    /// # Errors
    /// Where the store cannot be asked.
    pub async fn start(pipeline: Pipeline, config: WorkerConfig) -> Result<Self, crate::Error> {
        let freed = pipeline.store.release_jobs().await?;
        if freed > 0 {
            tracing::info!(jobs = freed, "resuming work that an earlier run left");
        }
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        for _ in 0..config.workers.max(1) {
            let worker = Worker { pipeline: pipeline.clone(), config: config.clone(), stop: stop.clone() };
            tasks.spawn(worker.run());
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
    pipeline: Pipeline,
    config: WorkerConfig,
    stop: CancellationToken,
}

enum Ending {
    Done,
    Cancelled,
    Stopped,
    Trouble(Trouble),
}

impl Worker {
    async fn run(self) {
        while !self.stop.is_cancelled() {
            let lease = i64::try_from(self.config.lease.as_secs()).unwrap_or(i64::MAX);
            match self.pipeline.store.lease_job(now(), lease, self.at_once()).await {
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
        let file = match &job.kind {
            JobKind::Process(file) | JobKind::Index(file) | JobKind::Erase(file, _) => file.clone(),
        };
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
        let work = async {
            match &job.kind {
                JobKind::Process(file) => self.pipeline.process(file).await,
                JobKind::Index(file) => self.pipeline.index(file).await,
                JobKind::Erase(file, path) => self.pipeline.erase(file, path).await,
            }
        };
        tokio::pin!(work);
        let third = (self.config.lease / 3).max(Duration::from_millis(100));
        let mut renewal = tokio::time::interval_at(tokio::time::Instant::now() + third, third);
        loop {
            tokio::select! {
                done = &mut work => return done.map_or_else(Ending::Trouble, |()| Ending::Done),
                () = self.stop.cancelled() => return Ending::Stopped,
                _ = renewal.tick() => {
                    let until = now().saturating_add(i64::try_from(self.config.lease.as_secs()).unwrap_or(i64::MAX));
                    match self.pipeline.store.renew_job(&job.id, until).await {
                        Ok(true) => {}
                        Ok(false) => return Ending::Cancelled,
                        Err(reason) => tracing::warn!(%reason, "a lease could not be renewed"),
                    }
                }
            }
        }
    }

    async fn settle(&self, job: &Job, file: &FileId, ending: &Ending) -> Result<(), StoreError> {
        let store = &self.pipeline.store;
        match ending {
            Ending::Done => store.finish_job(&job.id).await,
            Ending::Stopped => store.postpone_job(&job.id, now()).await,
            Ending::Cancelled | Ending::Trouble(Trouble::Gone) => {
                // The deletion's own job may have run before the vectors of this one were written.
                if store.job_file(file).await?.is_none() && self.pipeline.vectors_of_gone(file).await.is_err() {
                    tracing::warn!(file = %file, "the vectors of a deleted file are left to the next repair");
                }
                store.finish_job(&job.id).await
            }
            Ending::Trouble(Trouble::Permanent(reason)) => self.fail(job, file, reason).await,
            Ending::Trouble(Trouble::Full) => {
                tracing::error!(file = %file, "no space left on the disk: a job waits until there is");
                self.wait_for_next_try(job, file).await?;
                store.postpone_job(&job.id, now().saturating_add(self.delay(job.attempt))).await
            }
            Ending::Trouble(Trouble::Transient(reason)) => {
                let erasing = matches!(job.kind, JobKind::Erase(..));
                if !erasing && job.attempt >= self.config.attempts {
                    return self.fail(job, file, reason).await;
                }
                tracing::warn!(%reason, file = %file, attempt = job.attempt, "a job will be tried again");
                self.wait_for_next_try(job, file).await?;
                store.retry_job(&job.id, now().saturating_add(self.delay(job.attempt))).await
            }
        }
    }

    async fn wait_for_next_try(&self, job: &Job, file: &FileId) -> Result<(), StoreError> {
        if !matches!(job.kind, JobKind::Erase(..)) {
            self.pipeline.store.set_status(file, FileStatus::Pending, None).await?;
        }
        Ok(())
    }

    async fn fail(&self, job: &Job, file: &FileId, reason: &str) -> Result<(), StoreError> {
        tracing::info!(file = %file, attempts = job.attempt, "a file could not be processed");
        if !matches!(job.kind, JobKind::Erase(..)) {
            self.pipeline.store.set_status(file, FileStatus::Failed, Some(reason)).await?;
        }
        self.pipeline.store.finish_job(&job.id).await
    }

    /// Seconds until the next try.
    fn delay(&self, attempt: u32) -> i64 {
        let seconds = self.config.backoff.as_secs().saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(300);
        i64::try_from(seconds).unwrap_or(300)
    }
}
