//! `/api/models`: what the caller may use. `/api/v1/models/…`: records and presets.

mod list;

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use transom_app::models::{ModelRecordChange, RecordView};
use transom_app::{App, Error, Gateway};
use transom_domain::{Grant, ModelId, ModelRecord};
use utoipa::ToSchema;

use crate::body::{Authorized, Json};
use crate::description::shapes::{GrantShape, ModelRecordShape};
use crate::description::wire::{Model, ModelList};
use crate::params::{Query, given};
use crate::reply::{List, Reply};
use crate::table::Table;
use crate::{Admin, ApiError, SignedIn};

pub(crate) fn routes(table: &mut Table) {
    catalogue_routes(table);
    record_routes(table);
}

/// What there is, for whom.
pub(crate) fn catalogue_routes(table: &mut Table) {
    table.at(["/api/models", "/api/v1/models"]).get(list_models);
    table.at("/api/models/base").get(list_base_models);
}

fn record_routes(table: &mut Table) {
    table.at("/api/v1/models/list").get(list::list_records);
    table.at("/api/v1/models/base").get(list::list_base_records);
    table.at("/api/v1/models/all").get(list::all_records);
    table.at("/api/v1/models/tags").get(list::list_model_tags);
    table.at("/api/v1/models/create").post(create_record);
    table.at("/api/v1/models/export").get(export_records);
    table.at("/api/v1/models/import").post(import_records);
    table.at("/api/v1/models/sync").post(sync_records);
    table.at("/api/v1/models/model").get(get_record).or([404]);
    table.at("/api/v1/models/model/update").post(update_record).or([404]);
    table.at("/api/v1/models/model/access/update").post(update_grants).or([404]);
    table.at("/api/v1/models/model/toggle").post(toggle_record).or([404]);
    table.at("/api/v1/models/model/delete").post(delete_record).or([404]);
    table.at("/api/v1/models/delete/all").delete(delete_records);
}

#[derive(Deserialize, ToSchema)]
struct ListQuery {
    /// Asks the upstreams anew
    #[serde(default)]
    refresh: bool,
}

/// A model record by its id.
#[derive(Deserialize, ToSchema)]
struct ById {
    #[schema(value_type = String)]
    id: ModelId,
}

/// A record as clients send it.
#[derive(Deserialize, ToSchema)]
struct RecordRequest {
    #[schema(value_type = String, min_length = 1, max_length = 256, pattern = r"^[^\s\x00-\x1f\x7f-\x9f]+$")]
    id: ModelId,
    /// The model that a preset stands on. A change that leaves it out leaves it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    base_model_id: Option<Option<ModelId>>,
    name: String,
    #[serde(default)]
    meta: Map<String, Value>,
    #[serde(default)]
    params: Map<String, Value>,
    #[schema(value_type = Option<Vec<GrantShape>>)]
    access_grants: Option<Vec<Grant>>,
    /// Whether it can be used. A change that leaves it out leaves it; a new record can be.
    is_active: Option<bool>,
}

impl From<RecordRequest> for ModelRecordChange {
    fn from(request: RecordRequest) -> Self {
        let RecordRequest { id, base_model_id, name, meta, params, access_grants, is_active } = request;
        // Clients send an empty text for none.
        let base_model_id = base_model_id.map(|base| base.filter(|base| !base.as_str().is_empty()));
        Self { id, base_model_id, name, params, meta, access_grants, is_active }
    }
}

/// Who may use a model from now on.
#[derive(Deserialize, ToSchema)]
struct GrantsRequest {
    /// An upstream's model may have spaces in its name.
    #[schema(value_type = String, min_length = 1, max_length = 256, pattern = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$")]
    id: ModelId,
    name: Option<String>,
    #[schema(value_type = Vec<GrantShape>)]
    access_grants: Vec<Grant>,
}

/// Records, as an export holds them.
#[derive(Deserialize, ToSchema)]
struct RecordsRequest {
    #[serde(default)]
    models: Vec<RecordRequest>,
}

#[derive(ToSchema)]
struct ExportQuery {
    /// Only these; named once each
    #[schema(value_type = Option<Vec<String>>)]
    ids: Vec<ModelId>,
}

impl<'de> Deserialize<'de> for ExportQuery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A query names a list by naming its member again and again.
        let members = Vec::<(String, String)>::deserialize(deserializer)?;
        Ok(Self { ids: members.into_iter().filter(|(name, _)| name == "ids").map(|(_, id)| ModelId::from(id)).collect() })
    }
}

