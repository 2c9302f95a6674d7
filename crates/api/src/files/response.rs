//! Files as clients are shown them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use transom_app::files::State;
use transom_app::jobs::Stage;
use transom_domain::{File, FileId, FileStatus, UserId};
use utoipa::ToSchema;

/// What of a file is shown beside its row.
#[derive(Clone, Copy, Default)]
pub(crate) struct Parts<'a> {
    /// `Some` where the text belongs into the answer; with `None` inside where there is none yet.
    pub(crate) content: Option<Option<&'a str>>,
    /// Whether the object's path is shown; never a path of the server.
    pub(crate) path: bool,
}

/// A file.
#[derive(Serialize, ToSchema)]
#[schema(as = File)]
pub(crate) struct FileResponse {
    #[schema(value_type = String)]
    id: FileId,
    #[schema(value_type = String)]
    user_id: UserId,
    /// Of its text.
    hash: Option<String>,
    #[schema(examples("manual.pdf"))]
    filename: String,
    /// Null where a list leaves it out.
    pub(crate) data: Option<FileData>,
    pub(crate) meta: FileMeta,
    created_at: i64,
    updated_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl FileResponse {
    pub(crate) fn new(file: &File, parts: Parts<'_>) -> Self {
        Self {
            id: file.id.clone(),
            user_id: file.user_id.clone(),
            hash: file.text_hash.clone(),
            filename: file.filename.clone(),
            data: Some(FileData::new(file, parts.content)),
            meta: FileMeta::new(file, format!("file-{}", file.id)),
            created_at: file.created_at,
            updated_at: file.updated_at,
            path: parts.path.then(|| format!("uploads/{}", file.object_path)),
        }
    }
}

/// What became of a file's processing; empty where nobody asked for any.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct FileData {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("completed"))]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// Null where nothing went wrong; left out until it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    error: Option<Option<String>>,
}

impl FileData {
    fn new(file: &File, content: Option<Option<&str>>) -> Self {
        if file.status == FileStatus::Unprocessed {
            return Self::default();
        }
        let is_over = file.status.is_final();
        Self {
            status: Some(file.status.as_str()),
            content: content.and_then(|text| text.map(str::to_owned).or_else(|| is_over.then(String::new))),
            error: is_over.then(|| file.error.clone()),
        }
    }
}

/// What is known of a file.
#[derive(Serialize, ToSchema)]
pub(crate) struct FileMeta {
    #[schema(examples("manual.pdf"))]
    name: String,
    #[schema(examples("application/pdf"))]
    content_type: String,
    size: u64,
    file_hash: String,
    data: Map<String, Value>,
    /// The name under which its passages are asked for, once there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    collection_name: Option<String>,
}

impl FileMeta {
    pub(crate) fn new(file: &File, collection: String) -> Self {
        Self {
            name: file.filename.clone(),
            content_type: file.content_type.clone(),
            size: file.size,
            file_hash: file.file_hash.clone(),
            data: file.metadata.clone(),
            collection_name: (file.status == FileStatus::Completed).then_some(collection),
        }
    }
}

/// A file's text.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = FileText)]
pub(super) struct Text {
    pub(super) content: String,
}

/// How far the processing of a file has come: the status as the reference has it; while a worker is at it, also the stage, the share
/// done, and of how many chunks how many are embedded.
#[derive(Serialize, ToSchema)]
pub(super) struct FileProgress {
    #[schema(examples("processing"))]
    status: &'static str,
    /// `reading`, `splitting`, `embedding` or `storing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    stage: Option<Stage>,
    /// From 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunks: Option<ChunkCount>,
    /// Why it failed, once it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    error: Option<Option<String>>,
}

/// How many of a file's chunks are embedded.
#[derive(Serialize, ToSchema)]
pub(super) struct ChunkCount {
    done: usize,
    total: usize,
}

impl FileProgress {
    fn only(status: &'static str) -> Self {
        Self { status, stage: None, share: None, chunks: None, error: None }
    }

    /// The file cannot be looked at any more.
    pub(super) fn unknown(error: &transom_app::Error) -> Self {
        Self { error: Some(Some(error.to_string())), ..Self::only("failed") }
    }
}

impl From<&State> for FileProgress {
    fn from(State { file, progress }: &State) -> Self {
        match (file.status, progress) {
            (FileStatus::Processing, Some(progress)) => Self {
                stage: Some(progress.stage),
                share: Some((progress.share() * 1e3).round() / 1e3),
                chunks: (progress.chunks > 0).then_some(ChunkCount { done: progress.embedded, total: progress.chunks }),
                ..Self::only("processing")
            },
            // Clients know no fifth status; one that waits for it would wait as long for the reference.
            (FileStatus::Unprocessed, _) => Self::only("pending"),
            (FileStatus::Failed, _) => Self { error: Some(file.error.clone()), ..Self::only("failed") },
            (other, _) => Self::only(other.as_str()),
        }
    }
}
