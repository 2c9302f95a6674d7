//! Routes of files.

mod content;
mod response;
mod upload;

use actix_web::web::{self, Data, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, http::header};
use futures_util::StreamExt;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use transom_app::App;
use transom_app::files::{Direction, FileOrder, FileQuery};
use transom_domain::{Caller, File, FileId};

use crate::body::{Authorized, Json};
use crate::{Admin, ApiError, SignedIn};

pub(crate) use response::{Parts, file_json, meta_json};

/// Files on a page of a list.
pub(crate) const PAGE: u64 = 30;

pub(crate) fn routes(config: &mut ServiceConfig) {
    for path in ["/api/v1/files/", "/api/v1/files"] {
        config.service(web::resource(path).route(web::post().to(upload::upload_file)).route(web::get().to(list_files)));
    }
    config
        .route("/api/v1/files/search", web::get().to(search_files))
        .route("/api/v1/files/user/search", web::get().to(search_own_files))
        .route("/api/v1/files/count", web::get().to(count_files))
        .route("/api/v1/files/user/count", web::get().to(count_own_files))
        .route("/api/v1/files/all", web::delete().to(delete_all_files))
        .service(web::resource("/api/v1/files/{id}").route(web::get().to(get_file)).route(web::delete().to(delete_file)))
        .route("/api/v1/files/{id}/process/status", web::get().to(get_status))
        .route("/api/v1/files/{id}/data/content", web::get().to(get_text))
        .route("/api/v1/files/{id}/data/content/update", web::post().to(update_text))
        .route("/api/v1/files/{id}/rename", web::post().to(rename_file))
        .route("/api/v1/files/{id}/content", web::get().to(content::get_content))
        .route("/api/v1/files/{id}/content/{file_name}", web::get().to(content::get_named_content));
}

type Answer = Result<HttpResponse, ApiError>;

/// A switch in a query string as clients write them: `true`, `True`, `1`, `yes`, `on` and their opposites.
pub(crate) fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Ok(Some(true)),
        "false" | "0" | "no" | "off" | "f" | "n" => Ok(Some(false)),
        _ => Err(serde::de::Error::custom("a switch is true or false")),
    }
}

#[derive(Deserialize)]
struct ListRequest {
    #[serde(default)]
    page: Option<u64>,
    #[serde(default, deserialize_with = "switch")]
    content: Option<bool>,
}

async fn list_files(app: Data<App>, caller: SignedIn, request: Query<ListRequest>) -> Answer {
    let skip = request.page.unwrap_or(1).saturating_sub(1).saturating_mul(PAGE);
    let query = FileQuery { skip, limit: Some(PAGE), direction: Direction::Descending, ..FileQuery::default() };
    let (files, total) = app.files.list(&caller.0, &query).await?;
    let items = files_json(&app, &caller.0, &files, request.content.unwrap_or(true)).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": items, "total": total })))
}

#[derive(Deserialize)]
struct SearchRequest {
    #[serde(default)]
    filename: Option<String>,
    #[serde(default, deserialize_with = "switch")]
    content: Option<bool>,
    #[serde(default)]
    skip: u64,
    #[serde(default)]
    limit: Option<u64>,
}

async fn search_files(app: Data<App>, caller: SignedIn, request: Query<SearchRequest>) -> Answer {
    search(&app, &caller.0, &request, false, true).await
}

async fn search_own_files(app: Data<App>, caller: SignedIn, request: Query<SearchRequest>) -> Answer {
    search(&app, &caller.0, &request, true, false).await
}

async fn search(app: &App, caller: &Caller, request: &SearchRequest, own: bool, content: bool) -> Answer {
    let query = FileQuery {
        name: Some(request.filename.clone().unwrap_or_else(|| "*".to_owned())),
        own,
        order: FileOrder::CreatedAt,
        direction: Direction::Descending,
        skip: request.skip,
        limit: Some(request.limit.unwrap_or(100).min(1000)),
    };
    let (files, _) = app.files.list(caller, &query).await?;
    if files.is_empty() {
        return Err(transom_app::Error::NotFound("could not find a file of that name".to_owned()).into());
    }
    Ok(HttpResponse::Ok().json(files_json(app, caller, &files, request.content.unwrap_or(content)).await?))
}

