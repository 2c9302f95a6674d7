//! `/api/v1/functions/…`: administrators write, switch and set functions; users set their own values.

mod shapes;

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use transom_app::App;
use transom_app::functions::Switch;
use transom_domain::{FunctionId, VersionId};

use crate::body::{Authorized, Json};
use crate::description::shapes::{FunctionShape, Object, ObjectOrNull};
use crate::params::{Path, Query};
use crate::reply::{List, Reply};
use crate::table::Table;
use crate::{Admin, ApiError, SignedIn};

use shapes::{
    DiffQuery, ExportQuery, ExportedFunction, FunctionBrief, FunctionRequest, FunctionWithUser, FunctionsRequest, LoadedFunction,
    PageQuery, UrlRequest, Version, VersionDiff, VersionRequest, VersionWithSnapshot,
};

pub(crate) fn routes(table: &mut Table) {
    table.at(["/api/v1/functions/", "/api/v1/functions"]).get(list_functions);
    table.at("/api/v1/functions/list").get(list_functions_with_users);
    table.at("/api/v1/functions/export").get(export_functions);
    table.at("/api/v1/functions/load/url").post(load_from_url);
    table.at("/api/v1/functions/sync").post(sync_functions);
    table.at("/api/v1/functions/create").post(create_function);
    table.at("/api/v1/functions/id/{id}").get(get_function);
    table.at("/api/v1/functions/id/{id}/toggle").post(toggle_function);
    table.at("/api/v1/functions/id/{id}/toggle/global").post(toggle_global);
    table.at("/api/v1/functions/id/{id}/update").post(update_function);
    table.at("/api/v1/functions/id/{id}/update/version").post(restore_version);
    table.at("/api/v1/functions/id/{id}/delete").delete(delete_function);
    table.at("/api/v1/functions/id/{id}/valves").get(get_valves);
    table.at("/api/v1/functions/id/{id}/valves/spec").get(get_valves_spec);
    table.at("/api/v1/functions/id/{id}/valves/update").post(update_valves);
    table.at("/api/v1/functions/id/{id}/valves/user").get(get_user_valves);
    table.at("/api/v1/functions/id/{id}/valves/user/spec").get(get_user_valves_spec);
    table.at("/api/v1/functions/id/{id}/valves/user/update").post(update_user_valves);
    table.at("/api/v1/functions/id/{id}/history").get(list_versions);
    table.at("/api/v1/functions/id/{id}/history/diff").get(compare_versions);
    table.at("/api/v1/functions/id/{id}/history/{version}").get(get_function_version).delete(delete_version);
}

type Call<C, T> = Authorized<C, Json<T>>;

/// Lists functions
#[api_v2_operation]
async fn list_functions(app: Data<App>, SignedIn(caller): SignedIn) -> Result<List<FunctionBrief>, ApiError> {
    Ok(app.functions.list(&caller).await?.iter().map(FunctionBrief::from).collect())
}

/// Lists functions with who wrote them
#[api_v2_operation]
async fn list_functions_with_users(app: Data<App>, Admin(caller): Admin) -> Result<List<FunctionWithUser>, ApiError> {
    Ok(app.functions.list_with_users(&caller).await?.iter().map(FunctionWithUser::from).collect())
}

/// Gives all functions, for another server to take over
#[api_v2_operation]
async fn export_functions(app: Data<App>, Admin(caller): Admin, query: Query<ExportQuery>) -> Result<List<ExportedFunction>, ApiError> {
    let exported = app.functions.export(&caller, query.include_valves).await?;
    Ok(exported.into_iter().map(ExportedFunction::from).collect())
}

/// Reads a function's code from an address, without keeping it
#[api_v2_operation]
async fn load_from_url(app: Data<App>, call: Call<Admin, UrlRequest>) -> Result<Reply<LoadedFunction>, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    let loaded = app.functions.load(&caller, &request.url).await?;
    Ok(Reply::of(&LoadedFunction { name: loaded.name, content: loaded.content }))
}

/// Makes the functions exactly those that are sent
#[api_v2_operation]
async fn sync_functions(app: Data<App>, call: Call<Admin, FunctionsRequest>) -> Result<List<ExportedFunction>, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    let stored = app.functions.sync(&caller, request.functions.into_iter().map(Into::into).collect()).await?;
    Ok(stored.into_iter().map(ExportedFunction::from).collect())
}

/// Makes a function; its code is tried first
#[api_v2_operation]
async fn create_function(app: Data<App>, call: Call<Admin, FunctionRequest>) -> Result<Reply<FunctionBrief>, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    Ok(Reply::of(&FunctionBrief::from(&app.functions.create(&caller, request.into()).await?)))
}

