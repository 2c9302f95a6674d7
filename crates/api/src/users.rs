//! `/api/v1/users/…`: the administrator's view of accounts, the defaults of permissions, and one's own settings.

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Serialize};
use transom_app::App;
use transom_app::accounts::{Direction, UserOrder, UserQuery, UserUpdate, default_permissions};
use transom_domain::{GroupId, Permissions, UserId};
use utoipa::ToSchema;

use crate::accounts::role;
use crate::body::{Authorized, Json};
use crate::credentials::AdminSession;
use crate::description::shapes::{Object, ObjectOrNull, PermissionsShape, RoleShape};
use crate::groups::GroupResponse;
use crate::params::{Path, Query, number};
use crate::reply::{List, Reply};
use crate::table::Table;
use crate::user_shapes::{Account, AccountBrief, AccountInfo, AccountInfos};
use crate::{Admin, AdminInSession, ApiError, SignedIn, pictures};

const PAGE: u64 = 30;

pub(crate) fn routes(table: &mut Table) {
    table.at(["/api/v1/users/", "/api/v1/users"]).get(list_users);
    table.at("/api/v1/users/all").get(all_users);
    table.at("/api/v1/users/search").get(search_users);
    table.at("/api/v1/users/groups").get(own_groups);
    table.at("/api/v1/users/permissions").get(own_permissions);
    table.at("/api/v1/users/default/permissions").get(get_default_permissions).post(set_default_permissions);
    table.at("/api/v1/users/default/permissions/defaults").get(built_in_permissions);
    table.at("/api/v1/users/user/settings").get(get_settings);
    table.at("/api/v1/users/user/settings/update").post(update_settings);
    table.at("/api/v1/users/user/info").get(get_info);
    table.at("/api/v1/users/user/info/update").post(update_info);
    table.at("/api/v1/users/{id}").get(get_user).delete(delete_user);
    table.at("/api/v1/users/{id}/update").post(update_user).or([429]);
    table.at("/api/v1/users/{id}/info").get(get_user_info);
    table.at("/api/v1/users/{id}/active").get(get_user_active);
    table.at("/api/v1/users/{id}/groups").get(get_user_groups);
    table.at("/api/v1/users/{id}/sessions/revoke").post(revoke_sessions);
    table.at("/api/v1/users/{id}/api_key").delete(delete_user_api_key);
    table.at("/api/v1/users/{id}/profile/image").get(pictures::get_picture);
}

#[derive(Deserialize, ToSchema)]
struct ListQuery {
    query: Option<String>,
    order_by: Option<String>,
    direction: Option<String>,
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    page: Option<u64>,
}

