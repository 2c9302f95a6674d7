//! `/api/models`: what the caller may use. `/api/v1/models/…`: records and presets.

use actix_web::web::{self, Data, Query, ServiceConfig};
use actix_web::{HttpResponse, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use transom_app::models::NewModelRecord;
use transom_app::models::RecordView;
use transom_app::{App, Error};
use transom_domain::{Grant, ModelId, ModelRecord};

use crate::body::{Authorized, Json};
use crate::{Admin, ApiError, SignedIn, relay};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource(["/api/models", "/api/v1/models"]).route(web::get().to(list_models)))
        .service(web::resource(["/api/models/base", "/api/v1/models/base"]).route(web::get().to(list_base_models)))
        .service(web::resource("/api/v1/models/list").route(web::get().to(list_records)))
        .service(web::resource("/api/v1/models/all").route(web::get().to(all_records)))
        .service(web::resource("/api/v1/models/tags").route(web::get().to(list_tags)))
        .service(web::resource("/api/v1/models/create").route(web::post().to(create_record)))
        .service(web::resource("/api/v1/models/export").route(web::get().to(export_records)))
        .service(web::resource("/api/v1/models/import").route(web::post().to(import_records)))
        .service(web::resource("/api/v1/models/sync").route(web::post().to(sync_records)))
        .service(web::resource("/api/v1/models/model").route(web::get().to(get_record)))
        .service(web::resource("/api/v1/models/model/update").route(web::post().to(update_record)))
        .service(web::resource("/api/v1/models/model/access/update").route(web::post().to(update_grants)))
        .service(web::resource("/api/v1/models/model/toggle").route(web::post().to(toggle_record)))
        .service(web::resource("/api/v1/models/model/delete").route(web::post().to(delete_record)))
        .service(web::resource("/api/v1/models/delete/all").route(web::delete().to(delete_records)));
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    refresh: bool,
}

#[derive(Deserialize)]
struct ById {
    id: ModelId,
}

/// A record as clients send it.
#[derive(Deserialize)]
struct RecordRequest {
    id: ModelId,
    base_model_id: Option<ModelId>,
    name: String,
    #[serde(default)]
    meta: Map<String, Value>,
    #[serde(default)]
    params: Map<String, Value>,
    access_grants: Option<Vec<Grant>>,
    #[serde(default = "yes")]
    is_active: bool,
}

fn yes() -> bool {
    true
}

impl From<RecordRequest> for NewModelRecord {
    fn from(request: RecordRequest) -> Self {
        Self {
            id: request.id,
            // Clients send an empty text for none.
            base_model_id: request.base_model_id.filter(|base| !base.as_str().is_empty()),
            name: request.name,
            params: request.params,
            meta: request.meta,
            access_grants: request.access_grants,
            is_active: request.is_active,
        }
    }
}

#[derive(Deserialize)]
struct GrantsRequest {
    id: ModelId,
    name: Option<String>,
    access_grants: Vec<Grant>,
}

#[derive(Deserialize)]
struct RecordsRequest {
    #[serde(default)]
    models: Vec<RecordRequest>,
}

/// A record with whether the caller may change it.
#[derive(Serialize)]
struct RecordResponse {
    #[serde(flatten)]
    record: ModelRecord,
    write_access: bool,
}

impl From<RecordView> for RecordResponse {
    fn from(view: RecordView) -> Self {
        let RecordView { mut record, write_access } = view;
        if !write_access {
            // A system prompt and the list of who else may use it are their author's.
            record.params = Map::new();
            record.access_grants = Vec::new();
        }
        Self { record, write_access }
    }
}

async fn list_models(app: Data<App>, SignedIn(caller): SignedIn, query: Query<ListQuery>) -> Result<HttpResponse, ApiError> {
    Ok(relay::json(app.models.list(&caller, query.refresh).await?))
}

async fn list_base_models(app: Data<App>, _admin: Admin) -> Result<HttpResponse, ApiError> {
    let entries = app.models.base_models().await?;
    let data: Result<Vec<Value>, Error> =
        entries.iter().map(|entry| serde_json::from_slice(entry.json()).map_err(Error::internal)).collect();
    Ok(HttpResponse::Ok().json(json!({ "data": data? })))
}

