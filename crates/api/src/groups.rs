//! `/api/v1/groups/…`.

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use transom_app::groups::{GroupPatch, NewGroup};
use transom_app::{App, Error};
use transom_domain::{Group, GroupId, Permissions, UserId};
use utoipa::ToSchema;

use crate::body::{Authorized, Json};
use crate::description::shapes::PermissionsShape;
use crate::params::{Path, Query, number};
use crate::reply::{List, Reply};
use crate::table::Table;
use crate::user_shapes::AccountInfo;
use crate::{Admin, ApiError, SignedIn};

const PAGE: usize = 30;

pub(crate) fn routes(table: &mut Table) {
    table.at(["/api/v1/groups/", "/api/v1/groups"]).get(list_groups);
    table.at("/api/v1/groups/create").post(create_group);
    table.at("/api/v1/groups/id/{id}").get(get_group);
    table.at("/api/v1/groups/id/{id}/info").get(get_group_info);
    table.at("/api/v1/groups/id/{id}/export").get(export_group);
    table.at("/api/v1/groups/id/{id}/update").post(update_group);
    table.at("/api/v1/groups/id/{id}/members").get(list_members);
    table.at("/api/v1/groups/id/{id}/users").post(list_group_users);
    table.at("/api/v1/groups/id/{id}/users/add").post(add_members);
    table.at("/api/v1/groups/id/{id}/users/remove").post(remove_members);
    table.at("/api/v1/groups/id/{id}/delete").delete(delete_group);
}

/// A group as clients send it.
#[derive(Deserialize, ToSchema)]
struct GroupRequest {
    name: String,
    #[serde(default)]
    description: String,
    #[schema(value_type = Option<PermissionsShape>)]
    permissions: Option<Permissions>,
    data: Option<Value>,
    /// A group that this one belongs to. Groups do not belong to others here, so any but null is refused.
    parent_group_id: Option<String>,
}

impl GroupRequest {
    fn checked(self) -> Result<Self, Error> {
        match &self.parent_group_id {
            Some(id) if !id.is_empty() => Err(Error::Invalid("a group cannot belong to another one here".to_owned())),
            _ => Ok(self),
        }
    }
}

/// Accounts by their ids.
#[derive(Deserialize, ToSchema)]
struct MembersRequest {
    #[schema(value_type = Option<Vec<String>>)]
    user_ids: Option<Vec<UserId>>,
}

#[derive(Deserialize, ToSchema)]
struct MembersQuery {
    #[serde(default)]
    query: String,
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    page: Option<u64>,
}

/// A group as everybody may see it.
#[derive(Serialize, ToSchema)]
struct GroupInfo {
    parent_group_id: Option<String>,
    #[schema(value_type = String)]
    id: GroupId,
    #[schema(value_type = String)]
    user_id: UserId,
    name: String,
    description: String,
    member_count: usize,
    created_at: i64,
    updated_at: i64,
}

/// A group as its administrators see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroupResponse {
    #[serde(flatten)]
    info: GroupInfo,
    data: Option<Value>,
    meta: Option<Value>,
    #[schema(value_type = Option<PermissionsShape>)]
    permissions: Option<Permissions>,
}

/// A group with who is in it.
#[derive(Serialize, ToSchema)]
struct GroupExport {
    #[serde(flatten)]
    group: GroupResponse,
    #[schema(value_type = Vec<String>)]
    user_ids: Vec<UserId>,
}

/// A member of a group.
#[derive(Serialize, ToSchema)]
struct Member {
    #[serde(flatten)]
    account: AccountInfo,
    membership_type: &'static str,
    via_group_ids: Vec<String>,
}

/// A page of members.
#[derive(Serialize, ToSchema)]
struct MembersPage {
    items: Vec<Member>,
    total: usize,
    counts: MemberCounts,
}

/// How many members there are: groups inherit none from others here.
#[derive(Serialize, ToSchema)]
struct MemberCounts {
    direct: usize,
    inherited: usize,
    effective: usize,
}

impl From<&Group> for GroupInfo {
    fn from(group: &Group) -> Self {
        Self {
            parent_group_id: None,
            id: group.id.clone(),
            user_id: group.user_id.clone(),
            name: group.name.clone(),
            description: group.description.clone(),
            member_count: group.member_ids.len(),
            created_at: group.created_at,
            updated_at: group.updated_at,
        }
    }
}

impl From<Group> for GroupResponse {
    fn from(group: Group) -> Self {
        Self { info: (&group).into(), data: group.data, meta: group.meta, permissions: group.permissions }
    }
}

