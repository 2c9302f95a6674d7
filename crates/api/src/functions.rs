//! `/api/v1/functions/…`: administrators write, switch and set functions; users set their own values.

use actix_web::web::{self, Data, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use transom_app::App;
use transom_app::functions::{FunctionDraft, FunctionView, Switch, SyncDraft, VersionView};
use transom_domain::{FunctionId, FunctionRecord, FunctionSnapshot, User, VersionId};

use crate::body::{Authorized, Json};
use crate::{Admin, ApiError, SignedIn};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource(["/api/v1/functions", "/api/v1/functions/"]).route(web::get().to(list_functions)))
        .service(web::resource("/api/v1/functions/list").route(web::get().to(list_with_users)))
        .service(web::resource("/api/v1/functions/export").route(web::get().to(export_functions)))
        .service(web::resource("/api/v1/functions/load/url").route(web::post().to(load_from_url)))
        .service(web::resource("/api/v1/functions/sync").route(web::post().to(sync_functions)))
        .service(web::resource("/api/v1/functions/create").route(web::post().to(create_function)))
        .service(web::resource("/api/v1/functions/id/{id}").route(web::get().to(get_function)))
        .service(web::resource("/api/v1/functions/id/{id}/toggle").route(web::post().to(toggle_function)))
        .service(web::resource("/api/v1/functions/id/{id}/toggle/global").route(web::post().to(toggle_global)))
        .service(web::resource("/api/v1/functions/id/{id}/update").route(web::post().to(update_function)))
        .service(web::resource("/api/v1/functions/id/{id}/update/version").route(web::post().to(restore_version)))
        .service(web::resource("/api/v1/functions/id/{id}/delete").route(web::delete().to(delete_function)))
        .service(web::resource("/api/v1/functions/id/{id}/valves").route(web::get().to(get_valves)))
        .service(web::resource("/api/v1/functions/id/{id}/valves/spec").route(web::get().to(get_valves_spec)))
        .service(web::resource("/api/v1/functions/id/{id}/valves/update").route(web::post().to(update_valves)))
        .service(web::resource("/api/v1/functions/id/{id}/valves/user").route(web::get().to(get_user_valves)))
        .service(web::resource("/api/v1/functions/id/{id}/valves/user/spec").route(web::get().to(get_user_valves_spec)))
        .service(web::resource("/api/v1/functions/id/{id}/valves/user/update").route(web::post().to(update_user_valves)))
        .service(web::resource("/api/v1/functions/id/{id}/history").route(web::get().to(list_versions)))
        .service(web::resource("/api/v1/functions/id/{id}/history/diff").route(web::get().to(compare_versions)))
        .service(
            web::resource("/api/v1/functions/id/{id}/history/{version}")
                .route(web::get().to(get_version))
                .route(web::delete().to(delete_version)),
        );
}

/// A function as clients send it.
#[derive(Deserialize)]
struct FunctionRequest {
    id: String,
    name: String,
    content: String,
    meta: Map<String, Value>,
    commit_message: Option<String>,
}

impl From<FunctionRequest> for FunctionDraft {
    fn from(request: FunctionRequest) -> Self {
        let FunctionRequest { id, name, content, meta, commit_message } = request;
        Self { id, name, content, meta, commit_message }
    }
}

/// A function of a whole set, as an export holds it.
#[derive(Deserialize)]
struct SyncRequest {
    #[serde(flatten)]
    function: FunctionRequest,
    valves: Option<Map<String, Value>>,
    #[serde(default)]
    is_active: bool,
    #[serde(default)]
    is_global: bool,
}

#[derive(Deserialize)]
struct FunctionsRequest {
    #[serde(default)]
    functions: Vec<SyncRequest>,
}

#[derive(Deserialize)]
struct UrlRequest {
    url: String,
}

#[derive(Deserialize)]
struct VersionRequest {
    version_id: VersionId,
}

#[derive(Deserialize)]
struct ExportQuery {
    #[serde(default)]
    include_valves: bool,
}

#[derive(Deserialize)]
struct PageQuery {
    page: Option<u64>,
}

#[derive(Deserialize)]
struct DiffQuery {
    from_id: VersionId,
    to_id: VersionId,
}

type Call<C, T> = Authorized<C, Json<T>>;

async fn list_functions(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    let functions: Vec<Value> = app.functions.list(&caller).await?.iter().map(brief).collect();
    Ok(HttpResponse::Ok().json(functions))
}

async fn list_with_users(app: Data<App>, Admin(caller): Admin) -> Result<HttpResponse, ApiError> {
    let with_user = |view: FunctionView| {
        let mut function = brief(&view.record);
        function["user"] = json!(view.user.as_ref().map(who));
        function
    };
    let functions: Vec<Value> = app.functions.list_with_users(&caller).await?.into_iter().map(with_user).collect();
    Ok(HttpResponse::Ok().json(functions))
}

async fn export_functions(app: Data<App>, Admin(caller): Admin, query: Query<ExportQuery>) -> Result<HttpResponse, ApiError> {
    let stored = app.functions.export(&caller).await?;
    let functions: Vec<Value> = stored.iter().map(|stored| full(&stored.record, query.include_valves.then_some(&stored.valves))).collect();
    Ok(HttpResponse::Ok().json(functions))
}

async fn load_from_url(app: Data<App>, call: Call<Admin, UrlRequest>) -> Result<HttpResponse, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    let loaded = app.functions.load(&caller, &request.url).await?;
    Ok(HttpResponse::Ok().json(json!({"name": loaded.name, "content": loaded.content})))
}

