//! Compares rows, bytes and vectors, and puts right what differs: for `transom doctor` and for every start.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde::Serialize;
use transom_domain::{File, FileId, FileStatus, Fingerprint};
use transom_vector::{Space, VectorError};

use super::Pipeline;
use crate::Error;

/// What a comparison of rows, bytes and vectors found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Files there are.
    pub files: usize,
    /// Objects that belong to no file.
    pub orphan_bytes: Vec<String>,
    /// Files whose bytes are missing; their text and vectors may still be there.
    pub missing_bytes: Vec<FileId>,
    /// Ids that have vectors but no file.
    pub orphan_vectors: Vec<FileId>,
    /// Completed files without vectors.
    pub missing_vectors: Vec<FileId>,
    /// Files whose vectors are another embedder's: only a re-index helps.
    pub other_embedder: Vec<FileId>,
    /// Whether the present embedder's vectors cannot be read at all.
    pub damaged: bool,
    /// Whether what could be put right was.
    pub repaired: bool,
}

impl Report {
    /// Whether there is nothing to put right.
    pub fn is_clean(&self) -> bool {
        let Report { orphan_bytes, missing_bytes, orphan_vectors, missing_vectors, other_embedder, damaged, .. } = self;
        orphan_bytes.is_empty()
            && missing_bytes.is_empty()
            && orphan_vectors.is_empty()
            && missing_vectors.is_empty()
            && other_embedder.is_empty()
            && !damaged
    }
}

/// Compares and repairs. Cheap to clone.
#[derive(Clone)]
pub struct Repair {
    pipeline: Pipeline,
}

/// The stored objects, as they were at one moment.
#[derive(Clone, Debug, Default)]
pub struct Objects(BTreeSet<String>);

impl Repair {
    /// Over what this pipeline works on.
    pub fn new(pipeline: Pipeline) -> Self {
        Self { pipeline }
    }

    /// The objects that are stored now. What is stored while no upload is under way, and has no row later on, is nobody's.
    ///
    /// # Errors
    /// Where they cannot be listed.
    pub async fn objects(&self) -> Result<Objects, Error> {
        let names = self.pipeline.objects.list(None).map_ok(|object| object.location.to_string());
        names.try_collect().await.map(Objects).map_err(Error::internal)
    }

    /// Compares rows, bytes and vectors; with `fix`, erases orphans and leaves jobs to make missing vectors again.
    /// No server may run meanwhile: an upload that is under way looks like bytes without a row.
    ///
    /// # Errors
    /// Where rows, bytes or the embedder cannot be asked. Damaged vectors are no error but a finding.
    pub async fn run(&self, fix: bool) -> Result<Report, Error> {
        let mut report = Report::default();
        let objects = self.objects().await?;
        let files = self.files().await?;
        report.files = files.len();
        compare_bytes(&files, &objects, &mut report);
        self.compare_vectors(&files, &mut report).await?;
        if fix {
            self.fix(&report).await?;
            report.repaired = true;
        }
        Ok(report)
    }

    /// Leaves a job for every completed file whose vectors are not the present embedder's. How many.
    ///
    /// # Errors
    /// Where the store cannot be asked.
    pub async fn reindex(&self) -> Result<u64, Error> {
        let jobs = self.pipeline.store.reindex_files(Some(&self.pipeline.fingerprint())).await?;
        self.pipeline.signals.work();
        Ok(jobs)
    }

    /// What every start does: bytes without a row are removed, vectors that are damaged or missing are made again in the
    /// background, and vectors of files and embedders that are gone are removed. Another embedder's vectors that files still
    /// have are left as they are. `before` is what was stored before the first upload could begin.
    ///
    /// # Errors
    /// Where rows or the embedder cannot be asked.
    pub async fn at_start(&self, before: &Objects) -> Result<(), Error> {
        let mut report = Report::default();
        let files = self.files().await?;
        compare_bytes(&files, before, &mut report);
        // Files that came since have bytes that were not listed; those that were there and have none are for the doctor to name.
        self.erase_bytes(&report).await?;
        self.mend_vectors_of(&files).await
    }

    /// What a server does that met damaged vectors while it runs: they are made again in the background.
    ///
    /// # Errors
    /// Where rows or the embedder cannot be asked.
    pub async fn mend_vectors(&self) -> Result<(), Error> {
        self.mend_vectors_of(&self.files().await?).await
    }