async fn list_records(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    let items: Vec<RecordResponse> = app.models.records(&caller).await?.into_iter().map(RecordResponse::from).collect();
    Ok(HttpResponse::Ok().json(json!({ "total": items.len(), "items": items })))
}

async fn all_records(app: Data<App>, Admin(caller): Admin) -> Result<HttpResponse, ApiError> {
    let records: Vec<ModelRecord> = app.models.records(&caller).await?.into_iter().map(|view| view.record).collect();
    Ok(HttpResponse::Ok().json(records))
}

async fn list_tags(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    let mut tags: Vec<String> = Vec::new();
    for RecordView { record, .. } in app.models.records(&caller).await? {
        let named = record.meta.get("tags").and_then(Value::as_array).into_iter().flatten();
        tags.extend(named.filter_map(|tag| tag.as_str().or_else(|| tag["name"].as_str())).map(str::to_owned));
    }
    tags.sort();
    tags.dedup();
    Ok(HttpResponse::Ok().json(tags))
}

async fn get_record(app: Data<App>, SignedIn(caller): SignedIn, query: Query<ById>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(RecordResponse::from(app.models.record_for(&caller, &query.id).await?)))
}

async fn create_record(app: Data<App>, call: Authorized<SignedIn, Json<RecordRequest>>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), Json(request)) = call;
    Ok(HttpResponse::Ok().json(app.models.create_record(&caller, request.into()).await?))
}

async fn update_record(app: Data<App>, call: Authorized<SignedIn, Json<RecordRequest>>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), Json(request)) = call;
    Ok(HttpResponse::Ok().json(app.models.update_record(&caller, request.into()).await?))
}

async fn update_grants(app: Data<App>, call: Authorized<SignedIn, Json<GrantsRequest>>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), Json(request)) = call;
    let record = app.models.set_grants(&caller, &request.id, request.name, request.access_grants).await?;
    Ok(HttpResponse::Ok().json(record))
}

async fn toggle_record(app: Data<App>, SignedIn(caller): SignedIn, query: Query<ById>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.models.toggle_record(&caller, &query.id).await?))
}

async fn delete_record(app: Data<App>, call: Authorized<SignedIn, Json<ById>>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), Json(request)) = call;
    app.models.delete_record(&caller, &request.id).await?;
    Ok(HttpResponse::Ok().json(true))
}

async fn delete_records(app: Data<App>, Admin(caller): Admin) -> Result<HttpResponse, ApiError> {
    for RecordView { record, .. } in app.models.records(&caller).await? {
        app.models.delete_record(&caller, &record.id).await?;
    }
    Ok(HttpResponse::Ok().json(true))
}

async fn export_records(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    if !caller.may("workspace.models_export") {
        return Err(Error::WrongRole.into());
    }
    let records: Vec<ModelRecord> =
        app.models.records(&caller).await?.into_iter().filter(|view| view.write_access).map(|view| view.record).collect();
    Ok(HttpResponse::Ok().json(records))
}

async fn import_records(app: Data<App>, call: Authorized<SignedIn, Json<RecordsRequest>>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), Json(request)) = call;
    if !caller.may("workspace.models_import") {
        return Err(Error::WrongRole.into());
    }
    app.models.import_records(&caller, request.models.into_iter().map(Into::into).collect()).await?;
    Ok(HttpResponse::Ok().json(true))
}

/// Makes the records exactly those that are sent.
async fn sync_records(app: Data<App>, call: Authorized<Admin, Json<RecordsRequest>>) -> Result<HttpResponse, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    let wanted: Vec<NewModelRecord> = request.models.into_iter().map(Into::into).collect();
    for RecordView { record, .. } in app.models.records(&caller).await? {
        if !wanted.iter().any(|new| new.id == record.id) {
            app.models.delete_record(&caller, &record.id).await?;
        }
    }
    Ok(HttpResponse::Ok().json(app.models.import_records(&caller, wanted).await?))
}