/// Lists groups: the caller's own, or for administrators all
#[api_v2_operation]
async fn list_groups(app: Data<App>, SignedIn(caller): SignedIn) -> Result<List<GroupResponse>, ApiError> {
    Ok(app.groups.list(&caller).await?.into_iter().map(GroupResponse::from).collect())
}

/// Makes a group
#[api_v2_operation]
async fn create_group(
    app: Data<App>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<GroupRequest>>,
) -> Result<Reply<GroupResponse>, ApiError> {
    let request = request.checked()?;
    let new = NewGroup { name: request.name, description: request.description, permissions: request.permissions, data: request.data };
    Ok(Reply::of(&app.groups.create(&caller, new).await?.into()))
}

/// Shows a group
#[api_v2_operation]
async fn get_group(app: Data<App>, Admin(caller): Admin, id: Path<GroupId>) -> Result<Reply<GroupResponse>, ApiError> {
    Ok(Reply::of(&app.groups.get(&caller, &id).await?.into()))
}

/// Shows a group's name and size
#[api_v2_operation]
async fn get_group_info(app: Data<App>, SignedIn(caller): SignedIn, id: Path<GroupId>) -> Result<Reply<GroupInfo>, ApiError> {
    Ok(Reply::of(&GroupInfo::from(&app.groups.get(&caller, &id).await?)))
}

/// Shows a group with who is in it
#[api_v2_operation]
async fn export_group(app: Data<App>, Admin(caller): Admin, id: Path<GroupId>) -> Result<Reply<GroupExport>, ApiError> {
    let group = app.groups.get(&caller, &id).await?;
    let user_ids = group.member_ids.clone();
    Ok(Reply::of(&GroupExport { group: group.into(), user_ids }))
}

/// Changes a group
#[api_v2_operation]
async fn update_group(
    app: Data<App>,
    id: Path<GroupId>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<GroupRequest>>,
) -> Result<Reply<GroupResponse>, ApiError> {
    let request = request.checked()?;
    let patch = GroupPatch {
        name: Some(request.name),
        description: Some(request.description),
        permissions: request.permissions,
        data: request.data,
    };
    Ok(Reply::of(&app.groups.update(&caller, &id, patch).await?.into()))
}

/// Lists a group's members, a page of thirty at a time
#[api_v2_operation]
async fn list_members(
    app: Data<App>,
    Admin(caller): Admin,
    id: Path<GroupId>,
    query: Query<MembersQuery>,
) -> Result<Reply<MembersPage>, ApiError> {
    let wanted = query.query.to_lowercase();
    let mut members = app.groups.members(&caller, &id).await?;
    members.retain(|user| user.name.to_lowercase().contains(&wanted) || user.email.contains(&wanted));
    let total = members.len();
    let page = usize::try_from(query.page.unwrap_or(1)).unwrap_or(usize::MAX);
    let member = |user| Member { account: AccountInfo::new(user, &[]), membership_type: "direct", via_group_ids: Vec::new() };
    let items = members.iter().skip(page.saturating_sub(1).saturating_mul(PAGE)).take(PAGE).map(member).collect();
    Ok(Reply::of(&MembersPage { items, total, counts: MemberCounts { direct: total, inherited: 0, effective: total } }))
}

/// Lists all members of a group
#[api_v2_operation]
async fn list_group_users(app: Data<App>, Admin(caller): Admin, id: Path<GroupId>) -> Result<List<AccountInfo>, ApiError> {
    let users = app.groups.members(&caller, &id).await?;
    Ok(users.iter().map(|user| AccountInfo::new(user, &[])).collect())
}

/// Puts accounts into a group
#[api_v2_operation]
async fn add_members(
    app: Data<App>,
    id: Path<GroupId>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<MembersRequest>>,
) -> Result<Reply<GroupResponse>, ApiError> {
    Ok(Reply::of(&app.groups.add(&caller, &id, &request.user_ids.unwrap_or_default()).await?.into()))
}

/// Takes accounts out of a group
#[api_v2_operation]
async fn remove_members(
    app: Data<App>,
    id: Path<GroupId>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<MembersRequest>>,
) -> Result<Reply<GroupResponse>, ApiError> {
    Ok(Reply::of(&app.groups.remove(&caller, &id, &request.user_ids.unwrap_or_default()).await?.into()))
}

/// Deletes a group; its members stay
#[api_v2_operation]
async fn delete_group(app: Data<App>, Admin(caller): Admin, id: Path<GroupId>) -> Result<Reply<bool>, ApiError> {
    app.groups.delete(&caller, &id).await?;
    Ok(Reply::of(&true))
}