    async fn mend_vectors_of(&self, files: &BTreeMap<FileId, File>) -> Result<(), Error> {
        let mut report = Report::default();
        self.compare_vectors(files, &mut report).await?;
        if report.damaged || !report.missing_vectors.is_empty() {
            tracing::warn!(files = report.missing_vectors.len(), damaged = report.damaged, "vectors are lost; they are made again");
        }
        if !report.other_embedder.is_empty() {
            tracing::warn!(
                files = report.other_embedder.len(),
                "files were indexed by another embedding model and cannot be searched: run `transom doctor --reindex`"
            );
        }
        self.fix(&report).await
    }

    async fn compare_vectors(&self, files: &BTreeMap<FileId, File>, report: &mut Report) -> Result<(), Error> {
        let current = self.pipeline.fingerprint();
        let indexed = |file: &&File| file.status == FileStatus::Completed && file.fingerprint.is_some();
        report.other_embedder =
            files.values().filter(indexed).filter(|file| file.fingerprint.as_ref() != Some(&current)).map(|file| file.id.clone()).collect();
        if self.pipeline.config.bypass {
            return Ok(());
        }
        let space = self.space(current.clone()).await?;
        let stored = match self.pipeline.index.vectors().files(&space).await {
            Ok(stored) => stored,
            Err(VectorError::Damaged(reason)) => {
                tracing::error!(%reason, "the stored vectors are damaged");
                report.damaged = true;
                BTreeMap::new()
            }
            Err(other) => return Err(other.into()),
        };
        for id in stored.keys().filter(|id| !files.contains_key(*id)) {
            // A file that was uploaded since the rows were read is no orphan.
            if self.pipeline.store.job_file(id).await?.is_none() {
                report.orphan_vectors.push(id.clone());
            }
        }
        report.missing_vectors = files
            .values()
            .filter(indexed)
            .filter(|file| file.fingerprint.as_ref() == Some(&current) && !stored.contains_key(&file.id))
            .map(|file| file.id.clone())
            .collect();
        Ok(())
    }

    async fn fix(&self, report: &Report) -> Result<(), Error> {
        let Pipeline { index, store, signals, .. } = &self.pipeline;
        let vectors = index.vectors();
        if report.damaged {
            vectors.drop_space(&self.space(self.pipeline.fingerprint()).await?).await?;
        }
        if !report.orphan_vectors.is_empty() {
            vectors.delete(&report.orphan_vectors).await?;
        }
        self.drop_unused_spaces().await?;
        self.erase_bytes(report).await?;
        if !report.missing_vectors.is_empty() {
            store.index_files(&report.missing_vectors).await?;
            signals.work();
        }
        Ok(())
    }

    /// An embedder's vectors that no file refers to any more are in nobody's way but the disk's.
    async fn drop_unused_spaces(&self) -> Result<(), Error> {
        let mut used: BTreeSet<Fingerprint> =
            self.pipeline.store.all_files().await?.into_iter().filter_map(|file| file.fingerprint).collect();
        used.insert(self.pipeline.fingerprint());
        Ok(self.pipeline.index.vectors().retain(&used.into_iter().collect::<Vec<_>>()).await?)
    }

    async fn space(&self, fingerprint: Fingerprint) -> Result<Space, Error> {
        Ok(Space { fingerprint, dimension: self.pipeline.index.embedder().dimension().await? })
    }

    async fn files(&self) -> Result<BTreeMap<FileId, File>, Error> {
        Ok(self.pipeline.store.all_files().await?.into_iter().map(|file| (file.id.clone(), file)).collect())
    }

    async fn erase_bytes(&self, report: &Report) -> Result<(), Error> {
        for path in &report.orphan_bytes {
            match self.pipeline.objects.delete(&Path::from(path.as_str())).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(reason) => return Err(Error::internal(reason)),
            }
        }
        Ok(())
    }
}

fn compare_bytes(files: &BTreeMap<FileId, File>, objects: &Objects, report: &mut Report) {
    let owned: BTreeSet<&str> = files.values().map(|file| file.object_path.as_str()).collect();
    report.orphan_bytes = objects.0.iter().filter(|path| !owned.contains(path.as_str())).cloned().collect();
    report.missing_bytes = files.values().filter(|file| !objects.0.contains(&file.object_path)).map(|file| file.id.clone()).collect();
}
