//! Model records: what an administrator adds to an upstream's model, or a preset over one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Grant, ModelId, Timestamp, UserId};

/// A model record. Without a base it decorates (and grants) the upstream model of the same id; with one it is a preset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Its id.
    pub id: ModelId,
    /// Whose it is.
    pub user_id: UserId,
    /// The model it stands on, for a preset.
    pub base_model_id: Option<ModelId>,
    /// What it is called.
    pub name: String,
    /// Parameters that every call gets, `system` among them.
    pub params: Map<String, Value>,
    /// Description, picture, capabilities and whatever clients keep there.
    pub meta: Map<String, Value>,
    /// Who may use it.
    pub access_grants: Vec<Grant>,
    /// Whether it is listed and can be used.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}
