//! Uploaded files: received, listed, read, changed, deleted.
//!
//! Bytes go to an object store under an id of ours and are durable before the row that names them is committed;
//! the row and the job to read the file are one transaction. What the caller may see and change is the store's decision.

mod names;
mod objects;
mod upload;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use transom_domain::{Caller, File, FileId, FileStatus, Permission, Text};
use transom_store::Store;

pub use names::base_name;
pub(crate) use objects::{is_upload, unfinished};
pub use objects::{local_objects, private_folder};
pub use transom_store::{Direction, FileOrder, FileQuery};
pub use upload::{Upload, UploadOptions};

use crate::Error;
use crate::jobs::{Progress, Signals};

/// What uploads may be, and how long requests wait for processing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesConfig {
    /// Bytes at most; `None` for no limit.
    pub max_size: Option<u64>,
    /// Files that clients should attach to a chat at most; `None` for no limit. They are told, nothing is refused.
    pub max_count: Option<usize>,
    /// Extensions that may be uploaded, in lower case without the dot; empty for all.
    pub allowed_extensions: Vec<String>,
    /// How long a request waits for a file to be processed.
    pub wait: Duration,
}

impl FilesConfig {
    /// The largest size in megabytes, as clients are told it.
    pub fn max_megabytes(&self) -> Option<u64> {
        self.max_size.map(|bytes| bytes / (1024 * 1024))
    }
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self { max_size: None, max_count: None, allowed_extensions: Vec::new(), wait: Duration::from_secs(600) }
    }
}

/// Characters at most of the texts in one list.
const LONGEST_LIST: u64 = 10_000_000;

/// How long a waiter trusts that it would have been told; files that another process finishes are seen this late.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Uploaded files. Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Files {
    store: Store,
    objects: Arc<dyn ObjectStore>,
    signals: Signals,
    config: Arc<ArcSwap<FilesConfig>>,
}

/// How far the processing of a file has come.
#[derive(Clone, Debug)]
pub struct State {
    /// The file.
    pub file: File,
    /// What a worker of this process is doing with it.
    pub progress: Option<Progress>,
}

/// A file's bytes on their way to a client.
pub struct Content {
    /// The file.
    pub file: File,
    /// How many bytes follow.
    pub size: u64,
    /// They.
    pub bytes: BoxStream<'static, Result<Bytes, Error>>,
}

impl Files {
    /// Files in `store` and `objects`; `signals` are the workers'.
    pub fn new(store: Store, objects: Arc<dyn ObjectStore>, signals: Signals, config: FilesConfig) -> Self {
        Self { store, objects, signals, config: Arc::new(ArcSwap::from_pointee(config)) }
    }

    /// What uploads may be at present.
    pub fn config(&self) -> Arc<FilesConfig> {
        self.config.load_full()
    }

    /// What they may be from now on.
    pub(crate) fn set_config(&self, config: FilesConfig) {
        self.config.store(Arc::new(config));
    }

    /// A file that the caller may see.
    pub async fn get(&self, caller: &Caller, id: &FileId) -> Result<File, Error> {
        self.needing(caller, id, Permission::Read).await
    }

    /// The files that the query names, of those the caller may list, and how many there are.
    pub async fn list(&self, caller: &Caller, query: &FileQuery) -> Result<(Vec<File>, u64), Error> {
        Ok(self.store.list_files(caller, query).await?)
    }

    /// The text of a file that the caller may see; `None` until it was read.
    pub async fn text(&self, caller: &Caller, id: &FileId) -> Result<Option<String>, Error> {
        Ok(self.store.file_text(caller, id).await?.map(|text| text.text))
    }

    /// The texts of several for a list, by id; those that the caller may not see, or that have none, are missing.
    ///
    /// # Errors
    /// [`Error::Invalid`] where they are too long for one answer.
    pub async fn texts(&self, caller: &Caller, files: &[File]) -> Result<HashMap<FileId, String>, Error> {
        let ids: Vec<FileId> = files.iter().map(|file| file.id.clone()).collect();
        let length = self.store.text_length(caller, &ids).await?;
        if length > LONGEST_LIST {
            return Err(Error::Invalid(format!(
                "the texts of these {} files have {length} characters, and a list holds {LONGEST_LIST} at most: \
                 leave `content` out and ask for each text by its file's id",
                ids.len()
            )));
        }
        Ok(self.store.file_texts(caller, &ids).await?)
    }

