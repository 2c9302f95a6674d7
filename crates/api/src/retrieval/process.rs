//! Texts, pages and files on their way into a collection.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;
use serde_json::{Value, json};
use transom_app::intake::Outcome;
use transom_app::{App, Error};
use transom_domain::{File, FileId, KnowledgeId};

use super::Answer;
use crate::body::{Authorized, Json};
use crate::files::switch;
use crate::{Admin, SignedIn};

#[derive(Deserialize)]
pub(super) struct TextRequest {
    name: String,
    content: String,
    #[serde(default)]
    collection_name: Option<String>,
}

pub(super) async fn process_text(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<TextRequest>>) -> Answer {
    let TextRequest { name, content, collection_name } = body.0;
    let into = collection_name.map(KnowledgeId::from);
    let file = app.intake.text(&caller.0, &name, content.clone(), into.as_ref()).await?;
    Ok(HttpResponse::Ok().json(json!({
        "status": true,
        "collection_name": collection(into.as_ref(), &file),
        "file_id": file.id,
        "content": content,
    })))
}

#[derive(Deserialize)]
pub(super) struct PageRequest {
    url: String,
    #[serde(default)]
    collection_name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PageOptions {
    #[serde(default, deserialize_with = "switch")]
    process: Option<bool>,
    #[serde(default, deserialize_with = "switch")]
    overwrite: Option<bool>,
}

pub(super) async fn process_web(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<PageRequest>>,
    options: Query<PageOptions>,
) -> Answer {
    let PageRequest { url, collection_name } = body.0;
    if options.process == Some(false) {
        let content = app.intake.look(&caller.0, &url).await?;
        return Ok(HttpResponse::Ok().json(json!({ "status": true, "content": content })));
    }
    let into = collection_name.map(KnowledgeId::from);
    let file = app.intake.page(&caller.0, &url, into.as_ref(), options.overwrite.unwrap_or(true)).await?;
    let content = app.files.text(&caller.0, &file.id).await?;
    Ok(HttpResponse::Ok().json(json!({
        "status": true,
        "collection_name": collection(into.as_ref(), &file),
        "file_id": file.id,
        "filename": url,
        "file": { "data": { "content": content }, "meta": { "name": url, "source": url } },
    })))
}

#[derive(Deserialize)]
pub(super) struct FileRequest {
    file_id: FileId,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    collection_name: Option<String>,
}

/// Reads a file (again), or takes the text that is sent for it, and puts it into a collection where one is named.
pub(super) async fn process_file(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<FileRequest>>) -> Answer {
    let FileRequest { file_id, content, collection_name } = body.0;
    let own = format!("file-{file_id}");
    let into = collection_name.filter(|name| *name != own).map(KnowledgeId::from);
    let file = app.intake.file(&caller.0, &file_id, content, into.as_ref()).await?;
    let text = app.files.text(&caller.0, &file_id).await?;
    Ok(HttpResponse::Ok().json(json!({
        "status": true,
        "collection_name": collection(into.as_ref(), &file),
        "filename": file.filename,
        "content": text,
    })))
}

/// Of the files that clients send whole, their ids count: what the server knows of a file is its own.
#[derive(Deserialize)]
struct Named {
    id: FileId,
}

#[derive(Deserialize)]
pub(super) struct FilesRequest {
    files: Vec<Named>,
    collection_name: String,
}

pub(super) async fn process_files(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<FilesRequest>>) -> Answer {
    let FilesRequest { files, collection_name } = body.0;
    let ids: Vec<FileId> = files.into_iter().map(|file| file.id).collect();
    let outcomes = app.intake.batch(&caller.0, &ids, &KnowledgeId::from(collection_name)).await?;
    let (failed, done): (Vec<Value>, Vec<Value>) = outcomes.iter().map(outcome_json).partition(|one| one["status"] == "failed");
    Ok(HttpResponse::Ok().json(json!({ "results": done, "errors": failed })))
}

fn outcome_json(outcome: &Outcome) -> Value {
    let status = if outcome.error.is_some() { "failed" } else { "completed" };
    json!({ "file_id": outcome.file, "status": status, "error": outcome.error.as_ref().map(ToString::to_string) })
}

#[derive(Deserialize)]
pub(super) struct DeleteRequest {
    collection_name: String,
    file_id: FileId,
}

/// Takes a file out of a collection. Its passages go with the file alone.
pub(super) async fn delete_entries(app: Data<App>, Authorized(caller, body): Authorized<Admin, Json<DeleteRequest>>) -> Answer {
    let DeleteRequest { collection_name, file_id } = body.0;
    if collection_name == format!("file-{file_id}") {
        let reason = "a file's own passages go with the file: delete it below /api/v1/files".to_owned();
        return Err(Error::Invalid(reason).into());
    }
    match app.knowledge.remove(&caller.0, &KnowledgeId::from(collection_name), &file_id, false).await {
        Ok(_) => Ok(HttpResponse::Ok().json(json!({ "status": true }))),
        Err(Error::NotFound(_)) => Ok(HttpResponse::Ok().json(json!({ "status": false }))),
        Err(error) => Err(error.into()),
    }
}

/// The name under which passages can be asked for.
fn collection(into: Option<&KnowledgeId>, file: &File) -> String {
    into.map_or_else(|| format!("file-{}", file.id), ToString::to_string)
}
