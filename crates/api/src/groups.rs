//! `/api/v1/groups/…`.

use actix_web::web::{self, Data, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use transom_app::App;
use transom_app::groups::{GroupPatch, NewGroup};
use transom_domain::{Group, GroupId, Permissions, UserId};

use crate::body::{Authorized, Json};
use crate::user_shapes::info;
use crate::{Admin, ApiError, SignedIn};

const PAGE: usize = 30;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource(["/api/v1/groups", "/api/v1/groups/"]).route(web::get().to(list_groups)))
        .service(web::resource("/api/v1/groups/create").route(web::post().to(create_group)))
        .service(web::resource("/api/v1/groups/id/{id}").route(web::get().to(get_group)))
        .service(web::resource("/api/v1/groups/id/{id}/info").route(web::get().to(get_group_info)))
        .service(web::resource("/api/v1/groups/id/{id}/export").route(web::get().to(export_group)))
        .service(web::resource("/api/v1/groups/id/{id}/update").route(web::post().to(update_group)))
        .service(web::resource("/api/v1/groups/id/{id}/members").route(web::get().to(list_members)))
        .service(web::resource("/api/v1/groups/id/{id}/users").route(web::post().to(list_group_users)))
        .service(web::resource("/api/v1/groups/id/{id}/users/add").route(web::post().to(add_members)))
        .service(web::resource("/api/v1/groups/id/{id}/users/remove").route(web::post().to(remove_members)))
        .service(web::resource("/api/v1/groups/id/{id}/delete").route(web::delete().to(delete_group)));
}

#[derive(Deserialize)]
struct GroupRequest {
    name: String,
    #[serde(default)]
    description: String,
    permissions: Option<Permissions>,
    data: Option<Value>,
}

#[derive(Deserialize)]
struct MembersRequest {
    user_ids: Option<Vec<UserId>>,
}

#[derive(Deserialize)]
struct MembersQuery {
    #[serde(default)]
    query: String,
    page: Option<usize>,
}

/// A group as its administrators see it.
pub(crate) fn shape(group: &Group) -> Value {
    json!({
        "parent_group_id": null,
        "id": group.id,
        "user_id": group.user_id,
        "name": group.name,
        "description": group.description,
        "data": group.data,
        "meta": group.meta,
        "permissions": group.permissions,
        "created_at": group.created_at,
        "updated_at": group.updated_at,
        "member_count": group.member_ids.len(),
    })
}

async fn list_groups(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    let groups = app.groups.list(&caller).await?;
    Ok(HttpResponse::Ok().json(groups.iter().map(shape).collect::<Vec<_>>()))
}

async fn create_group(
    app: Data<App>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<GroupRequest>>,
) -> Result<HttpResponse, ApiError> {
    let new = NewGroup { name: request.name, description: request.description, permissions: request.permissions, data: request.data };
    Ok(HttpResponse::Ok().json(shape(&app.groups.create(&caller, new).await?)))
}

async fn get_group(app: Data<App>, Admin(caller): Admin, id: Path<GroupId>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(shape(&app.groups.get(&caller, &id).await?)))
}

async fn get_group_info(app: Data<App>, SignedIn(caller): SignedIn, id: Path<GroupId>) -> Result<HttpResponse, ApiError> {
    let group = app.groups.get(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(json!({
        "parent_group_id": null,
        "id": group.id,
        "user_id": group.user_id,
        "name": group.name,
        "description": group.description,
        "member_count": group.member_ids.len(),
        "created_at": group.created_at,
        "updated_at": group.updated_at,
    })))
}

async fn export_group(app: Data<App>, Admin(caller): Admin, id: Path<GroupId>) -> Result<HttpResponse, ApiError> {
    let group = app.groups.get(&caller, &id).await?;
    let mut body = shape(&group);
    body["user_ids"] = json!(group.member_ids);
    Ok(HttpResponse::Ok().json(body))
}

async fn update_group(
    app: Data<App>,
    id: Path<GroupId>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<GroupRequest>>,
) -> Result<HttpResponse, ApiError> {
    let patch = GroupPatch {
        name: Some(request.name),
        description: Some(request.description),
        permissions: request.permissions,
        data: request.data,
    };
    Ok(HttpResponse::Ok().json(shape(&app.groups.update(&caller, &id, patch).await?)))
}

async fn list_members(
    app: Data<App>,
    Admin(caller): Admin,
    id: Path<GroupId>,
    query: Query<MembersQuery>,
) -> Result<HttpResponse, ApiError> {
    let wanted = query.query.to_lowercase();
    let mut members = app.groups.members(&caller, &id).await?;
    members.retain(|user| user.name.to_lowercase().contains(&wanted) || user.email.contains(&wanted));
    let total = members.len();
    let skip = query.page.unwrap_or(1).saturating_sub(1).saturating_mul(PAGE);
    let items: Vec<Value> = members
        .iter()
        .skip(skip)
        .take(PAGE)
        .map(|user| {
            let mut item = info(user, &[]);
            item["membership_type"] = json!("direct");
            item["via_group_ids"] = json!([]);
            item
        })
        .collect();
    let counts = json!({"direct": total, "inherited": 0, "effective": total});
    Ok(HttpResponse::Ok().json(json!({"items": items, "total": total, "counts": counts})))
}

async fn list_group_users(app: Data<App>, Admin(caller): Admin, id: Path<GroupId>) -> Result<HttpResponse, ApiError> {
    let users = app.groups.members(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(users.iter().map(|user| info(user, &[])).collect::<Vec<_>>()))
}

async fn add_members(
    app: Data<App>,
    id: Path<GroupId>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<MembersRequest>>,
) -> Result<HttpResponse, ApiError> {
    let group = app.groups.add(&caller, &id, &request.user_ids.unwrap_or_default()).await?;
    Ok(HttpResponse::Ok().json(shape(&group)))
}

async fn remove_members(
    app: Data<App>,
    id: Path<GroupId>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<MembersRequest>>,
) -> Result<HttpResponse, ApiError> {
    let group = app.groups.remove(&caller, &id, &request.user_ids.unwrap_or_default()).await?;
    Ok(HttpResponse::Ok().json(shape(&group)))
}

async fn delete_group(app: Data<App>, Admin(caller): Admin, id: Path<GroupId>) -> Result<HttpResponse, ApiError> {
    app.groups.delete(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(true))
}
