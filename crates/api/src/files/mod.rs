//! Routes of files.

mod content;
mod response;
mod upload;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, http::header};
use futures_util::StreamExt;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Deserializer, Serialize};
use transom_app::App;
use transom_app::files::{Direction, FileOrder, FileQuery};
use transom_domain::{Caller, File, FileId};
use utoipa::ToSchema;

use crate::body::{Authorized, Json};
use crate::description::shapes::Message;
use crate::params::{Path, Query, number};
use crate::reply::{List, Reply, Streamed};
use crate::table::Table;
use crate::{Admin, ApiError, SignedIn};

pub(crate) use response::{FileMeta, FileResponse, Parts};
use response::{FileProgress, Text};

/// Files on a page of a list.
pub(crate) const PAGE: u64 = 30;

pub(crate) fn routes(table: &mut Table) {
    table.at(["/api/v1/files/", "/api/v1/files"]).post(upload::upload_file).or([404, 503, 507]).get(list_files);
    table.at("/api/v1/files/search").get(search_files).or([404]);
    table.at("/api/v1/files/user/search").get(search_own_files).or([404]);
    table.at("/api/v1/files/count").get(count_files);
    table.at("/api/v1/files/user/count").get(count_own_files);
    table.at("/api/v1/files/all").delete(delete_all_files);
    table.at("/api/v1/files/{id}").get(get_file).delete(delete_file);
    table.at("/api/v1/files/{id}/process/status").get(get_file_status);
    table.at("/api/v1/files/{id}/data/content").get(get_text);
    table.at("/api/v1/files/{id}/data/content/update").post(update_text).or([503]);
    table.at("/api/v1/files/{id}/rename").post(rename_file);
    table.at("/api/v1/files/{id}/content").get(content::get_content);
    table.at("/api/v1/files/{id}/content/{file_name}").get(content::get_named_content);
}

/// A switch in a query string as clients write them: `true`, `True`, `1`, `yes`, `on` and their opposites.
pub(crate) fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Ok(Some(true)),
        "false" | "0" | "no" | "off" | "f" | "n" => Ok(Some(false)),
        _ => Err(serde::de::Error::custom("a switch is true or false")),
    }
}

#[derive(Deserialize, ToSchema)]
struct ListRequest {
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    page: Option<u64>,
    /// Whether the texts come along
    #[serde(default, deserialize_with = "switch")]
    content: Option<bool>,
}

/// A page of files, and how many there are.
#[derive(Serialize, ToSchema)]
struct FilesPage {
    items: Vec<FileResponse>,
    total: u64,
}

/// Lists the caller's files, a page of thirty at a time
#[api_v2_operation]
async fn list_files(app: Data<App>, caller: SignedIn, request: Query<ListRequest>) -> Result<Reply<FilesPage>, ApiError> {
    let skip = request.page.unwrap_or(1).saturating_sub(1).saturating_mul(PAGE);
    let query = FileQuery { skip, limit: Some(PAGE), direction: Direction::Descending, ..FileQuery::default() };
    let (files, total) = app.files.list(&caller.0, &query).await?;
    let items = responses(&app, &caller.0, &files, request.content.unwrap_or(false)).await?;
    Ok(Reply::of(&FilesPage { items, total }))
}

#[derive(Deserialize, ToSchema)]
struct SearchRequest {
    #[serde(default)]
    filename: Option<String>,
    /// Whether the texts come along
    #[serde(default, deserialize_with = "switch")]
    content: Option<bool>,
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    skip: Option<u64>,
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    limit: Option<u64>,
}

/// Finds files by their names, in which `*` stands for anything
#[api_v2_operation]
async fn search_files(app: Data<App>, caller: SignedIn, request: Query<SearchRequest>) -> Result<List<FileResponse>, ApiError> {
    search(&app, &caller.0, &request, false).await
}

/// Finds the caller's own files by their names
#[api_v2_operation]
async fn search_own_files(app: Data<App>, caller: SignedIn, request: Query<SearchRequest>) -> Result<List<FileResponse>, ApiError> {
    search(&app, &caller.0, &request, true).await
}

async fn search(app: &App, caller: &Caller, request: &SearchRequest, own: bool) -> Result<List<FileResponse>, ApiError> {
    let query = FileQuery {
        name: Some(request.filename.clone().unwrap_or_else(|| "*".to_owned())),
        own,
        order: FileOrder::CreatedAt,
        direction: Direction::Descending,
        skip: request.skip.unwrap_or_default(),
        limit: Some(request.limit.unwrap_or(100).min(1000)),
        ..FileQuery::default()
    };
    let (files, _) = app.files.list(caller, &query).await?;
    if files.is_empty() {
        return Err(transom_app::Error::NotFound("could not find a file of that name".to_owned()).into());
    }
    Ok(List::of(&responses(app, caller, &files, request.content.unwrap_or(false)).await?))
}

