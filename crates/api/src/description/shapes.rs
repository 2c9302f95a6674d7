//! Shapes that more than one answer has, and those of types that are not this crate's: the domain knows no HTTP.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// Whether something is so.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    pub(crate) status: bool,
}

impl Status {
    pub(crate) const GOOD: Self = Self { status: true };
}

/// What was done, in a sentence.
#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    pub(crate) message: &'static str,
}

/// Any JSON object.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(transparent)]
pub(crate) struct Object(pub(crate) Map<String, Value>);

/// A refusal: a sentence, or what an upstream said.
pub(super) fn failure() -> Value {
    json!({
        "type": "object",
        "description": "Why a request was refused",
        "required": ["detail"],
        "properties": {
            "detail": { "description": "a sentence; where an upstream refused, its own words", "examples": ["Model not found"] },
        },
    })
}

/// Mirrors of types that are written elsewhere. Nobody makes values of them.
mod mirrors {
    #![allow(dead_code, reason = "only their shape counts")]

    use std::collections::BTreeMap;

    use super::{Map, Object, ToSchema, Value};

    /// A JSON object, or null where there is none.
    #[derive(ToSchema)]
    pub(crate) struct ObjectOrNull(Option<Object>);

    /// What an account is: who waits for approval is pending.
    #[derive(ToSchema)]
    #[schema(as = Role)]
    #[serde(rename_all = "lowercase")]
    pub(crate) enum RoleShape {
        Admin,
        User,
        Pending,
    }

    /// What accounts may do in general: switches in sections, such as `features.api_keys`.
    #[derive(ToSchema)]
    #[schema(as = Permissions)]
    pub(crate) struct PermissionsShape(BTreeMap<String, SectionShape>);

    /// Switches by their names.
    #[derive(ToSchema)]
    #[schema(as = PermissionSection)]
    pub(crate) struct SectionShape(BTreeMap<String, bool>);

    /// Who may read or write something. The user `*` is everyone.
    #[derive(ToSchema)]
    #[schema(as = Grant)]
    pub(crate) struct GrantShape {
        principal_type: PrincipalShape,
        principal_id: String,
        permission: PermissionShape,
    }

    #[derive(ToSchema)]
    #[schema(as = PrincipalType)]
    #[serde(rename_all = "lowercase")]
    pub(crate) enum PrincipalShape {
        User,
        Group,
    }

    #[derive(ToSchema)]
    #[schema(as = Permission)]
    #[serde(rename_all = "lowercase")]
    pub(crate) enum PermissionShape {
        Read,
        Write,
    }

    /// What an administrator adds to an upstream's model, or a preset over one.
    #[derive(ToSchema)]
    #[schema(as = ModelRecord)]
    pub(crate) struct ModelRecordShape {
        id: String,
        user_id: String,
        base_model_id: Option<String>,
        name: String,
        params: Map<String, Value>,
        meta: Map<String, Value>,
        access_grants: Vec<GrantShape>,
        is_active: bool,
        created_at: i64,
        updated_at: i64,
    }

    /// A function with its code.
    #[derive(ToSchema)]
    #[schema(as = Function)]
    pub(crate) struct FunctionShape {
        id: String,
        user_id: Option<String>,
        name: String,
        r#type: String,
        content: String,
        meta: Map<String, Value>,
        is_active: bool,
        is_global: bool,
        version_id: Option<String>,
        updated_at: i64,
        created_at: i64,
    }

    /// What of a function a version keeps.
    #[derive(ToSchema)]
    #[schema(as = FunctionSnapshot)]
    pub(crate) struct SnapshotShape {
        name: String,
        r#type: String,
        content: String,
        meta: Map<String, Value>,
    }
}

pub(crate) use mirrors::{FunctionShape, GrantShape, ModelRecordShape, ObjectOrNull, PermissionsShape, RoleShape, SnapshotShape};
