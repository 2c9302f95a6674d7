//! Model records. They are few and read as a whole into the catalogue; what a caller may see of them is decided there.

use serde_json::{Map, Value};
use transom_domain::{Caller, Grant, ModelId, ModelRecord};

use crate::{Store, StoreError};

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

impl Store {
    /// All records, with their grants.
    pub async fn model_records(&self) -> Result<Vec<ModelRecord>, StoreError> {
        todo!()
    }

    /// Makes a record of the caller's. [`StoreError::Taken`] for a known id.
    pub async fn create_model_record(&self, _caller: &Caller, _new: NewModelRecord) -> Result<ModelRecord, StoreError> {
        todo!()
    }

    /// Changes a record that the caller may write; `None` where there is no such record.
    pub async fn update_model_record(&self, _caller: &Caller, _new: NewModelRecord) -> Result<Option<ModelRecord>, StoreError> {
        todo!()
    }

    /// Replaces the grants of a record that the caller may write.
    pub async fn set_model_grants(&self, _caller: &Caller, _id: &ModelId, _grants: &[Grant]) -> Result<Option<ModelRecord>, StoreError> {
        todo!()
    }

    /// Deletes a record that the caller may write; whether it was there.
    pub async fn delete_model_record(&self, _caller: &Caller, _id: &ModelId) -> Result<bool, StoreError> {
        todo!()
    }
}
