//! Texts, pages and files on their way into a collection.

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Serialize};
use transom_app::intake::Outcome;
use transom_app::{App, Error};
use transom_domain::{File, FileId, KnowledgeId};
use utoipa::ToSchema;

use crate::body::{Authorized, Json};
use crate::description::shapes::Status;
use crate::files::switch;
use crate::params::Query;
use crate::reply::Reply;
use crate::{Admin, ApiError, SignedIn};

/// A text to index.
#[derive(Deserialize, ToSchema)]
pub(super) struct TextRequest {
    name: String,
    content: String,
    #[serde(default)]
    collection_name: Option<String>,
}

/// What became of a text.
#[derive(Serialize, ToSchema)]
pub(super) struct ProcessedText {
    status: bool,
    collection_name: String,
    #[schema(value_type = String)]
    file_id: FileId,
    content: String,
}

/// Indexes a text
#[api_v2_operation]
pub(super) async fn process_text(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<TextRequest>>,
) -> Result<Reply<ProcessedText>, ApiError> {
    let TextRequest { name, content, collection_name } = body.0;
    let into = collection_name.map(KnowledgeId::from);
    let file = app.intake.text(&caller.0, &name, content.clone(), into.as_ref()).await?;
    Ok(Reply::of(&ProcessedText { status: true, collection_name: collection(into.as_ref(), &file), file_id: file.id, content }))
}

/// A web page to index.
#[derive(Deserialize, ToSchema)]
pub(super) struct PageRequest {
    #[schema(examples("https://example.com/manual"))]
    url: String,
    #[serde(default)]
    collection_name: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct PageOptions {
    #[serde(default, deserialize_with = "switch")]
    process: Option<bool>,
    #[serde(default, deserialize_with = "switch")]
    overwrite: Option<bool>,
}

/// What became of a web page: where it was only looked at, its text alone.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ProcessedPage {
    Kept(KeptPage),
    Seen(SeenPage),
}

/// A web page that was indexed.
#[derive(Serialize, ToSchema)]
pub(super) struct KeptPage {
    status: bool,
    collection_name: String,
    #[schema(value_type = String)]
    file_id: FileId,
    filename: String,
    file: PageFile,
}

/// A web page's text and address.
#[derive(Serialize, ToSchema)]
pub(super) struct PageFile {
    data: PageData,
    meta: PageMeta,
}

/// A web page's text.
#[derive(Serialize, ToSchema)]
pub(super) struct PageData {
    content: Option<String>,
}

/// A web page's address.
#[derive(Serialize, ToSchema)]
pub(super) struct PageMeta {
    name: String,
    source: String,
}

/// A web page that was only looked at.
#[derive(Serialize, ToSchema)]
pub(super) struct SeenPage {
    status: bool,
    content: String,
}

/// Indexes a web page, or only looks at it
#[api_v2_operation]
pub(super) async fn process_web(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<PageRequest>>,
    options: Query<PageOptions>,
) -> Result<Reply<ProcessedPage>, ApiError> {
    let PageRequest { url, collection_name } = body.0;
    if options.process == Some(false) {
        let content = app.intake.look(&caller.0, &url).await?;
        return Ok(Reply::of(&ProcessedPage::Seen(SeenPage { status: true, content })));
    }
    let into = collection_name.map(KnowledgeId::from);
    let file = app.intake.page(&caller.0, &url, into.as_ref(), options.overwrite.unwrap_or(true)).await?;
    let content = app.files.text(&caller.0, &file.id).await?;
    Ok(Reply::of(&ProcessedPage::Kept(KeptPage {
        status: true,
        collection_name: collection(into.as_ref(), &file),
        file_id: file.id,
        filename: url.clone(),
        file: PageFile { data: PageData { content }, meta: PageMeta { name: url.clone(), source: url } },
    })))
}

/// A file to index (again).
#[derive(Deserialize, ToSchema)]
pub(super) struct ProcessFileRequest {
    #[schema(value_type = String)]
    file_id: FileId,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    collection_name: Option<String>,
}

