//! Model records. They are few and read as a whole into the catalogue; what a caller may see of them is decided there.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Map, Value};
use transom_domain::{Caller, Grant, ModelId, ModelRecord, Permission, now};

use crate::access::{self, Resource};
use crate::entity::model;
use crate::json::{self, Json};
use crate::query::IDS_AT_ONCE;
use crate::{Store, StoreError, grants};

/// What a model record is made of, and what an update replaces.
#[derive(Clone, Debug)]
pub struct NewModelRecord {
    /// Its id.
    pub id: ModelId,
    /// The model it stands on, for a preset.
    pub base_model_id: Option<ModelId>,
    /// Its name.
    pub name: String,
    /// Parameters.
    pub params: Map<String, Value>,
    /// Facts.
    pub meta: Map<String, Value>,
    /// Who may use it; `None` leaves an update's grants as they are, and means nobody else for a new one.
    pub access_grants: Option<Vec<Grant>>,
    /// Whether it can be used.
    pub is_active: bool,
}

/// A change of a record. What is left out stays as it is.
#[derive(Clone, Debug)]
pub struct ModelRecordChange {
    /// Which record.
    pub id: ModelId,
    /// The model that a preset stands on; `Some(None)` takes it away.
    pub base_model_id: Option<Option<ModelId>>,
    /// Its name.
    pub name: String,
    /// Parameters.
    pub params: Map<String, Value>,
    /// Facts. Pictures that are not among them stay.
    pub meta: Map<String, Value>,
    /// Who may use it.
    pub access_grants: Option<Vec<Grant>>,
    /// Whether it can be used.
    pub is_active: Option<bool>,
}

impl From<ModelRecordChange> for NewModelRecord {
    fn from(change: ModelRecordChange) -> Self {
        Self {
            id: change.id,
            base_model_id: change.base_model_id.flatten(),
            name: change.name,
            params: change.params,
            meta: change.meta,
            access_grants: change.access_grants,
            is_active: change.is_active.unwrap_or(true),
        }
    }
}

/// Facts that clients leave out of a change, because they were not shown them with the others.
const KEPT_FACTS: [&str; 3] = ["profile_image_url", "background_image_url", "voice_avatar"];

impl From<NewModelRecord> for ModelRecordChange {
    fn from(new: NewModelRecord) -> Self {
        Self {
            id: new.id,
            base_model_id: Some(new.base_model_id),
            name: new.name,
            params: new.params,
            meta: new.meta,
            access_grants: new.access_grants,
            is_active: Some(new.is_active),
        }
    }
}

impl Store {
    /// All records, with their grants.
    pub async fn model_records(&self) -> Result<Vec<ModelRecord>, StoreError> {
        let rows = model::Entity::find().order_by_asc(model::Column::CreatedAt).order_by_asc(model::Column::Id).all(&self.read).await?;
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let mut grants = grants::of(&self.read, Resource::Model, &ids).await?;
        rows.into_iter()
            .map(|row| {
                let grants = grants.remove(&row.id).unwrap_or_default();
                read(row, grants)
            })
            .collect()
    }

    /// Makes a record of the caller's. [`StoreError::Taken`] for a known id.
    pub async fn create_model_record(&self, caller: &Caller, new: NewModelRecord) -> Result<ModelRecord, StoreError> {
        let at = now();
        let row = model::Model {
            id: new.id.into(),
            user_id: caller.id.as_str().to_owned(),
            base_model_id: new.base_model_id.map(String::from),
            name: new.name,
            params: json::MODEL_PARAMS.keep(new.params)?,
            meta: json::MODEL_META.keep(new.meta)?,
            is_active: new.is_active,
            created_at: at,
            updated_at: at,
        };
        let tx = self.begin().await?;
        let insert = model::Entity::insert(row.clone().into_active_model()).exec_without_returning(&tx).await;
        insert.map_err(|error| StoreError::or_taken(error, "model id"))?;
        let grants = grants::replace(&tx, Resource::Model, &row.id, &new.access_grants.unwrap_or_default()).await?;
        tx.commit().await?;
        read(row, grants)
    }

