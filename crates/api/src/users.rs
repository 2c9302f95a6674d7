//! `/api/v1/users/…`: the administrator's view of accounts, the defaults of permissions, and one's own settings.

use actix_web::web::{self, Data, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use transom_app::App;
use transom_app::accounts::{Direction, UserOrder, UserQuery};
use transom_app::accounts::{UserUpdate, default_permissions};
use transom_domain::{Permissions, UserId};

use crate::accounts::role;
use crate::body::{Authorized, Json};
use crate::user_shapes::{brief, full, info};
use crate::{Admin, ApiError, SignedIn, pictures};

const PAGE: u64 = 30;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource(["/api/v1/users", "/api/v1/users/"]).route(web::get().to(list_users)))
        .service(web::resource("/api/v1/users/all").route(web::get().to(all_users)))
        .service(web::resource("/api/v1/users/search").route(web::get().to(search_users)))
        .service(web::resource("/api/v1/users/groups").route(web::get().to(own_groups)))
        .service(web::resource("/api/v1/users/permissions").route(web::get().to(own_permissions)))
        .service(
            web::resource("/api/v1/users/default/permissions")
                .route(web::get().to(get_default_permissions))
                .route(web::post().to(set_default_permissions)),
        )
        .service(web::resource("/api/v1/users/default/permissions/defaults").route(web::get().to(built_in_permissions)))
        .service(web::resource("/api/v1/users/user/settings").route(web::get().to(get_settings)))
        .service(web::resource("/api/v1/users/user/settings/update").route(web::post().to(update_settings)))
        .service(web::resource("/api/v1/users/user/info").route(web::get().to(get_info)))
        .service(web::resource("/api/v1/users/user/info/update").route(web::post().to(update_info)))
        .service(web::resource("/api/v1/users/{id}").route(web::get().to(get_user)).route(web::delete().to(delete_user)))
        .service(web::resource("/api/v1/users/{id}/info").route(web::get().to(get_user_info)))
        .service(web::resource("/api/v1/users/{id}/active").route(web::get().to(get_user_active)))
        .service(web::resource("/api/v1/users/{id}/update").route(web::post().to(update_user)))
        .service(web::resource("/api/v1/users/{id}/groups").route(web::get().to(get_user_groups)))
        .service(web::resource("/api/v1/users/{id}/sessions/revoke").route(web::post().to(revoke_sessions)))
        .service(web::resource("/api/v1/users/{id}/profile/image").route(web::get().to(pictures::get_picture)));
}

#[derive(Deserialize)]
struct ListQuery {
    query: Option<String>,
    order_by: Option<String>,
    direction: Option<String>,
    page: Option<u64>,
}

impl From<ListQuery> for UserQuery {
    fn from(query: ListQuery) -> Self {
        Self {
            search: query.query.filter(|text| !text.is_empty()),
            order: match query.order_by.as_deref() {
                Some("name") => UserOrder::Name,
                Some("email") => UserOrder::Email,
                Some("role") => UserOrder::Role,
                Some("last_active_at") => UserOrder::LastActiveAt,
                Some("updated_at") => UserOrder::UpdatedAt,
                _ => UserOrder::CreatedAt,
            },
            direction: if query.direction.as_deref() == Some("asc") { Direction::Ascending } else { Direction::Descending },
            skip: query.page.unwrap_or(1).saturating_sub(1).saturating_mul(PAGE),
            limit: Some(PAGE),
        }
    }
}

#[derive(Deserialize)]
struct UpdateRequest {
    role: Option<String>,
    name: Option<String>,
    email: Option<String>,
    profile_image_url: Option<String>,
    password: Option<String>,
}

async fn list_users(app: Data<App>, Admin(caller): Admin, query: Query<ListQuery>) -> Result<HttpResponse, ApiError> {
    let page = app.accounts.list(&caller, &query.into_inner().into()).await?;
    let users: Vec<Value> = page
        .users
        .into_iter()
        .map(|listed| {
            let mut user = full(&listed.user);
            user["group_ids"] = json!(listed.groups);
            user
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({"users": users, "total": page.total})))
}

async fn all_users(app: Data<App>, Admin(caller): Admin) -> Result<HttpResponse, ApiError> {
    let page = app.accounts.list(&caller, &UserQuery::default()).await?;
    let users: Vec<Value> = page.users.iter().map(|listed| info(&listed.user, &[])).collect();
    Ok(HttpResponse::Ok().json(json!({"users": users, "total": page.total})))
}

