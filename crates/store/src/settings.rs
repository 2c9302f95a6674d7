//! Settings that are changed while the server runs.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::Value;

use crate::entity::setting;
use crate::json::Json;
use crate::{Store, StoreError};

impl Store {
    /// A setting, by its name (`permissions.default`).
    pub async fn setting(&self, name: &str) -> Result<Option<Value>, StoreError> {
        Ok(setting::Entity::find_by_id(name).one(&self.read).await?.map(|row| row.value.0))
    }

    /// Sets it.
    pub async fn set_setting(&self, name: &str, value: &Value) -> Result<(), StoreError> {
        let row = setting::ActiveModel { name: Set(name.to_owned()), value: Set(Json(value.clone())) };
        let replace = OnConflict::column(setting::Column::Name).update_column(setting::Column::Value).to_owned();
        setting::Entity::insert(row).on_conflict(replace).exec_without_returning(&self.write).await?;
        Ok(())
    }
}