/// Counts the files that the caller may see
#[api_v2_operation]
async fn count_files(app: Data<App>, caller: SignedIn) -> Result<Reply<u64>, ApiError> {
    count(&app, &caller.0, false).await
}

/// Counts the caller's own files
#[api_v2_operation]
async fn count_own_files(app: Data<App>, caller: SignedIn) -> Result<Reply<u64>, ApiError> {
    count(&app, &caller.0, true).await
}

async fn count(app: &App, caller: &Caller, own: bool) -> Result<Reply<u64>, ApiError> {
    let (_, total) = app.files.list(caller, &FileQuery { own, limit: Some(0), ..FileQuery::default() }).await?;
    Ok(Reply::of(&total))
}

/// Shows a file with its text
#[api_v2_operation]
async fn get_file(app: Data<App>, caller: SignedIn, id: Path<FileId>) -> Result<Reply<FileResponse>, ApiError> {
    let file = app.files.get(&caller.0, &id).await?;
    let text = app.files.text(&caller.0, &id).await?;
    Ok(Reply::of(&FileResponse::new(&file, Parts { content: Some(text.as_deref()), path: true })))
}

/// Deletes a file, its text and its passages
#[api_v2_operation]
async fn delete_file(app: Data<App>, caller: SignedIn, id: Path<FileId>) -> Result<Reply<Message>, ApiError> {
    app.files.delete(&caller.0, &id).await?;
    Ok(Reply::of(&Message { message: "File deleted successfully" }))
}

/// Deletes all files
#[api_v2_operation]
async fn delete_all_files(app: Data<App>, caller: Admin) -> Result<Reply<Message>, ApiError> {
    app.files.delete_all(&caller.0).await?;
    Ok(Reply::of(&Message { message: "All files deleted successfully" }))
}

#[derive(Deserialize, ToSchema)]
struct StatusRequest {
    /// Whether each change is told, as Server-Sent Events, until there is no further one
    #[serde(default, deserialize_with = "switch")]
    stream: Option<bool>,
}

/// How far the processing of a file has come
#[api_v2_operation]
async fn get_file_status(
    app: Data<App>,
    caller: SignedIn,
    id: Path<FileId>,
    request: Query<StatusRequest>,
) -> Result<Streamed<FileProgress>, ApiError> {
    let state = app.files.state(&caller.0, &id).await?;
    if request.stream != Some(true) {
        return Ok(Streamed::new(HttpResponse::Ok().json(FileProgress::from(&state))));
    }
    let events = app.files.watch(caller.0, state).map(|state| {
        let progress = state.as_ref().map_or_else(FileProgress::unknown, FileProgress::from);
        let event = serde_json::to_string(&progress).map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(Bytes::from(format!("data: {event}\n\n")))
    });
    let answer = HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .streaming(events);
    Ok(Streamed::new(answer))
}

/// Shows a file's text
#[api_v2_operation]
async fn get_text(app: Data<App>, caller: SignedIn, id: Path<FileId>) -> Result<Reply<Text>, ApiError> {
    app.files.get(&caller.0, &id).await?;
    let text = app.files.text(&caller.0, &id).await?;
    Ok(Reply::of(&Text { content: text.unwrap_or_default() }))
}

/// Replaces a file's text, and has it indexed anew
#[api_v2_operation]
async fn update_text(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<Text>>,
    id: Path<FileId>,
) -> Result<Reply<Text>, ApiError> {
    app.files.replace_text(&caller.0, &id, body.0.content.clone()).await?;
    Ok(Reply::of(&body.0))
}

/// A file's new name.
#[derive(Deserialize, ToSchema)]
struct RenameRequest {
    #[schema(examples("manual.pdf"))]
    filename: String,
}

/// Gives a file another name
#[api_v2_operation]
async fn rename_file(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<RenameRequest>>,
    id: Path<FileId>,
) -> Result<Reply<FileResponse>, ApiError> {
    let file = app.files.rename(&caller.0, &id, &body.0.filename).await?;
    let text = app.files.text(&caller.0, &id).await?;
    Ok(Reply::of(&FileResponse::new(&file, Parts { content: Some(text.as_deref()), path: true })))
}

/// Files as lists show them.
async fn responses(app: &App, caller: &Caller, files: &[File], content: bool) -> Result<Vec<FileResponse>, ApiError> {
    let texts = if content { app.files.texts(caller, files).await? } else { Default::default() };
    let one = |file: &File| {
        let text = texts.get(&file.id).map(String::as_str);
        FileResponse::new(file, Parts { content: content.then_some(text), path: false })
    };
    Ok(files.iter().map(one).collect())
}