/// Shows a function with its code
#[api_v2_operation]
async fn get_function(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<Reply<FunctionShape>, ApiError> {
    Ok(Reply::shaped(&app.functions.get(&caller, &id).await?))
}

/// Switches a function on or off
#[api_v2_operation]
async fn toggle_function(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<Reply<FunctionShape>, ApiError> {
    Ok(Reply::shaped(&app.functions.toggle(&caller, &id, Switch::Active).await?))
}

/// Has a filter look at all calls, or only at those of models that name it
#[api_v2_operation]
async fn toggle_global(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<Reply<FunctionShape>, ApiError> {
    Ok(Reply::shaped(&app.functions.toggle(&caller, &id, Switch::Global).await?))
}

/// Changes a function; its code is tried first
#[api_v2_operation]
async fn update_function(
    app: Data<App>,
    id: Path<FunctionId>,
    call: Call<Admin, FunctionRequest>,
) -> Result<Reply<FunctionShape>, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    Ok(Reply::shaped(&app.functions.update(&caller, &id, request.into()).await?))
}

/// Deletes a function
#[api_v2_operation]
async fn delete_function(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<Reply<bool>, ApiError> {
    Ok(Reply::shaped(&app.functions.delete(&caller, &id).await?))
}

/// Shows the values of a function's settings
#[api_v2_operation]
async fn get_valves(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<Reply<Object>, ApiError> {
    Ok(Reply::shaped(&app.functions.valves(&caller, &id).await?))
}

/// Shows which settings a function has, as a JSON schema
#[api_v2_operation]
async fn get_valves_spec(app: Data<App>, Admin(caller): Admin, id: Path<FunctionId>) -> Result<Reply<ObjectOrNull>, ApiError> {
    Ok(Reply::shaped(&app.functions.valves_spec(&caller, &id).await?))
}

/// Sets the values of a function's settings
#[api_v2_operation]
async fn update_valves(app: Data<App>, id: Path<FunctionId>, call: Call<Admin, Object>) -> Result<Reply<Object>, ApiError> {
    let Authorized(Admin(caller), Json(values)) = call;
    Ok(Reply::shaped(&app.functions.set_valves(&caller, &id, values.0).await?))
}

/// Shows the caller's own values of a function's settings
#[api_v2_operation]
async fn get_user_valves(app: Data<App>, SignedIn(caller): SignedIn, id: Path<FunctionId>) -> Result<Reply<Object>, ApiError> {
    Ok(Reply::shaped(&app.functions.user_valves(&caller, &id).await?))
}

/// Shows which settings of a function users have of their own, as a JSON schema
#[api_v2_operation]
async fn get_user_valves_spec(app: Data<App>, SignedIn(caller): SignedIn, id: Path<FunctionId>) -> Result<Reply<ObjectOrNull>, ApiError> {
    Ok(Reply::shaped(&app.functions.user_valves_spec(&caller, &id).await?))
}

/// Sets the caller's own values of a function's settings
#[api_v2_operation]
async fn update_user_valves(app: Data<App>, id: Path<FunctionId>, call: Call<SignedIn, Object>) -> Result<Reply<Object>, ApiError> {
    let Authorized(SignedIn(caller), Json(values)) = call;
    Ok(Reply::shaped(&app.functions.set_user_valves(&caller, &id, values.0).await?))
}

/// Lists a function's versions
#[api_v2_operation]
async fn list_versions(
    app: Data<App>,
    Admin(caller): Admin,
    id: Path<FunctionId>,
    query: Query<PageQuery>,
) -> Result<List<Version>, ApiError> {
    let views = app.functions.history(&caller, &id, query.page.unwrap_or(1)).await?;
    Ok(views.iter().map(Version::from).collect())
}

/// Shows a version with what it keeps
#[api_v2_operation]
async fn get_function_version(
    app: Data<App>,
    Admin(caller): Admin,
    path: Path<(FunctionId, VersionId)>,
) -> Result<Reply<VersionWithSnapshot>, ApiError> {
    let (id, version_id) = &path.0;
    Ok(Reply::of(&VersionWithSnapshot::from(&app.functions.version(&caller, id, version_id).await?)))
}

/// Shows what is different between two versions
#[api_v2_operation]
async fn compare_versions(
    app: Data<App>,
    Admin(caller): Admin,
    id: Path<FunctionId>,
    query: Query<DiffQuery>,
) -> Result<Reply<VersionDiff>, ApiError> {
    Ok(Reply::of(&app.functions.compare(&caller, &id, &query.from_id, &query.to_id).await?.into()))
}

/// Makes a function what it was at a version
#[api_v2_operation]
async fn restore_version(
    app: Data<App>,
    id: Path<FunctionId>,
    call: Call<Admin, VersionRequest>,
) -> Result<Reply<FunctionShape>, ApiError> {
    let Authorized(Admin(caller), Json(request)) = call;
    Ok(Reply::shaped(&app.functions.restore(&caller, &id, &request.version_id).await?))
}

/// Deletes a version that is not the present one
#[api_v2_operation]
async fn delete_version(app: Data<App>, Admin(caller): Admin, path: Path<(FunctionId, VersionId)>) -> Result<Reply<bool>, ApiError> {
    let (id, version_id) = &path.0;
    app.functions.delete_version(&caller, id, version_id).await?;
    Ok(Reply::of(&true))
}
