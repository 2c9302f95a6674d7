//! Functions: code of administrators that answers as a model or looks at the calls of others.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{FunctionId, Timestamp, UserId, VersionId};

/// A function as its administrator sees it. Its settings' values are secrets and not part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionRecord {
    /// Its id.
    pub id: FunctionId,
    /// Who made it; `None` once that account is gone.
    pub user_id: Option<UserId>,
    /// What it is called.
    pub name: String,
    /// `pipe`, `filter` or `action`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its code.
    pub content: String,
    /// Description, front matter (`manifest`) and whatever clients keep there.
    pub meta: Map<String, Value>,
    /// Whether it is used.
    pub is_active: bool,
    /// Whether a filter or an action is for every model.
    pub is_global: bool,
    /// The version that it is at.
    pub version_id: Option<VersionId>,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a version keeps of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionSnapshot {
    /// What it was called.
    pub name: String,
    /// `pipe`, `filter` or `action`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its code.
    pub content: String,
    /// Its facts.
    pub meta: Map<String, Value>,
}

/// What a function was at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionVersion {
    /// Its id.
    pub id: VersionId,
    /// Whose version it is.
    pub function_id: FunctionId,
    /// The version that it was made from.
    pub parent_id: Option<VersionId>,
    /// Who made it; `None` once that account is gone.
    pub user_id: Option<UserId>,
    /// Why, in the words of who made it.
    pub commit_message: Option<String>,
    /// The function as it was.
    pub snapshot: FunctionSnapshot,
    /// When it was made.
    pub created_at: Timestamp,
}
