//! Accounts, their roles and groups, and the caller that every query is asked for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{GroupId, Permissions, Timestamp, UserId};

/// What an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May do everything.
    Admin,
    /// May do what is granted.
    User,
    /// Waits for an administrator; may do nothing but sign in and see itself.
    Pending,
}

impl Role {
    /// The role as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::User => "user",
            Role::Pending => "pending",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role that is none of the three.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown role {0:?}: it is admin, user or pending")]
pub struct UnknownRole(pub String);

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        match text {
            "admin" => Ok(Role::Admin),
            "user" => Ok(Role::User),
            "pending" => Ok(Role::Pending),
            other => Err(UnknownRole(other.to_owned())),
        }
    }
}

/// An account, without its secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Where it signs in, in lower case; unique.
    pub email: String,
    /// What it is called.
    pub name: String,
    /// What it may do in general.
    pub role: Role,
    /// A path or a `data:` URL.
    pub profile_image_url: String,
    /// Free settings of the account's own clients.
    pub settings: Option<serde_json::Value>,
    /// Free facts about the account.
    pub info: Option<serde_json::Value>,
    /// A text about itself.
    pub bio: Option<String>,
    /// Its gender, in its own words.
    pub gender: Option<String>,
    /// A date, YYYY-MM-DD.
    pub date_of_birth: Option<String>,
    /// When it was last seen.
    pub last_active_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an account is made of.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Where it signs in; stored in lower case.
    pub email: String,
    /// What it is called.
    pub name: String,
    /// The password's hash, in PHC or bcrypt form.
    pub password_hash: String,
    /// A path or a `data:` URL; empty for the default picture.
    pub profile_image_url: String,
}

/// Who asks: what every access decision and every query takes.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account.
    pub id: UserId,
    /// Its role.
    pub role: Role,
    /// The groups it is a member of.
    pub groups: Arc<[GroupId]>,
    /// What it may do in general; administrators may do everything whatever this says.
    pub permissions: Arc<Permissions>,
}

impl Caller {
    /// A caller without groups and with no permission set.
    pub fn new(id: UserId, role: Role) -> Self {
        Self { id, role, groups: Arc::default(), permissions: Arc::default() }
    }

    /// Whether it is an administrator.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Whether the permission at `path` (`features.api_keys`) is the caller's; always, for administrators.
    pub fn may(&self, path: &str) -> bool {
        match self.role {
            Role::Admin => true,
            Role::User => self.permissions.allows(path),
            Role::Pending => false,
        }
    }
}

/// A group of accounts, with what its members may do beyond the defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Who made it.
    pub user_id: UserId,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Permissions that membership adds.
    pub permissions: Option<Permissions>,
    /// Free settings.
    pub data: Option<serde_json::Value>,
    /// Free facts.
    pub meta: Option<serde_json::Value>,
    /// Its members.
    pub member_ids: Vec<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}
