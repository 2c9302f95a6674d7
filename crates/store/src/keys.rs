//! API keys. One an account; who may have one is the caller's to check.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, QuerySelect};
use transom_domain::{UserId, now};

use crate::entity::{account, api_key};
use crate::{Store, StoreError};

/// An API key at rest.
#[derive(Clone, Debug)]
pub struct ApiKeyRow {
    /// Keyed digest of the key, in hex; unique.
    pub digest: String,
    /// The key, encrypted.
    pub sealed: Vec<u8>,
}

impl Store {
    /// The account's API key.
    pub async fn api_key(&self, user: &UserId) -> Result<Option<ApiKeyRow>, StoreError> {
        let row = api_key::Entity::find_by_id(user.as_str()).one(&self.read).await?;
        Ok(row.map(|row| ApiKeyRow { digest: row.digest, sealed: row.sealed }))
    }

    /// Sets the account's API key in place of any earlier one, for a session of `generation`.
    /// `false`, and nothing is done, where that session has ended: nobody makes a key with it that outlives it.
    pub async fn set_api_key(&self, user: &UserId, generation: i64, key: ApiKeyRow) -> Result<bool, StoreError> {
        use api_key::Column;
        let tx = self.begin().await?;
        let current = account::Entity::find_by_id(user.as_str())
            .select_only()
            .column(account::Column::SessionGeneration)
            .lock_exclusive()
            .into_tuple::<i64>()
            .one(&tx)
            .await?;
        if current != Some(generation) {
            return Ok(false);
        }
        let row = api_key::ActiveModel {
            user_id: Set(user.as_str().to_owned()),
            digest: Set(key.digest),
            sealed: Set(key.sealed),
            created_at: Set(now()),
        };
        let replace = OnConflict::column(Column::UserId).update_columns([Column::Digest, Column::Sealed, Column::CreatedAt]).to_owned();
        let insert = api_key::Entity::insert(row).on_conflict(replace).exec_without_returning(&tx).await;
        insert.map_err(|error| StoreError::or_taken(error, "API key"))?;
        tx.commit().await?;
        Ok(true)
    }

    /// Removes the account's API key; whether there was one.
    pub async fn delete_api_key(&self, user: &UserId) -> Result<bool, StoreError> {
        Ok(api_key::Entity::delete_by_id(user.as_str()).exec(&self.write).await?.rows_affected > 0)
    }
}
