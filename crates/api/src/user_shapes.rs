//! Accounts as answers show them, from the whole to a name.

use serde::Serialize;
use serde_json::Value;
use transom_app::accounts::is_active;
use transom_domain::{Group, GroupId, Role, User, UserId};
use utoipa::ToSchema;

use crate::description::shapes::RoleShape;

/// What every answer about one's own account begins with.
#[derive(Serialize, ToSchema)]
pub(crate) struct Face {
    #[schema(value_type = String)]
    id: UserId,
    name: String,
    #[schema(value_type = RoleShape)]
    role: Role,
    email: String,
    profile_image_url: String,
}

impl Face {
    /// With the picture as it is stored.
    pub(crate) fn stored(user: User) -> Self {
        Self { id: user.id, name: user.name, role: user.role, email: user.email, profile_image_url: user.profile_image_url }
    }

    /// With the path that serves the picture, which may be large.
    pub(crate) fn linked(user: User) -> Self {
        Self { profile_image_url: picture(&user.id), ..Self::stored(user) }
    }
}

/// Whose something is.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Owner {
    #[schema(value_type = String)]
    id: UserId,
    name: String,
    #[schema(value_type = RoleShape)]
    role: Role,
    email: String,
}

impl From<&User> for Owner {
    fn from(user: &User) -> Self {
        Self { id: user.id.clone(), name: user.name.clone(), role: user.role, email: user.email.clone() }
    }
}

/// Everything, for administrators. Fields that no account has here are null, as clients expect them to be there.
#[derive(Serialize, ToSchema)]
pub(crate) struct Account {
    #[schema(value_type = String)]
    id: UserId,
    email: String,
    username: Option<String>,
    #[schema(value_type = RoleShape)]
    role: Role,
    name: String,
    profile_image_url: String,
    profile_banner_image_url: Option<String>,
    bio: Option<String>,
    gender: Option<String>,
    date_of_birth: Option<String>,
    timezone: Option<String>,
    presence_state: Option<String>,
    status_emoji: Option<String>,
    status_message: Option<String>,
    status_expires_at: Option<i64>,
    info: Option<Value>,
    settings: Option<Value>,
    oauth: Option<Value>,
    scim: Option<Value>,
    last_active_at: i64,
    updated_at: i64,
    created_at: i64,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            username: None,
            role: user.role,
            name: user.name,
            profile_image_url: user.profile_image_url,
            profile_banner_image_url: None,
            bio: user.bio,
            gender: user.gender,
            date_of_birth: user.date_of_birth,
            timezone: None,
            presence_state: None,
            status_emoji: None,
            status_message: None,
            status_expires_at: None,
            info: user.info,
            settings: user.settings,
            oauth: None,
            scim: None,
            last_active_at: user.last_active_at,
            updated_at: user.updated_at,
            created_at: user.created_at,
        }
    }
}

/// What sharing with somebody needs. Only administrators, and an account of itself, are told of its e-mail address and role.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountInfo {
    status_emoji: Option<String>,
    status_message: Option<String>,
    status_expires_at: Option<i64>,
    #[schema(value_type = String)]
    id: UserId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RoleShape>)]
    role: Option<Role>,
    bio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_active_at: Option<i64>,
    timezone: Option<String>,
    groups: Vec<GroupName>,
    is_active: bool,
}

impl AccountInfo {
    pub(crate) fn new(user: &User, groups: &[Group]) -> Self {
        Self {
            email: Some(user.email.clone()),
            role: Some(user.role),
            last_active_at: Some(user.last_active_at),
            groups: names(groups),
            ..Self::in_brief(user)
        }
    }

    /// For those who may share with it and see no more of it.
    pub(crate) fn in_brief(user: &User) -> Self {
        Self {
            status_emoji: None,
            status_message: None,
            status_expires_at: None,
            id: user.id.clone(),
            name: user.name.clone(),
            email: None,
            role: None,
            bio: user.bio.clone(),
            last_active_at: None,
            timezone: None,
            groups: Vec::new(),
            is_active: is_active(user),
        }
    }
}

/// Accounts on a page, and how many there are.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountInfos {
    pub(crate) users: Vec<AccountInfo>,
    pub(crate) total: u64,
}

/// An account: all of it for administrators and of itself, and for others what it is called.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountBrief {
    // Generators of clients cannot join an object with one of two others, so the description names what both have.
    #[serde(flatten)]
    #[schema(value_type = Named)]
    account: BriefOrWhole,
    groups: Vec<GroupName>,
    is_active: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum BriefOrWhole {
    Whole(Box<Account>),
    Brief(Named),
}

/// What every account may see of another.
#[derive(Serialize, ToSchema)]
struct Named {
    #[schema(value_type = String)]
    id: UserId,
    status_emoji: Option<String>,
    status_message: Option<String>,
    status_expires_at: Option<i64>,
    name: String,
    profile_image_url: String,
}

impl AccountBrief {
    pub(crate) fn whole(user: User, groups: &[Group]) -> Self {
        let is_active = is_active(&user);
        let account = Account { profile_image_url: picture(&user.id), ..user.into() };
        Self { account: BriefOrWhole::Whole(Box::new(account)), groups: names(groups), is_active }
    }

    pub(crate) fn of_another(user: &User) -> Self {
        let named = Named {
            id: user.id.clone(),
            status_emoji: None,
            status_message: None,
            status_expires_at: None,
            name: user.name.clone(),
            profile_image_url: picture(&user.id),
        };
        Self { account: BriefOrWhole::Brief(named), groups: Vec::new(), is_active: is_active(user) }
    }
}

/// A group that an account is in.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroupName {
    #[schema(value_type = String)]
    id: GroupId,
    name: String,
}

fn names(groups: &[Group]) -> Vec<GroupName> {
    groups.iter().map(|group| GroupName { id: group.id.clone(), name: group.name.clone() }).collect()
}

/// The path that serves an account's picture.
fn picture(id: &UserId) -> String {
    format!("/api/v1/users/{id}/profile/image")
}