async fn search_users(app: Data<App>, SignedIn(caller): SignedIn, query: Query<ListQuery>) -> Result<HttpResponse, ApiError> {
    let (users, total) = app.accounts.search(&caller, &query.into_inner().into()).await?;
    let users: Vec<Value> = users.iter().map(|user| info(user, &[])).collect();
    Ok(HttpResponse::Ok().json(json!({"users": users, "total": total})))
}

async fn own_groups(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    let groups = app.accounts.groups_of(&caller, &caller.id).await?;
    Ok(HttpResponse::Ok().json(groups.iter().map(crate::groups::shape).collect::<Vec<_>>()))
}

async fn own_permissions(SignedIn(caller): SignedIn) -> HttpResponse {
    HttpResponse::Ok().json(&*caller.permissions)
}

async fn get_default_permissions(app: Data<App>, Admin(caller): Admin) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.accounts.default_permissions(&caller).await?))
}

async fn set_default_permissions(
    app: Data<App>,
    Authorized(Admin(caller), Json(tree)): Authorized<Admin, Json<Permissions>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.accounts.set_default_permissions(&caller, tree).await?))
}

async fn built_in_permissions(_admin: Admin) -> HttpResponse {
    HttpResponse::Ok().json(default_permissions())
}

async fn get_settings(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.accounts.user(&caller.id).await?.settings))
}

async fn update_settings(
    app: Data<App>,
    Authorized(SignedIn(caller), Json(settings)): Authorized<SignedIn, Json<Map<String, Value>>>,
) -> Result<HttpResponse, ApiError> {
    let user = app.accounts.update_settings(&caller, Value::Object(settings)).await?;
    Ok(HttpResponse::Ok().json(user.settings))
}

async fn get_info(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.accounts.user(&caller.id).await?.info))
}

async fn update_info(
    app: Data<App>,
    Authorized(SignedIn(caller), Json(more)): Authorized<SignedIn, Json<Map<String, Value>>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.accounts.update_info(&caller, more).await?.info))
}

async fn get_user(app: Data<App>, SignedIn(caller): SignedIn, id: Path<UserId>) -> Result<HttpResponse, ApiError> {
    let user = app.accounts.user(&id).await?;
    let groups = if caller.is_admin() || caller.id == *id { app.accounts.groups_of(&caller, &id).await? } else { Vec::new() };
    Ok(HttpResponse::Ok().json(brief(&user, &groups)))
}

async fn get_user_info(app: Data<App>, Admin(caller): Admin, id: Path<UserId>) -> Result<HttpResponse, ApiError> {
    let user = app.accounts.user(&id).await?;
    Ok(HttpResponse::Ok().json(info(&user, &app.accounts.groups_of(&caller, &id).await?)))
}

async fn get_user_active(app: Data<App>, _caller: SignedIn, id: Path<UserId>) -> Result<HttpResponse, ApiError> {
    let user = app.accounts.user(&id).await?;
    Ok(HttpResponse::Ok().json(json!({"active": transom_app::accounts::is_active(&user)})))
}

async fn update_user(
    app: Data<App>,
    id: Path<UserId>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<UpdateRequest>>,
) -> Result<HttpResponse, ApiError> {
    let update = UserUpdate {
        role: request.role.as_deref().map(role).transpose()?,
        name: request.name,
        email: request.email,
        profile_image_url: request.profile_image_url,
        password: request.password,
    };
    Ok(HttpResponse::Ok().json(full(&app.accounts.update(&caller, &id, update).await?)))
}

async fn delete_user(app: Data<App>, Admin(caller): Admin, id: Path<UserId>) -> Result<HttpResponse, ApiError> {
    app.accounts.delete(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(true))
}

async fn get_user_groups(app: Data<App>, Admin(caller): Admin, id: Path<UserId>) -> Result<HttpResponse, ApiError> {
    let groups = app.accounts.groups_of(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(groups.iter().map(crate::groups::shape).collect::<Vec<_>>()))
}

async fn revoke_sessions(app: Data<App>, Admin(caller): Admin, id: Path<UserId>) -> Result<HttpResponse, ApiError> {
    app.accounts.revoke_sessions(&caller, &id).await?;
    Ok(HttpResponse::Ok().json(true))
}
