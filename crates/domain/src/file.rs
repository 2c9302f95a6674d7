//! Uploaded files.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{FileId, Fingerprint, Timestamp, UserId};

/// How far the processing of a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileStatus {
    /// Uploaded with `process=false`: nobody asked for its text.
    Unprocessed,
    /// Waits for a worker.
    Pending,
    /// A worker reads, splits and embeds it.
    Processing,
    /// Its text can be read and found.
    Completed,
    /// It could not be read; the reason is with the file.
    Failed,
}

impl FileStatus {
    /// The status as it is stored and, but for `unprocessed`, shown.
    pub fn as_str(self) -> &'static str {
        match self {
            FileStatus::Unprocessed => "unprocessed",
            FileStatus::Pending => "pending",
            FileStatus::Processing => "processing",
            FileStatus::Completed => "completed",
            FileStatus::Failed => "failed",
        }
    }

    /// Whether no worker has anything left to do.
    pub fn is_final(self) -> bool {
        matches!(self, FileStatus::Unprocessed | FileStatus::Completed | FileStatus::Failed)
    }
}

/// A file without its bytes and its text.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// Its id.
    pub id: FileId,
    /// Whose it is.
    pub user_id: UserId,
    /// Its name, without any folder.
    pub filename: String,
    /// Where its bytes are in the object store.
    pub object_path: String,
    /// SHA-256 of the bytes, in hex.
    pub file_hash: String,
    /// SHA-256 of the extracted text, in hex; once there is text.
    pub text_hash: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Media type as the client said, or guessed from the name.
    pub content_type: String,
    /// How far its processing has come.
    pub status: FileStatus,
    /// Why processing failed.
    pub error: Option<String>,
    /// The embedder whose vectors of it are stored; `None` where there are none.
    pub fingerprint: Option<Fingerprint>,
    /// How many pages it has; `None` where its format has none, or where it was read before this was kept.
    pub pages: Option<u32>,
    /// The languages that its text is in, by their codes in ISO 639-3, the most frequent first; empty where they are not known.
    pub languages: Vec<String>,
    /// What the client attached to the upload.
    pub metadata: Map<String, Value>,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// What a file row is made of, once its bytes are safely stored.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Its id, under which the bytes were stored.
    pub id: FileId,
    /// Its name, without any folder.
    pub filename: String,
    /// Where its bytes are in the object store.
    pub object_path: String,
    /// SHA-256 of the bytes, in hex.
    pub file_hash: String,
    /// Bytes.
    pub size: u64,
    /// Media type.
    pub content_type: String,
    /// What the client attached to the upload.
    pub metadata: Map<String, Value>,
}