impl From<ListQuery> for UserQuery {
    fn from(query: ListQuery) -> Self {
        Self {
            search: query.query.filter(|text| !text.is_empty()),
            names_only: false,
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

/// What accounts may do by default.
#[derive(Deserialize, ToSchema)]
struct DefaultPermissions {
    #[serde(flatten)]
    #[schema(value_type = PermissionsShape)]
    tree: Permissions,
}

/// What is changed of an account; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct AccountUpdate {
    #[schema(value_type = Option<RoleShape>)]
    role: Option<String>,
    name: Option<String>,
    email: Option<String>,
    #[schema(pattern = r"^(/([^/\\][^\\]*)?|data:image/(png|jpeg|gif|webp);base64,.*)?$")]
    profile_image_url: Option<String>,
    password: Option<String>,
}

/// An account with the groups that it is in.
#[derive(Serialize, ToSchema)]
struct ListedAccount {
    #[serde(flatten)]
    account: Account,
    #[schema(value_type = Vec<String>)]
    group_ids: Vec<GroupId>,
}

/// A page of accounts, and how many there are.
#[derive(Serialize, ToSchema)]
struct AccountsPage {
    users: Vec<ListedAccount>,
    total: u64,
}

/// Whether somebody is active.
#[derive(Serialize, ToSchema)]
struct Activity {
    active: bool,
}

/// Lists accounts, a page of thirty at a time
#[api_v2_operation]
async fn list_users(app: Data<App>, Admin(caller): Admin, query: Query<ListQuery>) -> Result<Reply<AccountsPage>, ApiError> {
    let page = app.accounts.list(&caller, &query.0.into()).await?;
    let users = page.users.into_iter().map(|listed| ListedAccount { account: listed.user.into(), group_ids: listed.groups }).collect();
    Ok(Reply::of(&AccountsPage { users, total: page.total }))
}

/// Lists all accounts, in brief
#[api_v2_operation]
async fn all_users(app: Data<App>, Admin(caller): Admin) -> Result<Reply<AccountInfos>, ApiError> {
    let page = app.accounts.list(&caller, &UserQuery::default()).await?;
    let users = page.users.iter().map(|listed| AccountInfo::new(&listed.user, &[])).collect();
    Ok(Reply::of(&AccountInfos { users, total: page.total }))
}

/// Finds accounts to share something with
///
/// Who is no administrator finds others by a part of their name or by their whole e-mail address, and sees names.
#[api_v2_operation]
async fn search_users(app: Data<App>, SignedIn(caller): SignedIn, query: Query<ListQuery>) -> Result<Reply<AccountInfos>, ApiError> {
    let (users, total) = app.accounts.search(&caller, query.0.into()).await?;
    let shown = |user| if caller.is_admin() { AccountInfo::new(user, &[]) } else { AccountInfo::in_brief(user) };
    Ok(Reply::of(&AccountInfos { users: users.iter().map(shown).collect(), total }))
}

/// Lists the caller's groups
#[api_v2_operation]
async fn own_groups(app: Data<App>, SignedIn(caller): SignedIn) -> Result<List<GroupResponse>, ApiError> {
    let groups = app.accounts.groups_of(&caller, &caller.id).await?;
    Ok(groups.into_iter().map(GroupResponse::from).collect())
}

/// Shows what the caller may do
#[api_v2_operation]
async fn own_permissions(SignedIn(caller): SignedIn) -> Reply<PermissionsShape> {
    Reply::shaped(&*caller.permissions)
}

/// Shows what accounts may do by default
#[api_v2_operation]
async fn get_default_permissions(app: Data<App>, Admin(caller): Admin) -> Result<Reply<PermissionsShape>, ApiError> {
    Ok(Reply::shaped(&app.accounts.default_permissions(&caller).await?))
}

/// Changes what accounts may do by default
#[api_v2_operation]
async fn set_default_permissions(
    app: Data<App>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<DefaultPermissions>>,
) -> Result<Reply<PermissionsShape>, ApiError> {
    Ok(Reply::shaped(&app.accounts.set_default_permissions(&caller, request.tree).await?))
}

/// Shows what accounts may do where nothing was changed
#[api_v2_operation]
async fn built_in_permissions(_admin: Admin) -> Reply<PermissionsShape> {
    Reply::shaped(&default_permissions())
}

/// Shows the caller's settings of their client
#[api_v2_operation]
async fn get_settings(app: Data<App>, SignedIn(caller): SignedIn) -> Result<Reply<ObjectOrNull>, ApiError> {
    Ok(Reply::shaped(&app.accounts.user(&caller.id).await?.settings))
}

/// Lays settings of the caller's client over those that are kept
///
/// Members replace those of the same name; those of `ui` do so one by one, and null takes one away. What the caller has no permission
/// for stays as it is.
#[api_v2_operation]
async fn update_settings(
    app: Data<App>,
    Authorized(SignedIn(caller), Json(settings)): Authorized<SignedIn, Json<Object>>,
) -> Result<Reply<ObjectOrNull>, ApiError> {
    let user = app.accounts.update_settings(&caller, settings.0).await?;
    Ok(Reply::shaped(&user.settings))
}

/// Shows what clients keep with the caller's account
#[api_v2_operation]
async fn get_info(app: Data<App>, SignedIn(caller): SignedIn) -> Result<Reply<ObjectOrNull>, ApiError> {
    Ok(Reply::shaped(&app.accounts.user(&caller.id).await?.info))
}

/// Adds to what clients keep with the caller's account
#[api_v2_operation]
async fn update_info(
    app: Data<App>,
    Authorized(SignedIn(caller), Json(more)): Authorized<SignedIn, Json<Object>>,
) -> Result<Reply<ObjectOrNull>, ApiError> {
    Ok(Reply::shaped(&app.accounts.update_info(&caller, more.0).await?.info))
}

/// Shows an account
///
/// Who is neither its owner nor an administrator sees its name and picture.
#[api_v2_operation]
async fn get_user(app: Data<App>, SignedIn(caller): SignedIn, id: Path<UserId>) -> Result<Reply<AccountBrief>, ApiError> {
    let user = app.accounts.user(&id).await?;
    if !caller.is_admin() && caller.id != *id {
        return Ok(Reply::of(&AccountBrief::of_another(&user)));
    }
    let groups = app.accounts.groups_of(&caller, &id).await?;
    Ok(Reply::of(&AccountBrief::whole(user, &groups)))
}

/// Shows what sharing with an account needs
///
/// Who is neither its owner nor an administrator sees its name.
#[api_v2_operation]
async fn get_user_info(app: Data<App>, SignedIn(caller): SignedIn, id: Path<UserId>) -> Result<Reply<AccountInfo>, ApiError> {
    let user = app.accounts.user(&id).await?;
    if !caller.is_admin() && caller.id != *id {
        return Ok(Reply::of(&AccountInfo::in_brief(&user)));
    }
    Ok(Reply::of(&AccountInfo::new(&user, &app.accounts.groups_of(&caller, &id).await?)))
}

/// Whether somebody is active
#[api_v2_operation]
async fn get_user_active(app: Data<App>, _caller: SignedIn, id: Path<UserId>) -> Result<Reply<Activity>, ApiError> {
    let user = app.accounts.user(&id).await?;
    Ok(Reply::of(&Activity { active: transom_app::accounts::is_active(&user) }))
}

/// Changes an account
///
/// An API key changes neither administrators nor anybody's password or e-mail address, and makes no administrators. A new password or
/// role ends the account's sessions and its API key.
#[api_v2_operation]
async fn update_user(
    app: Data<App>,
    id: Path<UserId>,
    Authorized(AdminSession(session), Json(request)): Authorized<AdminSession, Json<AccountUpdate>>,
) -> Result<Reply<Account>, ApiError> {
    let update = UserUpdate {
        role: request.role.as_deref().map(role).transpose()?,
        name: request.name,
        email: request.email,
        profile_image_url: request.profile_image_url,
        password: request.password,
    };
    Ok(Reply::of(&app.accounts.update(&session, &id, update).await?.into()))
}

/// Deletes an account and what it owns
#[api_v2_operation]
async fn delete_user(app: Data<App>, AdminSession(session): AdminSession, id: Path<UserId>) -> Result<Reply<bool>, ApiError> {
    app.accounts.delete(&session, &id).await?;
    Ok(Reply::of(&true))
}

/// Lists the groups that an account is in
#[api_v2_operation]
async fn get_user_groups(app: Data<App>, Admin(caller): Admin, id: Path<UserId>) -> Result<List<GroupResponse>, ApiError> {
    let groups = app.accounts.groups_of(&caller, &id).await?;
    Ok(groups.into_iter().map(GroupResponse::from).collect())
}

/// Ends every session of an account, and its API key
#[api_v2_operation]
async fn revoke_sessions(app: Data<App>, AdminSession(session): AdminSession, id: Path<UserId>) -> Result<Reply<bool>, ApiError> {
    app.accounts.revoke_sessions(&session, &id).await?;
    Ok(Reply::of(&true))
}

/// Ends an account's API key
///
/// It needs a session token.
#[api_v2_operation]
async fn delete_user_api_key(app: Data<App>, AdminInSession(session): AdminInSession, id: Path<UserId>) -> Result<Reply<bool>, ApiError> {
    Ok(Reply::of(&app.accounts.delete_api_key_of(&session.caller, &id).await?))
}