    /// Changes a record that the caller may write; `None` where there is no such record.
    pub async fn update_model_record(
        &self,
        caller: &Caller,
        change: impl Into<ModelRecordChange>,
    ) -> Result<Option<ModelRecord>, StoreError> {
        let mut new: ModelRecordChange = change.into();
        let tx = self.begin().await?;
        let Some(mut row) = changeable(&tx, caller, &new.id).await? else { return Ok(None) };
        if let Some(base) = new.base_model_id {
            row.base_model_id = base.map(String::from);
        }
        for name in KEPT_FACTS {
            if let (false, Some(kept)) = (new.meta.contains_key(name), row.meta.value().get(name)) {
                new.meta.insert(name.to_owned(), kept.clone());
            }
        }
        row.name = new.name;
        row.params = json::MODEL_PARAMS.keep(new.params)?;
        row.meta = json::MODEL_META.keep(new.meta)?;
        row.is_active = new.is_active.unwrap_or(row.is_active);
        let record = put(&tx, row, new.access_grants.as_deref()).await?;
        tx.commit().await?;
        Ok(Some(record))
    }

    /// Replaces the grants of a record that the caller may write.
    pub async fn set_model_grants(&self, caller: &Caller, id: &ModelId, grants: &[Grant]) -> Result<Option<ModelRecord>, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        let record = put(&tx, row, Some(grants)).await?;
        tx.commit().await?;
        Ok(Some(record))
    }

    /// Switches a record that the caller may write on or off, in one transaction: of two who do it at once, each does it.
    pub async fn toggle_model_record(&self, caller: &Caller, id: &ModelId) -> Result<Option<ModelRecord>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        row.is_active = !row.is_active;
        let record = put(&tx, row, None).await?;
        tx.commit().await?;
        Ok(Some(record))
    }

    /// Deletes a record that the caller may write; whether it was there.
    pub async fn delete_model_record(&self, caller: &Caller, id: &ModelId) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        if changeable(&tx, caller, id).await?.is_none() {
            return Ok(false);
        }
        delete(&tx, Condition::all().add(model::Column::Id.eq(id.as_str()))).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Deletes records with their grants.
pub(crate) async fn delete(tx: &DatabaseTransaction, which: Condition) -> Result<(), StoreError> {
    loop {
        let rows = model::Entity::find().filter(which.clone()).limit(IDS_AT_ONCE as u64).all(tx).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        grants::remove(tx, Resource::Model, &ids).await?;
        model::Entity::delete_many().filter(model::Column::Id.is_in(ids)).exec(tx).await?;
    }
}

async fn changeable(tx: &DatabaseTransaction, caller: &Caller, id: &ModelId) -> Result<Option<model::Model>, StoreError> {
    let select = model::Entity::find_by_id(id.as_str()).filter(access::models(caller, Permission::Write));
    Ok(select.lock_exclusive().one(tx).await?)
}

async fn put(tx: &DatabaseTransaction, mut row: model::Model, grants: Option<&[Grant]>) -> Result<ModelRecord, StoreError> {
    row.updated_at = now();
    row.clone().into_active_model().reset_all().update(tx).await?;
    let grants = match grants {
        Some(grants) => grants::replace(tx, Resource::Model, &row.id, grants).await?,
        None => grants::of_one(tx, Resource::Model, &row.id).await?,
    };
    read(row, grants)
}

fn read(row: model::Model, access_grants: Vec<Grant>) -> Result<ModelRecord, StoreError> {
    let object = |json: Json| match json.into_value() {
        Value::Object(object) => Ok(object),
        _ => Err(StoreError::unreadable("model record")),
    };
    Ok(ModelRecord {
        id: row.id.into(),
        user_id: row.user_id.into(),
        base_model_id: row.base_model_id.map(ModelId::from),
        name: row.name,
        params: object(row.params)?,
        meta: object(row.meta)?,
        access_grants,
        is_active: row.is_active,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
