//! Workers and their leases: beside many writers, beside another server, and where the work panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::json;
use tokio::task::JoinSet;
use transom_app::jobs::{Pipeline, WorkerConfig, Workers};
use transom_domain::{FileStatus, Fingerprint, Text};
use transom_ingest::{Document, ExtractError, InProcess, Reader};
use transom_llm::{Embedder, LlmError, Purpose};
use transom_store::Store;
use transom_testkit::BagOfWords;

use crate::house::House;

/// Writes rows all the time while it embeds, until its work has taken as long as it is to take.
struct Writing {
    words: Arc<BagOfWords>,
    store: Store,
    until: Instant,
    done: Arc<AtomicBool>,
}

#[async_trait]
impl Embedder for Writing {
    fn fingerprint(&self) -> &Fingerprint {
        self.words.fingerprint()
    }

    async fn dimension(&self) -> Result<usize, LlmError> {
        self.words.dimension().await
    }

    async fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, LlmError> {
        while Instant::now() < self.until {
            let written = self.store.set_setting("worker", &json!(0)).await;
            written.map_err(|reason| LlmError::Internal(reason.to_string()))?;
        }
        self.done.store(true, Ordering::Release);
        self.words.embed(texts, purpose).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_job_that_outlives_several_renewals_beside_300_writers_ends_and_every_write_succeeds() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let done = Arc::new(AtomicBool::new(false));
    // Long enough for several renewals of a lease of three seconds.
    let until = Instant::now() + Duration::from_secs(5);
    let embedder = Writing { words: house.embedder.clone(), store: house.store.clone(), until, done: done.clone() };
    let config = WorkerConfig { lease: Duration::from_secs(3), ..house.worker_config() };
    let workers = Workers::start(house.pipeline_with(Arc::new(embedder)), config).await.unwrap();
    let file = house.upload_with(&alice, "a.txt", "words about herons", true, false).await.unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..300 {
        let (store, done) = (house.store.clone(), done.clone());
        writers.spawn(async move {
            while !done.load(Ordering::Acquire) {
                store.set_setting(&format!("writer {writer}"), &json!(writer)).await.unwrap();
            }
        });
    }
    while let Some(written) = writers.join_next().await {
        written.expect("every write succeeds");
    }
    assert_eq!(house.files.wait(&alice, &file.id).await.unwrap().status, FileStatus::Completed);
    workers.stop().await;
}

#[tokio::test]
async fn two_servers_on_one_database_leave_each_other_their_jobs() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let config = WorkerConfig { workers: 1, alone: false, ..house.worker_config() };
    house.embedder.hold("herons");
    let first = Workers::start(house.pipeline(), config.clone()).await.unwrap();
    let held = house.upload_with(&alice, "held.txt", "words about herons", true, false).await.unwrap();
    house.embedder.until_held(1).await;

    let second = Workers::start(house.pipeline(), config).await.unwrap();
    // The one worker of the first server is held, so it is the second one that reads this file, after it passed over the older one.
    assert_eq!(house.upload(&alice, "other.txt", "words about storks").await.status, FileStatus::Completed);
    house.embedder.release();
    assert_eq!(house.files.wait(&alice, &held.id).await.unwrap().status, FileStatus::Completed);
    assert_eq!(house.embedder.texts(), 2, "each file was embedded once");
    first.stop().await;
    second.stop().await;
}

/// Panics over one file and reads every other.
struct Panicking(InProcess);

#[async_trait]
impl Reader for Panicking {
    async fn read(&self, document: Document) -> Result<Text, ExtractError> {
        assert_ne!(document.filename, "panic.txt", "as the file is named");
        self.0.read(document).await
    }
}

#[tokio::test]
async fn a_panic_over_a_file_fails_that_file_and_the_worker_goes_on() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let pipeline = Pipeline { reader: Arc::new(Panicking(InProcess::default())), ..house.pipeline() };
    let _workers = Workers::start(pipeline, WorkerConfig { workers: 1, ..house.worker_config() }).await.unwrap();
    let failed = house.upload(&alice, "panic.txt", "words").await;
    assert_eq!(failed.status, FileStatus::Failed);
    assert!(failed.error.unwrap().contains("internal error"));
    assert_eq!(house.upload(&alice, "other.txt", "words").await.status, FileStatus::Completed);
}
