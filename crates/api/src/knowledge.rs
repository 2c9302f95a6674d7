//! Routes of knowledge.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path, Query, ServiceConfig};
use serde::Deserialize;
use serde_json::{Value, json};
use transom_app::App;
use transom_app::files::{Direction, FileOrder, FileQuery};
use transom_app::knowledge::{Described, KnowledgeQuery, Listed, WithFiles};
use transom_domain::{File, FileId, Grant, Knowledge, KnowledgeId, User};

use crate::body::{Authorized, Json};
use crate::files::{PAGE, Parts, file_json, meta_json, switch};
use crate::{ApiError, SignedIn};

pub(crate) fn routes(config: &mut ServiceConfig) {
    for path in ["/api/v1/knowledge/", "/api/v1/knowledge"] {
        config.route(path, web::get().to(list_knowledge));
    }
    config
        .route("/api/v1/knowledge/search", web::get().to(list_knowledge))
        .route("/api/v1/knowledge/create", web::post().to(create_knowledge))
        .route("/api/v1/knowledge/{id}", web::get().to(get_knowledge))
        .route("/api/v1/knowledge/{id}/update", web::post().to(update_knowledge))
        .route("/api/v1/knowledge/{id}/access/update", web::post().to(update_access))
        .route("/api/v1/knowledge/{id}/delete", web::delete().to(delete_knowledge))
        .route("/api/v1/knowledge/{id}/reset", web::post().to(reset_knowledge))
        .route("/api/v1/knowledge/{id}/files", web::get().to(list_knowledge_files))
        .route("/api/v1/knowledge/{id}/file/add", web::post().to(add_file))
        .route("/api/v1/knowledge/{id}/file/update", web::post().to(update_file))
        .route("/api/v1/knowledge/{id}/file/remove", web::post().to(remove_file))
        .route("/api/v1/knowledge/{id}/files/batch/add", web::post().to(add_files));
}

type Answer = Result<HttpResponse, ApiError>;

#[derive(Deserialize)]
struct ListRequest {
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    page: Option<u64>,
}

async fn list_knowledge(app: Data<App>, caller: SignedIn, request: Query<ListRequest>) -> Answer {
    let skip = request.page.unwrap_or(1).saturating_sub(1).saturating_mul(PAGE);
    let search = request.query.clone().filter(|query| !query.is_empty());
    let query = KnowledgeQuery { search, skip, limit: Some(PAGE), ..KnowledgeQuery::default() };
    let (listed, total) = app.knowledge.list(&caller.0, &query).await?;
    let items: Vec<Value> = listed.iter().map(listed_json).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "total": total })))
}

#[derive(Deserialize)]
struct KnowledgeRequest {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    meta: Option<Value>,
    #[serde(default)]
    access_grants: Option<Vec<Grant>>,
}

impl From<KnowledgeRequest> for Described {
    fn from(request: KnowledgeRequest) -> Self {
        let KnowledgeRequest { name, description, meta, access_grants } = request;
        Described { name, description, meta, access_grants }
    }
}

async fn create_knowledge(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<KnowledgeRequest>>) -> Answer {
    let knowledge = app.knowledge.create(&caller.0, body.0.into()).await?;
    let mut answer = knowledge_json(&knowledge);
    answer["files"] = Value::Null;
    Ok(HttpResponse::Ok().json(answer))
}

async fn get_knowledge(app: Data<App>, caller: SignedIn, id: Path<KnowledgeId>) -> Answer {
    let view = app.knowledge.get(&caller.0, &id).await?;
    let mut answer = knowledge_json(&view.knowledge);
    answer["files"] = Value::Null;
    answer["write_access"] = view.write_access.into();
    Ok(HttpResponse::Ok().json(answer))
}

async fn update_knowledge(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<KnowledgeRequest>>,
    id: Path<KnowledgeId>,
) -> Answer {
    Ok(with_files(&app.knowledge.update(&caller.0, &id, body.0.into()).await?))
}

#[derive(Deserialize)]
struct AccessRequest {
    access_grants: Vec<Grant>,
}

async fn update_access(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<AccessRequest>>,
    id: Path<KnowledgeId>,
) -> Answer {
    Ok(with_files(&app.knowledge.share(&caller.0, &id, body.0.access_grants).await?))
}

async fn delete_knowledge(app: Data<App>, caller: SignedIn, id: Path<KnowledgeId>) -> Answer {
    app.knowledge.delete(&caller.0, &id).await?;
    Ok(HttpResponse::Ok().json(true))
}

async fn reset_knowledge(app: Data<App>, caller: SignedIn, id: Path<KnowledgeId>) -> Answer {
    let mut answer = knowledge_json(&app.knowledge.reset(&caller.0, &id).await?);
    answer["files"] = Value::Null;
    Ok(HttpResponse::Ok().json(answer))
}

#[derive(Deserialize)]
struct FilesRequest {
    #[serde(default)]
    query: Option<String>,
    #[serde(default, deserialize_with = "switch")]
    include_content: Option<bool>,
    #[serde(default)]
    order_by: Option<String>,
    #[serde(default)]
    direction: Option<String>,
    #[serde(default)]
    page: Option<u64>,
    #[serde(default)]
    limit: Option<u64>,
}

