//! Accounts, API keys and session revocation. The auth layer and `app::accounts` are the only callers;
//! role checks (who may list or change other accounts) are theirs.

use serde_json::Value;
use transom_domain::{GroupId, NewUser, Permissions, Role, Timestamp, User, UserId};

use crate::{Store, StoreError};

/// An account with what a sign-in checks.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account.
    pub user: User,
    /// PHC string (argon2) or bcrypt hash.
    pub password_hash: String,
    /// See [`Principal::session_generation`].
    pub session_generation: i64,
}

/// Everything that deciding about a request needs, read in one go.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The account.
    pub user: User,
    /// Session tokens carry this number; it grows with every password change, role change and "revoke all", which ends older tokens.
    pub session_generation: i64,
    /// The account's groups.
    pub groups: Vec<GroupId>,
    /// The permissions of each of its groups (not the defaults).
    pub group_permissions: Vec<Permissions>,
}

/// An API key at rest.
#[derive(Clone, Debug)]
pub struct ApiKeyRow {
    /// Keyed digest of the key, in hex; unique.
    pub digest: String,
    /// The key, encrypted.
    pub sealed: Vec<u8>,
}

/// What to change of an account; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct UserPatch {
    /// New name.
    pub name: Option<String>,
    /// New e-mail address; stored in lower case.
    pub email: Option<String>,
    /// New role. Ends all sessions where it differs.
    pub role: Option<Role>,
    /// New password hash. Ends all sessions.
    pub password_hash: Option<String>,
    /// New picture.
    pub profile_image_url: Option<String>,
    /// New settings.
    pub settings: Option<Value>,
    /// New facts.
    pub info: Option<Value>,
}

/// What accounts can be ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserOrder {
    /// When they were made.
    #[default]
    CreatedAt,
    /// When they were last seen.
    LastActiveAt,
    /// When they were changed.
    UpdatedAt,
    /// By name.
    Name,
    /// By e-mail address.
    Email,
    /// By role.
    Role,
}

/// Which way a list goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    #[default]
    Descending,
}

/// Which accounts to list.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    /// Part of a name or an e-mail address, case-insensitive.
    pub search: Option<String>,
    /// Order.
    pub order: UserOrder,
    /// Direction.
    pub direction: Direction,
    /// How many to pass over.
    pub skip: u64,
    /// How many at most; `None` for all.
    pub limit: Option<u64>,
}

impl Store {
    /// Makes an account by sign-up, in one transaction: the very first one is an administrator whatever `later_role` says;
    /// later ones get `later_role`, and `Ok(None)` where that is `None` (sign-up is closed). [`StoreError::Taken`] for a known e-mail.
    pub async fn sign_up(&self, _new: NewUser, _later_role: Option<Role>) -> Result<Option<User>, StoreError> {
        todo!()
    }

    /// Makes an account of the given role. [`StoreError::Taken`] for a known e-mail.
    pub async fn create_user(&self, _new: NewUser, _role: Role) -> Result<User, StoreError> {
        todo!()
    }

    /// How many accounts there are.
    pub async fn count_users(&self) -> Result<u64, StoreError> {
        todo!()
    }

    /// One account.
    pub async fn user(&self, _id: &UserId) -> Result<Option<User>, StoreError> {
        todo!()
    }

    /// Several accounts, in no order; unknown ids are passed over.
    pub async fn users_by_id(&self, _ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        todo!()
    }

    /// What a sign-in checks, by e-mail address (any case).
    pub async fn credentials(&self, _email: &str) -> Result<Option<Credentials>, StoreError> {
        todo!()
    }

    /// The same by id, for a change of password.
    pub async fn credentials_by_id(&self, _id: &UserId) -> Result<Option<Credentials>, StoreError> {
        todo!()
    }

    /// Accounts, and how many the query has without skip and limit.
    pub async fn list_users(&self, _query: &UserQuery) -> Result<(Vec<User>, u64), StoreError> {
        todo!()
    }

    /// Changes an account; `None` where it is missing. [`StoreError::Taken`] for a known e-mail.
    pub async fn update_user(&self, _id: &UserId, _patch: UserPatch) -> Result<Option<User>, StoreError> {
        todo!()
    }

    /// Replaces the password hash without ending sessions: for rehashing at sign-in. Only where the hash is still `old`.
    pub async fn rehash_password(&self, _id: &UserId, _old: &str, _new: &str) -> Result<(), StoreError> {
        todo!()
    }

    /// Deletes an account with everything that is its own: keys, memberships, grants to it, collections, model records, files.
    /// One transaction; a job to erase bytes and vectors is left for each file. Whether it was there.
    pub async fn delete_user(&self, _id: &UserId) -> Result<bool, StoreError> {
        todo!()
    }

    /// Notes that the account was seen.
    pub async fn touch_user(&self, _id: &UserId, _at: Timestamp) -> Result<(), StoreError> {
        todo!()
    }

    /// Everything about an account that deciding about a request needs.
    pub async fn principal(&self, _id: &UserId) -> Result<Option<Principal>, StoreError> {
        todo!()
    }

    /// The same, found by an API key's digest.
    pub async fn principal_by_key(&self, _digest: &str) -> Result<Option<Principal>, StoreError> {
        todo!()
    }

    /// The account's API key.
    pub async fn api_key(&self, _user: &UserId) -> Result<Option<ApiKeyRow>, StoreError> {
        todo!()
    }

    /// Sets the account's API key, in place of any earlier one.
    pub async fn set_api_key(&self, _user: &UserId, _key: ApiKeyRow) -> Result<(), StoreError> {
        todo!()
    }

    /// Removes the account's API key; whether there was one.
    pub async fn delete_api_key(&self, _user: &UserId) -> Result<bool, StoreError> {
        todo!()
    }

    /// Ends one session token for good; `expires_at` says when the note about it can be forgotten.
    pub async fn revoke_token(&self, _jti: &str, _expires_at: Timestamp) -> Result<(), StoreError> {
        todo!()
    }

    /// Whether a session token was ended. Forgets expired notes as it goes.
    pub async fn is_token_revoked(&self, _jti: &str) -> Result<bool, StoreError> {
        todo!()
    }

    /// Ends all session tokens of an account.
    pub async fn revoke_all_tokens(&self, _user: &UserId) -> Result<(), StoreError> {
        todo!()
    }
}
