//! Files as clients are shown them.

use serde_json::{Map, Value, json};
use transom_app::files::State;
use transom_domain::{File, FileStatus};

/// What of a file is shown beside its row.
#[derive(Clone, Copy, Default)]
pub(crate) struct Parts<'a> {
    /// `Some` where the text belongs into the answer; with `None` inside where there is none yet.
    pub(crate) content: Option<Option<&'a str>>,
    /// Whether the object's path is shown; never a path of the server.
    pub(crate) path: bool,
}

pub(crate) fn file_json(file: &File, parts: Parts<'_>) -> Value {
    let mut json = json!({
        "id": file.id,
        "user_id": file.user_id,
        "hash": file.text_hash,
        "filename": file.filename,
        "data": data_json(file, parts.content),
        "meta": meta_json(file, &format!("file-{}", file.id)),
        "created_at": file.created_at,
        "updated_at": file.updated_at,
    });
    if parts.path {
        json["path"] = format!("uploads/{}", file.object_path).into();
    }
    json
}

fn data_json(file: &File, content: Option<Option<&str>>) -> Value {
    let mut data = Map::new();
    if file.status == FileStatus::Unprocessed {
        return data.into();
    }
    data.insert("status".to_owned(), file.status.as_str().into());
    if let Some(content) = content {
        match (content, file.status.is_final()) {
            (Some(text), _) => drop(data.insert("content".to_owned(), text.into())),
            (None, true) => drop(data.insert("content".to_owned(), "".into())),
            (None, false) => {}
        }
    }
    if file.status.is_final() {
        data.insert("error".to_owned(), file.error.clone().into());
    }
    data.into()
}

/// What is known of a file; `collection` is the name under which its passages are asked for, once there are any.
pub(crate) fn meta_json(file: &File, collection: &str) -> Value {
    let mut meta = json!({
        "name": file.filename,
        "content_type": file.content_type,
        "size": file.size,
        "file_hash": file.file_hash,
        "data": file.metadata,
    });
    if file.status == FileStatus::Completed {
        meta["collection_name"] = collection.into();
    }
    meta
}

/// How far the processing of a file has come: the status as the reference has it; while a worker is at it, also the stage, the share
/// done, and of how many chunks how many are embedded.
pub(super) fn status_json(State { file, progress }: &State) -> Value {
    if let (FileStatus::Processing, Some(progress)) = (file.status, progress) {
        let mut json = json!({ "status": file.status.as_str(), "stage": progress.stage, "share": (progress.share() * 1e3).round() / 1e3 });
        if progress.chunks > 0 {
            json["chunks"] = json!({ "done": progress.embedded, "total": progress.chunks });
        }
        return json;
    }
    match file.status {
        // Clients know no fifth status; one that waits for it would wait as long for the reference.
        FileStatus::Unprocessed => json!({ "status": "pending" }),
        FileStatus::Failed => json!({ "status": "failed", "error": file.error }),
        other => json!({ "status": other.as_str() }),
    }
}