/// A record with whether the caller may change it.
#[derive(Serialize, ToSchema)]
struct RecordResponse {
    #[serde(flatten)]
    #[schema(value_type = ModelRecordShape)]
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

/// The upstreams' models, without presets.
#[derive(Serialize, ToSchema)]
struct BaseModels {
    #[schema(value_type = Vec<Model>)]
    data: Vec<Value>,
}

/// Lists the models that the caller may use
#[api_v2_operation]
async fn list_models(gateway: Data<Gateway>, SignedIn(caller): SignedIn, query: Query<ListQuery>) -> Result<Reply<ModelList>, ApiError> {
    Ok(Reply::written(gateway.models.list(&caller, query.refresh).await?))
}

/// Lists the upstreams' models
#[api_v2_operation]
async fn list_base_models(gateway: Data<Gateway>, _admin: Admin) -> Result<Reply<BaseModels>, ApiError> {
    let entries = gateway.models.base_models().await?;
    let data: Result<Vec<Value>, Error> =
        entries.iter().map(|entry| serde_json::from_slice(entry.json()).map_err(Error::internal)).collect();
    Ok(Reply::of(&BaseModels { data: data? }))
}

/// Shows a record
#[api_v2_operation]
async fn get_record(app: Data<App>, SignedIn(caller): SignedIn, query: Query<ById>) -> Result<Reply<RecordResponse>, ApiError> {
    Ok(Reply::of(&RecordResponse::from(app.models.record_for(&caller, &query.id).await?)))
}

/// Makes a record for an upstream's model, or a preset over one
#[api_v2_operation]
async fn create_record(app: Data<App>, call: Authorized<SignedIn, Json<RecordRequest>>) -> Result<Reply<ModelRecordShape>, ApiError> {
    let Authorized(SignedIn(caller), Json(request)) = call;
    Ok(Reply::shaped(&app.models.create_record(&caller, ModelRecordChange::from(request).into()).await?))
}

/// Changes a record
#[api_v2_operation]
async fn update_record(app: Data<App>, call: Authorized<SignedIn, Json<RecordRequest>>) -> Result<Reply<ModelRecordShape>, ApiError> {
    let Authorized(SignedIn(caller), Json(request)) = call;
    Ok(Reply::shaped(&app.models.update_record(&caller, request.into()).await?))
}

/// Says who may use a model
#[api_v2_operation]
async fn update_grants(app: Data<App>, call: Authorized<SignedIn, Json<GrantsRequest>>) -> Result<Reply<ModelRecordShape>, ApiError> {
    let Authorized(SignedIn(caller), Json(request)) = call;
    let record = app.models.set_grants(&caller, &request.id, request.name, request.access_grants).await?;
    Ok(Reply::shaped(&record))
}

/// Switches a model off, or on again
#[api_v2_operation]
async fn toggle_record(app: Data<App>, SignedIn(caller): SignedIn, query: Query<ById>) -> Result<Reply<ModelRecordShape>, ApiError> {
    Ok(Reply::shaped(&app.models.toggle_record(&caller, &query.id).await?))
}

/// Deletes a record
#[api_v2_operation]
async fn delete_record(app: Data<App>, call: Authorized<SignedIn, Json<ById>>) -> Result<Reply<bool>, ApiError> {
    let Authorized(SignedIn(caller), Json(request)) = call;
    app.models.delete_record(&caller, &request.id).await?;
    Ok(Reply::of(&true))
}

/// Deletes all records
#[api_v2_operation]
async fn delete_records(app: Data<App>, Admin(caller): Admin) -> Result<Reply<bool>, ApiError> {
    for RecordView { record, .. } in app.models.records(&caller).await? {
        app.models.delete_record(&caller, &record.id).await?;
    }
    Ok(Reply::of(&true))
}

/// Gives the records that the caller may change, for an import elsewhere
#[api_v2_operation]
async fn export_records(app: Data<App>, SignedIn(caller): SignedIn, query: Query<ExportQuery>) -> Result<List<ModelRecordShape>, ApiError> {
    if !caller.may("workspace.models_export") {
        return Err(Error::WrongRole.into());
    }
    let ids = &query.ids;
    let records = app.models.records(&caller).await?.into_iter().filter(|view| view.write_access).map(|view| view.record);
    let records: Vec<ModelRecord> = records.filter(|record| ids.is_empty() || ids.contains(&record.id)).collect();
    if let Some(other) = ids.iter().find(|id| !records.iter().any(|record| record.id == **id)) {
        return Err(Error::Forbidden(format!("model record {other} is not there, or not yours to take along")).into());
    }
    Ok(List::shaped(&records))
}

/// Takes records of an export, over those of the same id
#[api_v2_operation]
async fn import_records(app: Data<App>, call: Authorized<SignedIn, Json<RecordsRequest>>) -> Result<Reply<bool>, ApiError> {
    let Authorized(SignedIn(caller), Json(request)) = call;
    if !caller.may("workspace.models_import") {
        return Err(Error::WrongRole.into());
    }
    app.models.import_records(&caller, request.models.into_iter().map(Into::into).collect()).await?;
    Ok(Reply::of(&true))
}

/// Makes the records exactly those that are sent
#[api_v2_operation]
async fn sync_records(app: Data<App>, call: Authorized<Admin, Json<RecordsRequest>>) -> Result<List<ModelRecordShape>, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    let wanted: Vec<ModelRecordChange> = request.models.into_iter().map(Into::into).collect();
    for RecordView { record, .. } in app.models.records(&caller).await? {
        if !wanted.iter().any(|new| new.id == record.id) {
            app.models.delete_record(&caller, &record.id).await?;
        }
    }
    Ok(List::shaped(&app.models.import_records(&caller, wanted).await?))
}
