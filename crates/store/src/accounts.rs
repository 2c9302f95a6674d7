//! What the auth layer reads: credentials, principals, ended sessions.
//!
//! Role checks (who may list or change other accounts) are the caller's.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use transom_domain::{GroupId, Permissions, Timestamp, User, UserId, now};

use crate::entity::{account, api_key, group, revoked_token};
use crate::groups::{has_member, permissions};
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

impl Store {
    /// What a sign-in checks, by e-mail address (any case).
    pub async fn credentials(&self, email: &str) -> Result<Option<Credentials>, StoreError> {
        let row = account::Entity::find().filter(account::Column::Email.eq(email.to_lowercase())).one(&self.read).await?;
        row.map(Credentials::try_from).transpose()
    }

    /// The same by id, for a change of password.
    pub async fn credentials_by_id(&self, id: &UserId) -> Result<Option<Credentials>, StoreError> {
        account::Entity::find_by_id(id.as_str()).one(&self.read).await?.map(Credentials::try_from).transpose()
    }

    /// Replaces the password hash without ending sessions: for rehashing at sign-in. Only where the hash is still `old`.
    pub async fn rehash_password(&self, id: &UserId, old: &str, new: &str) -> Result<(), StoreError> {
        account::Entity::update_many()
            .col_expr(account::Column::PasswordHash, Expr::value(new))
            .filter(account::Column::Id.eq(id.as_str()))
            .filter(account::Column::PasswordHash.eq(old))
            .exec(&self.write)
            .await?;
        Ok(())
    }

    /// Everything about an account that deciding about a request needs.
    pub async fn principal(&self, id: &UserId) -> Result<Option<Principal>, StoreError> {
        let Some(row) = account::Entity::find_by_id(id.as_str()).one(&self.read).await? else { return Ok(None) };
        let groups = group::Entity::find().filter(has_member(id)).all(&self.read).await?;
        Ok(Some(Principal {
            session_generation: row.session_generation,
            user: row.try_into()?,
            groups: groups.iter().map(|group| GroupId::from(group.id.as_str())).collect(),
            group_permissions: groups
                .into_iter()
                .filter_map(|group| permissions(group.permissions).transpose())
                .collect::<Result<_, _>>()?,
        }))
    }

    /// The same, found by an API key's digest.
    pub async fn principal_by_key(&self, digest: &str) -> Result<Option<Principal>, StoreError> {
        match api_key::Entity::find().filter(api_key::Column::Digest.eq(digest)).one(&self.read).await? {
            Some(key) => self.principal(&key.user_id.into()).await,
            None => Ok(None),
        }
    }

    /// Ends one session token for good; `expires_at` says when the note about it can be forgotten. Forgets those of which that time has come.
    pub async fn revoke_token(&self, jti: &str, expires_at: Timestamp) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        revoked_token::Entity::delete_many().filter(revoked_token::Column::ExpiresAt.lt(now())).exec(&tx).await?;
        let row = revoked_token::ActiveModel { jti: Set(jti.to_owned()), expires_at: Set(expires_at) };
        let again = OnConflict::column(revoked_token::Column::Jti).update_column(revoked_token::Column::ExpiresAt).to_owned();
        revoked_token::Entity::insert(row).on_conflict(again).exec_without_returning(&tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether a session token was ended.
    pub async fn is_token_revoked(&self, jti: &str) -> Result<bool, StoreError> {
        Ok(revoked_token::Entity::find_by_id(jti).one(&self.read).await?.is_some())
    }

    /// Ends all session tokens of an account.
    pub async fn revoke_all_tokens(&self, user: &UserId) -> Result<(), StoreError> {
        account::Entity::update_many()
            .col_expr(account::Column::SessionGeneration, Expr::col(account::Column::SessionGeneration).add(1))
            .filter(account::Column::Id.eq(user.as_str()))
            .exec(&self.write)
            .await?;
        Ok(())
    }
}

impl TryFrom<account::Model> for Credentials {
    type Error = StoreError;

    fn try_from(row: account::Model) -> Result<Self, StoreError> {
        Ok(Credentials { password_hash: row.password_hash.clone(), session_generation: row.session_generation, user: row.try_into()? })
    }
}
