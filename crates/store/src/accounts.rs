//! What the auth layer reads: credentials, principals, ended sessions.
//!
//! Role checks (who may list or change other accounts) are the caller's.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use transom_domain::{GroupId, Permissions, Role, Timestamp, UserId, now};

use crate::entity::{account, api_key, group, revoked_token};
use crate::groups::{has_member, permissions};
use crate::json::Json;
use crate::{Store, StoreError};

/// What a sign-in checks.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account.
    pub id: UserId,
    /// PHC string (argon2) or bcrypt hash.
    pub password_hash: String,
    /// See [`Principal::session_generation`].
    pub session_generation: i64,
}

/// What deciding about a request needs, and nothing else: it is read at every authentication and remembered for thousands of accounts,
/// so it holds nothing whose size an account chooses itself.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The account.
    pub id: UserId,
    /// Its role.
    pub role: Role,
    /// When it was last seen.
    pub last_active_at: Timestamp,
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
        self.credentials_where(account::Column::Email.eq(email.to_lowercase())).await
    }

    /// The same by id, for a change of password.
    pub async fn credentials_by_id(&self, id: &UserId) -> Result<Option<Credentials>, StoreError> {
        self.credentials_where(account::Column::Id.eq(id.as_str())).await
    }

    async fn credentials_where(&self, which: Expr) -> Result<Option<Credentials>, StoreError> {
        use account::Column;
        let select = account::Entity::find().select_only().columns([Column::Id, Column::PasswordHash, Column::SessionGeneration]);
        let row = select.filter(which).into_tuple::<(String, String, i64)>().one(&self.read).await?;
        Ok(row.map(|(id, password_hash, session_generation)| Credentials { id: id.into(), password_hash, session_generation }))
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
        use account::Column;
        let account = account::Entity::find_by_id(id.as_str())
            .select_only()
            .columns([Column::Role, Column::LastActiveAt, Column::SessionGeneration])
            .into_tuple::<(String, i64, i64)>()
            .one(&self.read)
            .await?;
        let Some((role, last_active_at, session_generation)) = account else { return Ok(None) };
        let groups = group::Entity::find()
            .select_only()
            .columns([group::Column::Id, group::Column::Permissions])
            .filter(has_member(id))
            .into_tuple::<(String, Option<Json>)>()
            .all(&self.read)
            .await?;
        Ok(Some(Principal {
            id: id.clone(),
            role: role.parse().map_err(|_| StoreError::unreadable("role"))?,
            last_active_at,
            session_generation,
            groups: groups.iter().map(|(id, _)| GroupId::from(id.as_str())).collect(),
            group_permissions: groups.into_iter().filter_map(|(_, tree)| permissions(tree).transpose()).collect::<Result<_, _>>()?,
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

    /// Ends all session tokens of an account, and its API key with them.
    pub async fn revoke_all_tokens(&self, user: &UserId) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        account::Entity::update_many()
            .col_expr(account::Column::SessionGeneration, Expr::col(account::Column::SessionGeneration).add(1))
            .filter(account::Column::Id.eq(user.as_str()))
            .exec(&tx)
            .await?;
        end_api_key(&tx, user.as_str()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Replaces a password that is still `old`, which ends all session tokens and the API key; whether it was.
    pub async fn replace_password(&self, id: &UserId, old: &str, new: &str) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        let replaced = account::Entity::update_many()
            .col_expr(account::Column::PasswordHash, Expr::value(new))
            .col_expr(account::Column::SessionGeneration, Expr::col(account::Column::SessionGeneration).add(1))
            .col_expr(account::Column::UpdatedAt, Expr::value(now()))
            .filter(account::Column::Id.eq(id.as_str()))
            .filter(account::Column::PasswordHash.eq(old))
            .exec(&tx)
            .await?
            .rows_affected
            > 0;
        if replaced {
            end_api_key(&tx, id.as_str()).await?;
        }
        tx.commit().await?;
        Ok(replaced)
    }
}

/// Ends an account's API key. Whatever ends every session of an account ends its key: a key would otherwise keep the door open that a
/// new password is meant to close.
pub(crate) async fn end_api_key(tx: &DatabaseTransaction, user: &str) -> Result<(), StoreError> {
    api_key::Entity::delete_by_id(user).exec(tx).await?;
    Ok(())
}
