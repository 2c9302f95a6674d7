//! Settings that are changed while the server runs.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use serde_json::Value;

use crate::connect::Lock;
use crate::entity::setting;
use crate::json;
use crate::{Store, StoreError};

impl Store {
    /// A setting, by its name (`permissions.default`).
    pub async fn setting(&self, name: &str) -> Result<Option<Value>, StoreError> {
        read(&self.read, name).await
    }

    /// Sets it.
    pub async fn set_setting(&self, name: &str, value: &Value) -> Result<(), StoreError> {
        write(&self.write, name, value.clone()).await
    }

    /// Replaces a setting by what `change` makes of the stored one, in one transaction: of two who change it at once, neither undoes
    /// the other. Nothing is stored where `change` fails.
    pub async fn change_setting<E: From<StoreError>>(
        &self,
        name: &str,
        change: impl FnOnce(Option<Value>) -> Result<Value, E>,
    ) -> Result<(), E> {
        let tx = self.begin_locked(Lock::Settings).await?;
        let changed = change(read(&tx, name).await?)?;
        write(&tx, name, changed).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Removes it, so that what the server is started with holds again. Whether it was there.
    pub async fn remove_setting(&self, name: &str) -> Result<bool, StoreError> {
        Ok(setting::Entity::delete_by_id(name).exec(&self.write).await?.rows_affected > 0)
    }
}

async fn read(db: &impl ConnectionTrait, name: &str) -> Result<Option<Value>, StoreError> {
    Ok(setting::Entity::find_by_id(name).one(db).await?.map(|row| row.value.into_value()))
}

async fn write(db: &impl ConnectionTrait, name: &str, value: Value) -> Result<(), StoreError> {
    let row = setting::ActiveModel { name: Set(name.to_owned()), value: Set(json::SETTING.keep(value)?) };
    let replace = OnConflict::column(setting::Column::Name).update_column(setting::Column::Value).to_owned();
    setting::Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    Ok(())
}
