//! Functions and their versions, as requests and answers hold them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use transom_app::functions::{FunctionDraft, FunctionView, FunctionWithValves, SyncDraft, VersionDiff as Diff, VersionView};
use transom_domain::{FunctionId, FunctionRecord, FunctionSnapshot, UserId, VersionId};
use utoipa::ToSchema;

use crate::description::shapes::SnapshotShape;
use crate::params::number;
use crate::user_shapes::Owner;

/// A function as clients send it.
#[derive(Deserialize, ToSchema)]
pub(super) struct FunctionRequest {
    #[schema(examples("shout"))]
    id: String,
    name: String,
    /// Python code with a class `Pipe` or `Filter`.
    content: String,
    meta: Map<String, Value>,
    commit_message: Option<String>,
}

impl From<FunctionRequest> for FunctionDraft {
    fn from(request: FunctionRequest) -> Self {
        let FunctionRequest { id, name, content, meta, commit_message } = request;
        Self { id, name, content, meta, commit_message }
    }
}

/// A function of a whole set, as an export holds it.
#[derive(Deserialize, ToSchema)]
pub(super) struct SyncRequest {
    #[serde(flatten)]
    function: FunctionRequest,
    valves: Option<Map<String, Value>>,
    #[serde(default)]
    is_active: bool,
    #[serde(default)]
    is_global: bool,
}

impl From<SyncRequest> for SyncDraft {
    fn from(request: SyncRequest) -> Self {
        let SyncRequest { function, valves, is_active, is_global } = request;
        Self { draft: function.into(), valves, is_active, is_global }
    }
}

/// All functions that there are to be.
#[derive(Deserialize, ToSchema)]
pub(super) struct FunctionsRequest {
    #[serde(default)]
    pub(super) functions: Vec<SyncRequest>,
}

/// Where a function's code is.
#[derive(Deserialize, ToSchema)]
pub(super) struct UrlRequest {
    #[schema(examples("https://example.com/shout.py"))]
    pub(super) url: String,
}

/// A version to go back to.
#[derive(Deserialize, ToSchema)]
pub(super) struct VersionRequest {
    #[schema(value_type = String)]
    pub(super) version_id: VersionId,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct ExportQuery {
    #[serde(default)]
    pub(super) include_valves: bool,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct PageQuery {
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    pub(super) page: Option<u64>,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct DiffQuery {
    #[schema(value_type = String)]
    pub(super) from_id: VersionId,
    #[schema(value_type = String)]
    pub(super) to_id: VersionId,
}

/// A function without its code.
#[derive(Serialize, ToSchema)]
pub(super) struct FunctionBrief {
    #[schema(value_type = Option<String>)]
    version_id: Option<VersionId>,
    #[schema(value_type = String)]
    id: FunctionId,
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// `pipe` or `filter`.
    #[schema(examples("filter"))]
    r#type: String,
    name: String,
    meta: Map<String, Value>,
    is_active: bool,
    is_global: bool,
    updated_at: i64,
    created_at: i64,
}

impl From<&FunctionRecord> for FunctionBrief {
    fn from(record: &FunctionRecord) -> Self {
        Self {
            version_id: record.version_id.clone(),
            id: record.id.clone(),
            user_id: record.user_id.clone(),
            r#type: record.kind.clone(),
            name: record.name.clone(),
            meta: record.meta.clone(),
            is_active: record.is_active,
            is_global: record.is_global,
            updated_at: record.updated_at,
            created_at: record.created_at,
        }
    }
}

/// A function with who wrote it.
#[derive(Serialize, ToSchema)]
pub(super) struct FunctionWithUser {
    #[serde(flatten)]
    function: FunctionBrief,
    user: Option<Owner>,
}

impl From<&FunctionView> for FunctionWithUser {
    fn from(view: &FunctionView) -> Self {
        Self { function: (&view.record).into(), user: view.user.as_ref().map(Owner::from) }
    }
}

/// A function with its code, and with the values of its settings where they are asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedFunction {
    #[serde(flatten)]
    function: FunctionBrief,
    content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    valves: Option<Map<String, Value>>,
}

impl From<FunctionWithValves> for ExportedFunction {
    fn from(FunctionWithValves { record, valves }: FunctionWithValves) -> Self {
        Self { function: (&record).into(), content: record.content, valves }
    }
}

/// Code that was read from an address.
#[derive(Serialize, ToSchema)]
pub(super) struct LoadedFunction {
    pub(super) name: String,
    pub(super) content: String,
}

/// A version of a function.
#[derive(Serialize, ToSchema)]
#[schema(as = FunctionVersion)]
pub(super) struct Version {
    #[schema(value_type = String)]
    id: VersionId,
    #[schema(value_type = String)]
    function_id: FunctionId,
    #[schema(value_type = Option<String>)]
    parent_id: Option<VersionId>,
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    commit_message: Option<String>,
    created_at: i64,
    user: Option<Owner>,
}

impl From<&VersionView> for Version {
    fn from(VersionView { version, user }: &VersionView) -> Self {
        Self {
            id: version.id.clone(),
            function_id: version.function_id.clone(),
            parent_id: version.parent_id.clone(),
            user_id: version.user_id.clone(),
            commit_message: version.commit_message.clone(),
            created_at: version.created_at,
            user: user.as_ref().map(Owner::from),
        }
    }
}

/// A version with what it keeps.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionWithSnapshot {
    #[serde(flatten)]
    version: Version,
    #[schema(value_type = SnapshotShape)]
    snapshot: FunctionSnapshot,
}

impl From<&VersionView> for VersionWithSnapshot {
    fn from(view: &VersionView) -> Self {
        Self { version: view.into(), snapshot: view.version.snapshot.clone() }
    }
}

/// What is different between two versions.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionDiff {
    #[schema(value_type = String)]
    from_id: VersionId,
    #[schema(value_type = String)]
    to_id: VersionId,
    #[schema(value_type = SnapshotShape)]
    from_snapshot: FunctionSnapshot,
    #[schema(value_type = SnapshotShape)]
    to_snapshot: FunctionSnapshot,
    /// The lines of a unified diff.
    content_diff: Vec<String>,
    name_changed: bool,
}

impl From<Diff> for VersionDiff {
    fn from(Diff { from, to, lines }: Diff) -> Self {
        Self {
            name_changed: from.snapshot.name != to.snapshot.name,
            from_id: from.id,
            to_id: to.id,
            from_snapshot: from.snapshot,
            to_snapshot: to.snapshot,
            content_diff: lines,
        }
    }
}
