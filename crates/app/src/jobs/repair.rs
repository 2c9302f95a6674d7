//! Compares rows, bytes and vectors, and puts right what differs: for `transom doctor` and for every start.
//!
//! A start never removes bytes: a database may be new, or the wrong one, while the bytes beside it are somebody's only copy.
//! [`Repair::fix`] removes them where it is told to. Vectors can be made again, so that those of files which are gone are removed at any
//! time, as long as others show that the vectors are this database's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use futures_util::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use transom_domain::{File, FileId, FileStatus, Fingerprint};
use transom_vector::{Space, VectorError};

use super::Pipeline;
use super::report::{Objects, Report};
use crate::{Error, files};

/// What a repair does with stored objects that belong to no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orphans {
    /// It leaves them.
    Keep,
    /// It removes those that uploads wrote, unless not one object belongs to a file.
    RemoveOurs,
    /// It removes those that uploads wrote, and vectors without a file, also where nothing else shows that they are this database's.
    RemoveAll,
}

/// Compares and repairs. Cheap to clone.
#[derive(Clone)]
pub struct Repair {
    pipeline: Pipeline,
    uploads: Option<PathBuf>,
}

impl Repair {
    /// Over what this pipeline works on.
    pub fn new(pipeline: Pipeline) -> Self {
        Self { pipeline, uploads: None }
    }

    /// The same where the objects are in this folder, which may hold unfinished ones too.
    pub fn with_folder(self, uploads: PathBuf) -> Self {
        Self { uploads: Some(uploads), ..self }
    }

    /// Compares rows, bytes and vectors, and changes nothing.
    /// No server may run meanwhile: an upload that is under way looks like bytes without a row.
    ///
    /// # Errors
    /// Where rows, bytes or the embedder cannot be asked. Damaged vectors are no error but a finding.
    pub async fn look(&self) -> Result<Report, Error> {
        let mut report = Report::default();
        let files = self.files().await?;
        self.compare_bytes(&files, &mut report).await?;
        self.compare_vectors(&files, &mut report).await?;
        Ok(report)
    }

    /// Puts right what a look found: removes what is left over and leaves jobs to make missing vectors again.
    ///
    /// # Errors
    /// Where rows, bytes or vectors cannot be changed.
    pub async fn fix(&self, report: &Report, orphans: Orphans) -> Result<(), Error> {
        if orphans == Orphans::RemoveAll || (orphans == Orphans::RemoveOurs && !report.bytes_of_others) {
            self.erase_bytes(report).await?;
        }
        self.fix_vectors(report, orphans).await
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

    /// What a start does before the first upload can begin: says how many objects belong to no file, and leaves them.
    ///
    /// # Errors
    /// Where rows or bytes cannot be listed.
    pub async fn count_orphans(&self) -> Result<Report, Error> {
        let mut report = Report::default();
        self.compare_bytes(&self.files().await?, &mut report).await?;
        if report.removable() + report.foreign_bytes > 0 {
            tracing::warn!(
                objects = report.orphan_bytes.len(),
                unfinished = report.unfinished.len(),
                others = report.foreign_bytes,
                files = report.files,
                "uploads holds objects that belong to no file of this database; they are kept: `transom doctor` shows them"
            );
        }
        Ok(report)
    }

    /// What a server does at start, and where it meets damaged vectors: what is damaged or missing is made again in the background,
    /// and vectors of files and embedders that are gone are removed. Another embedder's vectors that files still have are left as they
    /// are, and so is everything where no file of this database has vectors.
    ///
    /// # Errors
    /// Where rows or the embedder cannot be asked.
    pub async fn mend_vectors(&self) -> Result<(), Error> {
        let mut report = Report::default();
        self.compare_vectors(&self.files().await?, &mut report).await?;
        if report.damaged || !report.missing_vectors.is_empty() {
            tracing::warn!(files = report.missing_vectors.len(), damaged = report.damaged, "vectors are lost; they are made again");
        }
        if !report.other_embedder.is_empty() {
            tracing::warn!(
                files = report.other_embedder.len(),
                "files were indexed by another embedding model and cannot be searched: run `transom doctor --reindex`"
            );
        }
        if !report.orphan_vectors.is_empty() && !report.vectors_known {
            tracing::warn!(
                files = report.orphan_vectors.len(),
                "the stored vectors belong to no file of this database; they are kept: `transom doctor` shows them"
            );
        }
        self.fix(&report, Orphans::Keep).await
    }

    async fn compare_bytes(&self, files: &BTreeMap<FileId, File>, report: &mut Report) -> Result<(), Error> {
        let erasing = self.pipeline.store.paths_to_erase().await?.into_iter().collect::<BTreeSet<_>>();
        report.compare_bytes(files, &self.objects().await?, &erasing);
        Ok(())
    }

    async fn objects(&self) -> Result<Objects, Error> {
        let names = self.pipeline.objects.list(None).map_ok(|object| object.location.to_string());
        let whole = names.try_collect().await.map_err(Error::internal)?;
        let left = match &self.uploads {
            Some(folder) => files::unfinished(folder).map_err(Error::internal)?,
            None => Vec::new(),
        };
        let foreign = left.iter().filter(|name| name.is_none()).count();
        Ok(Objects { whole, unfinished: left.into_iter().flatten().collect(), foreign })
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
        report.vectors_known = stored.keys().any(|id| files.contains_key(id));
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

    async fn fix_vectors(&self, report: &Report, orphans: Orphans) -> Result<(), Error> {
        let Pipeline { index, store, signals, .. } = &self.pipeline;
        let vectors = index.vectors();
        if report.damaged {
            vectors.drop_space(&self.space(self.pipeline.fingerprint()).await?).await?;
        }
        if report.vectors_known || orphans == Orphans::RemoveAll {
            if !report.orphan_vectors.is_empty() {
                vectors.delete(&report.orphan_vectors).await?;
            }
            self.drop_unused_spaces().await?;
        }
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
        for name in &report.unfinished {
            let Some(folder) = &self.uploads else { break };
            match tokio::fs::remove_file(folder.join(name)).await {
                Err(reason) if reason.kind() != std::io::ErrorKind::NotFound => return Err(Error::internal(reason)),
                _ => {}
            }
        }
        Ok(())
    }
}
