//! One upload: parts in, a durable object and a committed row out, or nothing at all.

use bytes::Bytes;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use transom_domain::{Caller, File, FileId, KnowledgeId, NewFile};

use super::names::{base_name, extension};
use super::{Files, FilesConfig};
use crate::Error;

/// Bytes held before they are written; also a part of an S3 upload, which allows no smaller ones.
const PART: usize = 5 * 1024 * 1024;
/// Parts written at a time.
const PARTS: usize = 2;

/// What to do with an upload that is whole.
#[derive(Clone, Debug)]
pub struct UploadOptions {
    /// What the client attached.
    pub metadata: Map<String, Value>,
    /// Whether to read and index it.
    pub process: bool,
    /// Whether to return only when that has ended.
    pub wait: bool,
    /// The collection that it is put into, which the caller may change.
    pub into: Option<KnowledgeId>,
}

/// An upload under way. Dropped before [`Upload::finish`], it leaves nothing behind.
pub struct Upload {
    files: Files,
    id: FileId,
    filename: String,
    content_type: String,
    writer: Option<BufWriter>,
    digest: Sha256,
    size: u64,
    max_size: Option<u64>,
}

impl Files {
    /// Begins to receive a file of the caller's. Only the last part of `name` counts.
    pub fn begin(&self, caller: &Caller, name: &str, content_type: &str) -> Result<Upload, Error> {
        if !caller.may("chat.file_upload") {
            return Err(Error::Forbidden("your account may not upload files; ask your administrator".to_owned()));
        }
        let filename = base_name(name).ok_or_else(|| Error::Invalid("the file has no name".to_owned()))?;
        let config = self.config();
        check_extension(&config, &filename)?;
        let id = FileId::random();
        let writer = BufWriter::with_capacity(self.objects.clone(), Path::from(id.as_str()), PART).with_max_concurrency(PARTS);
        Ok(Upload {
            files: self.clone(),
            id,
            filename,
            content_type: content_type.to_owned(),
            writer: Some(writer),
            digest: Sha256::new(),
            size: 0,
            max_size: config.max_size,
        })
    }
}

impl Upload {
    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if let Some(most) = self.max_size
            && self.size > most
        {
            return Err(Error::TooLarge(format!("{} is larger than the {} that are allowed", self.filename, readable_size(most))));
        }
        self.digest.update(&bytes);
        let Some(writer) = &mut self.writer else { return Err(Error::internal("an upload was written to after its end")) };
        writer.put(bytes).await.map_err(unwritten)
    }

    /// Ends the upload: syncs the bytes and commits the row with its job.
    pub async fn finish(mut self, caller: &Caller, options: UploadOptions) -> Result<File, Error> {
        if self.size == 0 {
            return Err(Error::Invalid(format!("{} is empty: there is nothing to read in it", self.filename)));
        }
        let Some(writer) = self.writer.take() else { return Err(Error::internal("an upload was ended twice")) };
        let new = NewFile {
            id: self.id.clone(),
            filename: std::mem::take(&mut self.filename),
            object_path: self.id.to_string(),
            file_hash: hex::encode(std::mem::take(&mut self.digest).finalize()),
            size: self.size,
            content_type: std::mem::take(&mut self.content_type),
            metadata: options.metadata,
        };
        let files = self.files.clone();
        let (process, into, owner) = (options.process, options.into, caller.clone());
        // In a task of its own: a client that leaves now must not part the bytes from their row.
        let commit = tokio::spawn(async move { commit(&files, &owner, writer, new, process, into).await });
        let file = commit.await.map_err(Error::internal)??;
        if options.process && options.wait { self.files.wait(caller, &file.id).await } else { Ok(file) }
    }
}

async fn commit(
    files: &Files,
    caller: &Caller,
    mut writer: BufWriter,
    new: NewFile,
    process: bool,
    into: Option<KnowledgeId>,
) -> Result<File, Error> {
    let path = Path::from(new.object_path.as_str());
    if let Err(reason) = writer.shutdown().await {
        remove(&files.objects, &path).await;
        return Err(unwritten(reason));
    }
    match create(files, caller, new, process, into).await {
        Ok(file) => {
            files.signals.work();
            Ok(file)
        }
        Err(reason) => {
            remove(&files.objects, &path).await;
            Err(reason)
        }
    }
}

/// The row, and its place in a collection where one is named: both or neither.
async fn create(files: &Files, caller: &Caller, new: NewFile, process: bool, into: Option<KnowledgeId>) -> Result<File, Error> {
    let Some(collection) = into else { return Ok(files.store.create_file(caller, new, process).await?) };
    let created = files.store.create_file_in_knowledge(caller, new, process, &collection).await?;
    created.ok_or_else(|| Error::NotFound(format!("could not find collection {collection}, or it is not yours to change")))
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(mut writer) = self.writer.take() else { return };
        // A local file goes with its writer; a bucket has to be told that the parts are not wanted.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(reason) = writer.abort().await {
                    tracing::warn!(%reason, "an upload that was broken off left parts behind");
                }
            });
        }
    }
}

async fn remove(objects: &Arc<dyn ObjectStore>, path: &Path) {
    match objects.delete(path).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
        Err(reason) => tracing::warn!(%reason, "the bytes of an upload that failed are left to the next repair"),
    }
}

fn check_extension(config: &FilesConfig, name: &str) -> Result<(), Error> {
    if config.allowed_extensions.is_empty() {
        return Ok(());
    }
    match extension(name) {
        Some(extension) if config.allowed_extensions.contains(&extension) => Ok(()),
        _ => Err(Error::Invalid(format!("files of this kind are not accepted; these are: {}", config.allowed_extensions.join(", ")))),
    }
}

fn readable_size(bytes: u64) -> String {
    const MB: u64 = 1024 * 1024;
    if bytes >= MB { format!("{} MB", bytes / MB) } else { format!("{bytes} bytes") }
}

fn unwritten(reason: impl std::error::Error + 'static) -> Error {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};

    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&reason);
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|io| matches!(io.kind(), StorageFull | QuotaExceeded | FileTooLarge)) {
            return Error::Full;
        }
        cause = error.source();
    }
    Error::internal(reason)
}