async fn sync_functions(app: Data<App>, call: Call<Admin, FunctionsRequest>) -> Result<HttpResponse, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    let draft = |SyncRequest { function, valves, is_active, is_global }: SyncRequest| SyncDraft {
        draft: function.into(),
        valves,
        is_active,
        is_global,
    };
    let stored = app.functions.sync(&caller, request.functions.into_iter().map(draft).collect()).await?;
    let functions: Vec<Value> = stored.iter().map(|stored| full(&stored.record, Some(&stored.valves))).collect();
    Ok(HttpResponse::Ok().json(functions))
}

async fn create_function(app: Data<App>, call: Call<Admin, FunctionRequest>) -> Result<HttpResponse, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    Ok(HttpResponse::Ok().json(brief(&app.functions.create(&caller, request.into()).await?)))
}

async fn get_function(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.functions.get(&caller, &id).await?))
}

async fn toggle_function(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.functions.toggle(&caller, &id, Switch::Active).await?))
}

async fn toggle_global(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.functions.toggle(&caller, &id, Switch::Global).await?))
}

async fn update_function(app: Data<App>, id: Path<FunctionId>, call: Call<Admin, FunctionRequest>) -> Result<HttpResponse, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    Ok(HttpResponse::Ok().json(app.functions.update(&caller, &id, request.into()).await?))
}

async fn delete_function(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.functions.delete(&caller, &id).await?))
}

async fn get_valves(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.functions.valves(&caller, &id).await?))
}

async fn get_valves_spec(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.functions.valves_spec(&caller, &id).await?))
}

async fn update_valves(app: Data<App>, id: Path<FunctionId>, call: Call<Admin, Map<String, Value>>) -> Result<HttpResponse, ApiError> {
    let Authorized(Admin(caller), Json(values)) = call;
    Ok(HttpResponse::Ok().json(app.functions.set_valves(&caller, &id, values).await?))
}

async fn get_user_valves(app: Data<App>, SignedIn(caller): SignedIn, id: Path<FunctionId>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.functions.user_valves(&caller, &id).await?))
}

async fn get_user_valves_spec(app: Data<App>, SignedIn(caller): SignedIn, id: Path<FunctionId>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.functions.user_valves_spec(&caller, &id).await?))
}

async fn update_user_valves(
    app: Data<App>,
    id: Path<FunctionId>,
    call: Call<SignedIn, Map<String, Value>>,
) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), Json(values)) = call;
    Ok(HttpResponse::Ok().json(app.functions.set_user_valves(&caller, &id, values).await?))
}

async fn list_versions(
    app: Data<App>,
    Admin(caller): Admin,
    id: Path<FunctionId>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let views = app.functions.history(&caller, &id, query.page.unwrap_or(1)).await?;
    Ok(HttpResponse::Ok().json(views.iter().map(version).collect::<Vec<_>>()))
}

async fn get_version(app: Data<App>, Admin(caller): Admin, path: Path<(FunctionId, VersionId)>) -> Result<HttpResponse, ApiError> {
    let (id, version_id) = path.into_inner();
    let view = app.functions.version(&caller, &id, &version_id).await?;
    let mut shown = version(&view);
    shown["snapshot"] = snapshot(&view.version.snapshot);
    Ok(HttpResponse::Ok().json(shown))
}

async fn compare_versions(
    app: Data<App>,
    Admin(caller): Admin,
    id: Path<FunctionId>,
    query: Query<DiffQuery>,
) -> Result<HttpResponse, ApiError> {
    let diff = app.functions.compare(&caller, &id, &query.from_id, &query.to_id).await?;
    Ok(HttpResponse::Ok().json(json!({
        "from_id": diff.from.id,
        "to_id": diff.to.id,
        "from_snapshot": snapshot(&diff.from.snapshot),
        "to_snapshot": snapshot(&diff.to.snapshot),
        "content_diff": diff.lines,
        "name_changed": diff.from.snapshot.name != diff.to.snapshot.name,
    })))
}

async fn restore_version(app: Data<App>, id: Path<FunctionId>, call: Call<Admin, VersionRequest>) -> Result<HttpResponse, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    Ok(HttpResponse::Ok().json(app.functions.restore(&caller, &id, &request.version_id).await?))
}

async fn delete_version(app: Data<App>, Admin(caller): Admin, path: Path<(FunctionId, VersionId)>) -> Result<HttpResponse, ApiError> {
    let (id, version_id) = path.into_inner();
    app.functions.delete_version(&caller, &id, &version_id).await?;
    Ok(HttpResponse::Ok().json(true))
}

/// A function without its code.
fn brief(record: &FunctionRecord) -> Value {
    json!({
        "version_id": record.version_id,
        "id": record.id,
        "user_id": record.user_id,
        "type": record.kind,
        "name": record.name,
        "meta": record.meta,
        "is_active": record.is_active,
        "is_global": record.is_global,
        "updated_at": record.updated_at,
        "created_at": record.created_at,
    })
}

/// A function with its code, and with the values of its settings where they are asked for.
fn full(record: &FunctionRecord, valves: Option<&Map<String, Value>>) -> Value {
    let mut function = brief(record);
    function["content"] = json!(record.content);
    if let Some(valves) = valves {
        function["valves"] = json!(valves);
    }
    function
}

fn version(view: &VersionView) -> Value {
    let VersionView { version, user } = view;
    json!({
        "id": version.id,
        "function_id": version.function_id,
        "parent_id": version.parent_id,
        "user_id": version.user_id,
        "commit_message": version.commit_message,
        "created_at": version.created_at,
        "user": user.as_ref().map(who),
    })
}

fn snapshot(snapshot: &FunctionSnapshot) -> Value {
    json!(snapshot)
}

fn who(user: &User) -> Value {
    json!({"id": user.id, "name": user.name, "role": user.role, "email": user.email})
}
