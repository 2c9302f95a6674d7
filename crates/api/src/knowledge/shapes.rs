//! Collections and their files, as answers hold them.

use serde::Serialize;
use serde_json::{Value, json};
use transom_app::knowledge::{KnowledgeView, Listed, WithFiles};
use transom_domain::{File, FileId, Grant, Knowledge, KnowledgeId, User, UserId};
use utoipa::ToSchema;

use crate::description::shapes::{GrantShape, Object};
use crate::files::{FileMeta, FileResponse, Parts};
use crate::user_shapes::Owner;

/// What every answer about a collection holds.
#[derive(Serialize, ToSchema)]
pub(super) struct KnowledgeRow {
    #[schema(value_type = String)]
    id: KnowledgeId,
    #[schema(value_type = String)]
    user_id: UserId,
    name: String,
    description: String,
    meta: Option<Value>,
    access_grants: Vec<KnowledgeGrant>,
    created_at: i64,
    updated_at: i64,
}

impl From<&Knowledge> for KnowledgeRow {
    fn from(knowledge: &Knowledge) -> Self {
        Self {
            id: knowledge.id.clone(),
            user_id: knowledge.user_id.clone(),
            name: knowledge.name.clone(),
            description: knowledge.description.clone(),
            meta: knowledge.meta.clone(),
            access_grants: knowledge.access_grants.iter().map(|grant| KnowledgeGrant::new(knowledge, grant)).collect(),
            created_at: knowledge.created_at,
            updated_at: knowledge.updated_at,
        }
    }
}

/// A grant as clients expect it. Grants have no id of their own; one is made of what they say, so that it stays the same.
#[derive(Serialize, ToSchema)]
pub(super) struct KnowledgeGrant {
    #[serde(flatten)]
    #[schema(value_type = GrantShape)]
    grant: Grant,
    id: String,
    resource_type: &'static str,
    #[schema(value_type = String)]
    resource_id: KnowledgeId,
    created_at: i64,
}

impl KnowledgeGrant {
    fn new(knowledge: &Knowledge, grant: &Grant) -> Self {
        let said = format!("{}:{}", knowledge.id, json!(grant));
        Self {
            grant: grant.clone(),
            id: uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, said.as_bytes()).to_string(),
            resource_type: "knowledge",
            resource_id: knowledge.id.clone(),
            created_at: knowledge.created_at,
        }
    }
}

/// A collection without its files.
#[derive(Serialize, ToSchema)]
#[schema(as = Knowledge)]
pub(super) struct KnowledgeResponse {
    #[serde(flatten)]
    row: KnowledgeRow,
    /// Null: its files are listed by another call.
    files: Option<Vec<Object>>,
}

impl From<&Knowledge> for KnowledgeResponse {
    fn from(knowledge: &Knowledge) -> Self {
        Self { row: knowledge.into(), files: None }
    }
}

/// A collection without its files, and whether the caller may change it.
#[derive(Serialize, ToSchema)]
pub(super) struct KnowledgeWithAccess {
    #[serde(flatten)]
    knowledge: KnowledgeResponse,
    write_access: bool,
}

impl From<&KnowledgeView> for KnowledgeWithAccess {
    fn from(view: &KnowledgeView) -> Self {
        Self { knowledge: (&view.knowledge).into(), write_access: view.write_access }
    }
}

/// A collection with its files.
#[derive(Serialize, ToSchema)]
pub(super) struct KnowledgeWithFiles {
    #[serde(flatten)]
    row: KnowledgeRow,
    files: Vec<KnowledgeFile>,
    write_access: bool,
}

/// A file of a collection, in brief.
#[derive(Serialize, ToSchema)]
pub(super) struct KnowledgeFile {
    #[schema(value_type = String)]
    id: FileId,
    hash: Option<String>,
    meta: FileMeta,
    created_at: i64,
    updated_at: i64,
}

impl From<&WithFiles> for KnowledgeWithFiles {
    fn from(collection: &WithFiles) -> Self {
        let knowledge = &collection.view.knowledge;
        let file = |file: &File| KnowledgeFile {
            id: file.id.clone(),
            hash: file.text_hash.clone(),
            meta: FileMeta::new(file, knowledge.id.to_string()),
            created_at: file.created_at,
            updated_at: file.updated_at,
        };
        Self { row: knowledge.into(), files: collection.files.iter().map(file).collect(), write_access: collection.view.write_access }
    }
}

/// A collection as lists show it.
#[derive(Serialize, ToSchema)]
pub(super) struct ListedKnowledge {
    #[serde(flatten)]
    row: KnowledgeRow,
    user: Option<Owner>,
    file_count: u64,
    write_access: bool,
}

impl From<&Listed> for ListedKnowledge {
    fn from(listed: &Listed) -> Self {
        Self {
            row: (&listed.view.knowledge).into(),
            user: listed.owner.as_ref().map(Owner::from),
            file_count: listed.file_count,
            write_access: listed.view.write_access,
        }
    }
}

/// A page of collections, and how many there are.
#[derive(Serialize, ToSchema)]
pub(super) struct KnowledgePage {
    pub(super) items: Vec<ListedKnowledge>,
    pub(super) total: u64,
}

/// A collection's file as its list shows it. Collections have no folders here.
#[derive(Serialize, ToSchema)]
pub(super) struct ListedFile {
    #[serde(flatten)]
    file: FileResponse,
    directory_id: Option<String>,
    directory_path: &'static str,
    has_original: bool,
    user: Option<Owner>,
}

impl ListedFile {
    pub(super) fn new(file: &File, content: Option<Option<&str>>, collection: &KnowledgeId, owner: Option<&User>) -> Self {
        let mut response = FileResponse::new(file, Parts { content, path: false });
        if content.is_none() {
            response.data = None;
        }
        response.meta = FileMeta::new(file, collection.to_string());
        Self { file: response, directory_id: None, directory_path: "", has_original: true, user: owner.map(Owner::from) }
    }
}

/// A page of a collection's files, and how many there are.
#[derive(Serialize, ToSchema)]
pub(super) struct KnowledgeFiles {
    items: Vec<ListedFile>,
    directories: Vec<Object>,
    breadcrumbs: Vec<Object>,
    total: u64,
}

impl KnowledgeFiles {
    pub(super) fn flat(items: Vec<ListedFile>, total: u64) -> Self {
        Self { items, directories: Vec::new(), breadcrumbs: Vec::new(), total }
    }
}
