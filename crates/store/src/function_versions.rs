//! The history of functions.

use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use serde_json::json;
use transom_domain::{Caller, FunctionId, FunctionSnapshot, FunctionVersion, UserId, VersionId, now};

use crate::entity::{function, function_version};
use crate::json::Json;
use crate::query::{ordinal, page};
use crate::{Store, StoreError, access};

impl Store {
    /// A page of a function's versions, latest first; `None` where there is no such function for the caller.
    pub async fn function_versions(
        &self,
        caller: &Caller,
        id: &FunctionId,
        skip: u64,
        limit: u64,
    ) -> Result<Option<Vec<FunctionVersion>>, StoreError> {
        if !self.sees_function(caller, id).await? {
            return Ok(None);
        }
        let select = function_version::Entity::find().filter(function_version::Column::FunctionId.eq(id.as_str()));
        let select = select.order_by_desc(function_version::Column::Ordinal);
        page(select, skip, Some(limit)).all(&self.read).await?.into_iter().map(read).collect::<Result<_, _>>().map(Some)
    }

    /// One version.
    pub async fn function_version(
        &self,
        caller: &Caller,
        id: &FunctionId,
        version: &VersionId,
    ) -> Result<Option<FunctionVersion>, StoreError> {
        if !self.sees_function(caller, id).await? {
            return Ok(None);
        }
        one(&self.read, id.as_str(), version.as_str()).await
    }

    /// Deletes a version that the function is not at; whether it was there.
    pub async fn delete_function_version(&self, caller: &Caller, id: &FunctionId, version: &VersionId) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        let select = function::Entity::find_by_id(id.as_str()).filter(access::functions(caller));
        let Some(row) = select.one(&tx).await? else { return Ok(false) };
        if row.version_id.as_deref() == Some(version.as_str()) {
            return Ok(false);
        }
        let delete = function_version::Entity::delete_by_id(version.as_str());
        let deleted = delete.filter(function_version::Column::FunctionId.eq(id.as_str())).exec(&tx).await?.rows_affected > 0;
        tx.commit().await?;
        Ok(deleted)
    }

    async fn sees_function(&self, caller: &Caller, id: &FunctionId) -> Result<bool, StoreError> {
        let select = function::Entity::find_by_id(id.as_str()).filter(access::functions(caller));
        Ok(select.one(&self.read).await?.is_some())
    }
}

/// Keeps what a function is now as a version; its id.
pub(crate) async fn keep(
    tx: &DatabaseTransaction,
    caller: &Caller,
    row: &function::Model,
    commit_message: Option<String>,
) -> Result<String, StoreError> {
    let id = String::from(VersionId::random());
    let snapshot = json!({"name": row.name, "type": row.kind, "content": row.content, "meta": row.meta.value()});
    let version = function_version::Model {
        id: id.clone(),
        function_id: row.id.clone(),
        parent_id: row.version_id.clone(),
        user_id: Some(caller.id.as_str().to_owned()),
        commit_message,
        snapshot: Json::ours(snapshot),
        created_at: now(),
        ordinal: ordinal(),
    };
    function_version::Entity::insert(version.into_active_model()).exec_without_returning(tx).await?;
    Ok(id)
}

pub(crate) async fn one(db: &impl ConnectionTrait, function: &str, version: &str) -> Result<Option<FunctionVersion>, StoreError> {
    let select = function_version::Entity::find_by_id(version).filter(function_version::Column::FunctionId.eq(function));
    select.one(db).await?.map(read).transpose()
}

fn read(row: function_version::Model) -> Result<FunctionVersion, StoreError> {
    let snapshot: FunctionSnapshot =
        serde_json::from_value(row.snapshot.into_value()).map_err(|_| StoreError::unreadable("function version"))?;
    Ok(FunctionVersion {
        id: row.id.into(),
        function_id: row.function_id.into(),
        parent_id: row.parent_id.map(VersionId::from),
        user_id: row.user_id.map(UserId::from),
        commit_message: row.commit_message,
        snapshot,
        created_at: row.created_at,
    })
}
