//! Knowledge collections: named sets of files, shared by grants.

use serde_json::Value;

use crate::{Grant, KnowledgeId, Timestamp, UserId};

/// A knowledge collection. Its files are rows of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Knowledge {
    /// Its id.
    pub id: KnowledgeId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// Free facts.
    pub meta: Option<Value>,
    /// Who else may read or change it.
    pub access_grants: Vec<Grant>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}