impl FilesRequest {
    fn query(&self) -> FileQuery {
        let limit = self.limit.unwrap_or(PAGE).clamp(1, 1000);
        FileQuery {
            name: self.query.as_deref().filter(|query| !query.is_empty()).map(|query| format!("*{query}*")),
            own: false,
            order: match self.order_by.as_deref() {
                Some("name") => FileOrder::Name,
                Some("created_at") => FileOrder::CreatedAt,
                _ => FileOrder::UpdatedAt,
            },
            direction: if self.direction.as_deref() == Some("asc") { Direction::Ascending } else { Direction::Descending },
            skip: self.page.unwrap_or(1).saturating_sub(1).saturating_mul(limit),
            limit: Some(limit),
        }
    }
}

async fn list_knowledge_files(app: Data<App>, caller: SignedIn, id: Path<KnowledgeId>, request: Query<FilesRequest>) -> Answer {
    let (files, total) = app.knowledge.files(&caller.0, &id, &request.query()).await?;
    let owners = app.knowledge.owners(files.iter().map(|file| file.user_id.clone())).await?;
    let content = request.include_content == Some(true);
    let texts = if content { app.files.texts(&caller.0, &files).await? } else { Default::default() };
    let one = |file: &File| {
        let text = texts.get(&file.id).map(String::as_str);
        let mut json = file_json(file, Parts { content: content.then_some(text), path: false });
        if !content {
            json["data"] = Value::Null;
        }
        json["meta"] = meta_json(file, id.as_str());
        json["directory_id"] = Value::Null;
        json["directory_path"] = "".into();
        json["has_original"] = true.into();
        json["user"] = owners.get(&file.user_id).map(user_json).into();
        json
    };
    let items: Vec<Value> = files.iter().map(one).collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "directories": [], "breadcrumbs": [], "total": total })))
}

#[derive(Deserialize)]
struct FileRequest {
    file_id: FileId,
}

type FileForm = Authorized<SignedIn, Json<FileRequest>>;

async fn add_file(app: Data<App>, Authorized(caller, body): FileForm, id: Path<KnowledgeId>) -> Answer {
    Ok(with_files(&app.knowledge.add(&caller.0, &id, &[body.0.file_id]).await?))
}

async fn add_files(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<Vec<FileRequest>>>,
    id: Path<KnowledgeId>,
) -> Answer {
    let files: Vec<FileId> = body.0.into_iter().map(|file| file.file_id).collect();
    Ok(with_files(&app.knowledge.add(&caller.0, &id, &files).await?))
}

async fn update_file(app: Data<App>, Authorized(caller, body): FileForm, id: Path<KnowledgeId>) -> Answer {
    Ok(with_files(&app.knowledge.refresh(&caller.0, &id, &body.0.file_id).await?))
}

#[derive(Deserialize)]
struct RemoveRequest {
    #[serde(default, deserialize_with = "switch")]
    delete_file: Option<bool>,
}

async fn remove_file(app: Data<App>, Authorized(caller, body): FileForm, id: Path<KnowledgeId>, request: Query<RemoveRequest>) -> Answer {
    let delete = request.delete_file.unwrap_or(true);
    Ok(with_files(&app.knowledge.remove(&caller.0, &id, &body.0.file_id, delete).await?))
}

fn with_files(collection: &WithFiles) -> HttpResponse {
    let knowledge = &collection.view.knowledge;
    let mut answer = knowledge_json(knowledge);
    let file = |file: &File| {
        json!({
            "id": file.id,
            "hash": file.text_hash,
            "meta": meta_json(file, knowledge.id.as_str()),
            "created_at": file.created_at,
            "updated_at": file.updated_at,
        })
    };
    answer["files"] = collection.files.iter().map(file).collect();
    answer["write_access"] = collection.view.write_access.into();
    HttpResponse::Ok().json(answer)
}

fn listed_json(listed: &Listed) -> Value {
    let mut json = knowledge_json(&listed.view.knowledge);
    json["user"] = listed.owner.as_ref().map(user_json).into();
    json["file_count"] = listed.file_count.into();
    json["write_access"] = listed.view.write_access.into();
    json
}

fn knowledge_json(knowledge: &Knowledge) -> Value {
    json!({
        "id": knowledge.id,
        "user_id": knowledge.user_id,
        "name": knowledge.name,
        "description": knowledge.description,
        "meta": knowledge.meta,
        "access_grants": knowledge.access_grants.iter().map(|grant| grant_json(knowledge, grant)).collect::<Value>(),
        "created_at": knowledge.created_at,
        "updated_at": knowledge.updated_at,
    })
}

/// A grant as clients expect it. Grants have no id of their own; one is made of what they say, so that it stays the same.
fn grant_json(knowledge: &Knowledge, grant: &Grant) -> Value {
    let mut json = json!(grant);
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, format!("{}:{json}", knowledge.id).as_bytes());
    json["id"] = id.to_string().into();
    json["resource_type"] = "knowledge".into();
    json["resource_id"] = knowledge.id.as_str().into();
    json["created_at"] = knowledge.created_at.into();
    json
}

fn user_json(user: &User) -> Value {
    json!({ "id": user.id, "name": user.name, "role": user.role, "email": user.email })
}