    /// The bytes of a file that the caller may see.
    pub async fn content(&self, caller: &Caller, id: &FileId) -> Result<Content, Error> {
        let file = self.get(caller, id).await?;
        let found = match self.objects.get(&Path::from(file.object_path.as_str())).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => {
                tracing::error!(file = %id, "the bytes of a file are missing");
                return Err(Error::NotFound(format!("the bytes of file {id} are missing on the server")));
            }
            Err(reason) => return Err(Error::internal(reason)),
        };
        let size = found.meta.size;
        let bytes = found.into_stream().map(|part| part.map_err(Error::internal)).boxed();
        Ok(Content { file, size, bytes })
    }

    /// Replaces the text of a file that the caller may change, and returns once that can be found.
    pub async fn replace_text(&self, caller: &Caller, id: &FileId, text: String) -> Result<File, Error> {
        self.needing(caller, id, Permission::Write).await?;
        // A worker that is reading the file now would overwrite the new text with the old one.
        let file = self.wait(caller, id).await?;
        if !file.status.is_final() {
            readable(&file)?;
        }
        let text = Text { text, pages: Vec::new() };
        self.store.replace_file_text(caller, id, &text).await?.ok_or_else(|| missing(id))?;
        self.signals.work();
        self.wait(caller, id).await
    }

    /// Renames a file that the caller may change. Folders in the name are dropped.
    pub async fn rename(&self, caller: &Caller, id: &FileId, name: &str) -> Result<File, Error> {
        let name = base_name(name).ok_or_else(|| Error::Invalid("a file needs a name".to_owned()))?;
        self.store.rename_file(caller, id, &name).await?.ok_or_else(|| missing(id))
    }

    /// Reads a file that the caller may change once more, from its bytes, and returns when that has ended.
    pub async fn process(&self, caller: &Caller, id: &FileId) -> Result<File, Error> {
        self.store.process_file(caller, id).await?.ok_or_else(|| missing(id))?;
        self.signals.work();
        self.wait(caller, id).await
    }

    /// Indexes the text of a file that the caller may change again, and returns when that has ended. Where no text was kept, it is read.
    pub async fn index(&self, caller: &Caller, id: &FileId) -> Result<File, Error> {
        self.store.index_file(caller, id).await?.ok_or_else(|| missing(id))?;
        self.signals.work();
        self.wait(caller, id).await
    }

    /// Deletes a file that the caller may change, with everything that was made of it.
    pub async fn delete(&self, caller: &Caller, id: &FileId) -> Result<(), Error> {
        if !self.store.delete_file(caller, id).await? {
            return Err(missing(id));
        }
        self.signals.work();
        Ok(())
    }

    /// Deletes every file there is. Administrators only.
    pub async fn delete_all(&self, caller: &Caller) -> Result<u64, Error> {
        if !caller.is_admin() {
            return Err(Error::WrongRole);
        }
        let deleted = self.store.delete_all_files(caller).await?;
        self.signals.work();
        Ok(deleted)
    }

    /// Leaves the work of indexing every file again that has been read. Administrators only. How many.
    pub(crate) async fn index_all(&self, caller: &Caller) -> Result<u64, Error> {
        if !caller.is_admin() {
            return Err(Error::WrongRole);
        }
        let (files, _) = self.store.list_files(caller, &FileQuery::default()).await?;
        let ids: Vec<FileId> = files.into_iter().map(|file| file.id).collect();
        let left = self.store.index_files(&ids).await?;
        self.signals.work();
        Ok(left)
    }

    /// Waits until nothing is left to do for a file that the caller may see, or until the limit of waiting is over.
    pub async fn wait(&self, caller: &Caller, id: &FileId) -> Result<File, Error> {
        self.wait_at_most(caller, id, self.config.load().wait).await
    }

    /// The same with a limit of the caller's.
    pub async fn wait_at_most(&self, caller: &Caller, id: &FileId, limit: Duration) -> Result<File, Error> {
        let until = tokio::time::Instant::now() + limit;
        let mut changes = self.signals.listen();
        loop {
            let file = self.get(caller, id).await?;
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            if file.status.is_final() || left.is_zero() {
                return Ok(file);
            }
            changes.wait_for(id, left.min(LOOK_AGAIN)).await;
        }
    }

    /// How far the processing of a file that the caller may see has come.
    pub async fn state(&self, caller: &Caller, id: &FileId) -> Result<State, Error> {
        let file = self.get(caller, id).await?;
        let progress = if file.status.is_final() { None } else { self.signals.progress_of(id) };
        Ok(State { file, progress })
    }

    /// The state each time it has changed, this one first, until it is final. Ends early where the file goes away.
    pub fn watch(&self, caller: Caller, state: State) -> BoxStream<'static, Result<State, Error>> {
        let first = futures_util::stream::once(std::future::ready(Ok(state.clone())));
        let later = futures_util::stream::unfold((self.clone(), caller, Some(state)), |(files, caller, seen)| async move {
            let seen = seen.filter(|seen| !seen.file.status.is_final())?;
            let mut changes = files.signals.listen();
            loop {
                match files.state(&caller, &seen.file.id).await {
                    Ok(now) if (now.file.status, now.progress) != (seen.file.status, seen.progress) => {
                        return Some((Ok(now.clone()), (files, caller, Some(now))));
                    }
                    Ok(_) => changes.wait_for(&seen.file.id, LOOK_AGAIN).await,
                    Err(error) => return Some((Err(error), (files, caller, None))),
                }
            }
        });
        first.chain(later).boxed()
    }

    async fn needing(&self, caller: &Caller, id: &FileId, needed: Permission) -> Result<File, Error> {
        self.store.file(caller, id, needed).await?.ok_or_else(|| missing(id))
    }
}

/// What is not there and what the caller may not see look the same.
pub(crate) fn missing(id: &FileId) -> Error {
    Error::NotFound(format!("could not find file {id}"))
}

/// Whether a file has text that can be asked; otherwise why not.
pub fn readable(file: &File) -> Result<(), Error> {
    match file.status {
        FileStatus::Completed => Ok(()),
        FileStatus::Failed => {
            let reason = file.error.as_deref().unwrap_or("the reason is not known");
            Err(Error::Invalid(format!("file {} could not be read: {reason}", file.id)))
        }
        FileStatus::Unprocessed => {
            Err(Error::Invalid(format!("file {} was uploaded without being processed, so there is no text to ask", file.id)))
        }
        FileStatus::Pending | FileStatus::Processing => {
            Err(Error::Unavailable(format!("file {} is still being processed; try again later", file.id)))
        }
    }
}