/// What became of a file.
#[derive(Serialize, ToSchema)]
pub(super) struct ProcessedFile {
    status: bool,
    collection_name: String,
    filename: String,
    content: Option<String>,
}

/// Reads a file (again), or takes the text that is sent for it, and puts it into a collection where one is named
#[api_v2_operation]
pub(super) async fn process_file(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<ProcessFileRequest>>,
) -> Result<Reply<ProcessedFile>, ApiError> {
    let ProcessFileRequest { file_id, content, collection_name } = body.0;
    let own = format!("file-{file_id}");
    let into = collection_name.filter(|name| *name != own).map(KnowledgeId::from);
    let file = app.intake.file(&caller.0, &file_id, content, into.as_ref()).await?;
    let content = app.files.text(&caller.0, &file_id).await?;
    Ok(Reply::of(&ProcessedFile { status: true, collection_name: collection(into.as_ref(), &file), filename: file.filename, content }))
}

/// Of the files that clients send whole, their ids count: what the server knows of a file is its own.
#[derive(Deserialize, ToSchema)]
struct NamedFile {
    #[schema(value_type = String)]
    id: FileId,
}

/// Files to put into a collection.
#[derive(Deserialize, ToSchema)]
pub(super) struct ProcessFilesRequest {
    files: Vec<NamedFile>,
    collection_name: String,
}

/// What became of each file.
#[derive(Serialize, ToSchema)]
pub(super) struct ProcessedFiles {
    results: Vec<FileOutcome>,
    errors: Vec<FileOutcome>,
}

/// What became of a file.
#[derive(Serialize, ToSchema)]
pub(super) struct FileOutcome {
    #[schema(value_type = String)]
    file_id: FileId,
    #[schema(examples("completed"))]
    status: &'static str,
    error: Option<String>,
}

impl From<Outcome> for FileOutcome {
    fn from(outcome: Outcome) -> Self {
        let status = if outcome.error.is_some() { "failed" } else { "completed" };
        Self { file_id: outcome.file, status, error: outcome.error.as_ref().map(ToString::to_string) }
    }
}

/// Puts files into a collection, and says of each what became of it
#[api_v2_operation]
pub(super) async fn process_files(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<ProcessFilesRequest>>,
) -> Result<Reply<ProcessedFiles>, ApiError> {
    let ProcessFilesRequest { files, collection_name } = body.0;
    let ids: Vec<FileId> = files.into_iter().map(|file| file.id).collect();
    let outcomes = app.intake.batch(&caller.0, &ids, &KnowledgeId::from(collection_name)).await?;
    let (errors, results) = outcomes.into_iter().map(FileOutcome::from).partition(|one| one.error.is_some());
    Ok(Reply::of(&ProcessedFiles { results, errors }))
}

/// A file to take out of a collection.
#[derive(Deserialize, ToSchema)]
pub(super) struct DeleteRequest {
    collection_name: String,
    #[schema(value_type = String)]
    file_id: FileId,
}

/// Takes a file out of a collection. Its passages go with the file alone
#[api_v2_operation]
pub(super) async fn delete_entries(
    app: Data<App>,
    Authorized(caller, body): Authorized<Admin, Json<DeleteRequest>>,
) -> Result<Reply<Status>, ApiError> {
    let DeleteRequest { collection_name, file_id } = body.0;
    if collection_name == format!("file-{file_id}") {
        let reason = "a file's own passages go with the file: delete it below /api/v1/files".to_owned();
        return Err(Error::Invalid(reason).into());
    }
    app.knowledge.remove(&caller.0, &KnowledgeId::from(collection_name), &file_id, false).await?;
    Ok(Reply::of(&Status::GOOD))
}

/// The name under which passages can be asked for.
fn collection(into: Option<&KnowledgeId>, file: &File) -> String {
    into.map_or_else(|| format!("file-{}", file.id), ToString::to_string)
}
