//! Background work, and what workers and start-up read without a caller. No handler uses this module.

use transom_domain::{File, FileId, FileStatus, Fingerprint, JobId, Text, Timestamp};

use crate::{Store, StoreError};

/// What a job does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Extract, split, embed and store a file.
    Process(FileId),
    /// Split, embed and store the text that a file has already.
    Index(FileId),
    /// Remove a deleted file's bytes (at this object path) and vectors.
    Erase(FileId, String),
}

/// A leased job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What to do.
    pub kind: JobKind,
    /// How often it was tried, this time included.
    pub attempt: u32,
}

impl Store {
    /// Takes the oldest job that is due and that nobody holds, until `now + lease_seconds`. A lease that ran out is free again.
    pub async fn lease_job(&self, _now: Timestamp, _lease_seconds: i64) -> Result<Option<Job>, StoreError> {
        todo!()
    }

    /// Keeps a leased job for longer; `false` where it is gone (cancelled).
    pub async fn renew_job(&self, _id: &JobId, _until: Timestamp) -> Result<bool, StoreError> {
        todo!()
    }

    /// Ends a job that is done, or given up.
    pub async fn finish_job(&self, _id: &JobId) -> Result<(), StoreError> {
        todo!()
    }

    /// Puts a job back, to be tried again from `at` on.
    pub async fn retry_job(&self, _id: &JobId, _at: Timestamp) -> Result<(), StoreError> {
        todo!()
    }

    /// Frees every lease: at start, when no worker of an earlier run can be alive.
    pub async fn release_jobs(&self) -> Result<u64, StoreError> {
        todo!()
    }

    /// How many jobs wait or run.
    pub async fn count_jobs(&self) -> Result<u64, StoreError> {
        todo!()
    }

    /// A file, for the worker that processes it.
    pub async fn job_file(&self, _id: &FileId) -> Result<Option<File>, StoreError> {
        todo!()
    }

    /// Its text.
    pub async fn job_text(&self, _id: &FileId) -> Result<Option<Text>, StoreError> {
        todo!()
    }

    /// Keeps the extracted text and its SHA-256 (hex); `false` where the file is gone.
    pub async fn keep_text(&self, _id: &FileId, _text: &Text, _text_hash: &str) -> Result<bool, StoreError> {
        todo!()
    }

    /// Sets a file's status and the reason of a failure; `false` where the file is gone.
    pub async fn set_status(&self, _id: &FileId, _status: FileStatus, _error: Option<&str>) -> Result<bool, StoreError> {
        todo!()
    }

    /// Notes whose vectors of the file are stored, and that it is completed; `false` where the file is gone.
    pub async fn set_indexed(&self, _id: &FileId, _fingerprint: &Fingerprint) -> Result<bool, StoreError> {
        todo!()
    }

    /// Every file's id, object path and fingerprint: for `doctor` and repair.
    pub async fn all_files(&self) -> Result<Vec<File>, StoreError> {
        todo!()
    }

    /// Leaves an [`JobKind::Index`] job for each completed file whose fingerprint is not `keep` (for all of them where `keep` is `None`). How many.
    pub async fn reindex_files(&self, _keep: Option<&Fingerprint>) -> Result<u64, StoreError> {
        todo!()
    }
}