async fn count_files(app: Data<App>, caller: SignedIn) -> Answer {
    count(&app, &caller.0, false).await
}

async fn count_own_files(app: Data<App>, caller: SignedIn) -> Answer {
    count(&app, &caller.0, true).await
}

async fn count(app: &App, caller: &Caller, own: bool) -> Answer {
    let (_, total) = app.files.list(caller, &FileQuery { own, limit: Some(0), ..FileQuery::default() }).await?;
    Ok(HttpResponse::Ok().json(total))
}

async fn get_file(app: Data<App>, caller: SignedIn, id: Path<FileId>) -> Answer {
    let file = app.files.get(&caller.0, &id).await?;
    let text = app.files.text(&caller.0, &id).await?;
    Ok(HttpResponse::Ok().json(file_json(&file, Parts { content: Some(text.as_deref()), path: true })))
}

async fn delete_file(app: Data<App>, caller: SignedIn, id: Path<FileId>) -> Answer {
    app.files.delete(&caller.0, &id).await?;
    Ok(HttpResponse::Ok().json(json!({ "message": "the file was deleted" })))
}

async fn delete_all_files(app: Data<App>, caller: Admin) -> Answer {
    app.files.delete_all(&caller.0).await?;
    Ok(HttpResponse::Ok().json(json!({ "message": "all files were deleted" })))
}

#[derive(Deserialize)]
struct StatusRequest {
    #[serde(default, deserialize_with = "switch")]
    stream: Option<bool>,
}

async fn get_status(app: Data<App>, caller: SignedIn, id: Path<FileId>, request: Query<StatusRequest>) -> Answer {
    let state = app.files.state(&caller.0, &id).await?;
    if request.stream != Some(true) {
        return Ok(HttpResponse::Ok().json(response::status_json(&state)));
    }
    let events = app.files.watch(caller.0, state).map(|state| {
        let status =
            state.map_or_else(|error| json!({ "status": "failed", "error": error.to_string() }), |state| response::status_json(&state));
        Ok::<_, std::convert::Infallible>(web::Bytes::from(format!("data: {status}\n\n")))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .streaming(events))
}

async fn get_text(app: Data<App>, caller: SignedIn, id: Path<FileId>) -> Answer {
    app.files.get(&caller.0, &id).await?;
    let text = app.files.text(&caller.0, &id).await?;
    Ok(HttpResponse::Ok().json(json!({ "content": text.unwrap_or_default() })))
}

#[derive(Deserialize)]
struct ContentRequest {
    content: String,
}

async fn update_text(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<ContentRequest>>, id: Path<FileId>) -> Answer {
    app.files.replace_text(&caller.0, &id, body.0.content.clone()).await?;
    Ok(HttpResponse::Ok().json(json!({ "content": body.0.content })))
}

#[derive(Deserialize)]
struct RenameRequest {
    filename: String,
}

async fn rename_file(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<RenameRequest>>, id: Path<FileId>) -> Answer {
    let file = app.files.rename(&caller.0, &id, &body.0.filename).await?;
    let text = app.files.text(&caller.0, &id).await?;
    Ok(HttpResponse::Ok().json(file_json(&file, Parts { content: Some(text.as_deref()), path: true })))
}

/// Files as lists show them.
pub(crate) async fn files_json(app: &App, caller: &Caller, files: &[File], content: bool) -> Result<Vec<Value>, ApiError> {
    let texts = if content { app.files.texts(caller, files).await? } else { Default::default() };
    let one = |file: &File| {
        let text = texts.get(&file.id).map(String::as_str);
        file_json(file, Parts { content: content.then_some(text), path: false })
    };
    Ok(files.iter().map(one).collect())
}
