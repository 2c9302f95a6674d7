//! Collections and their files, as requests and answers hold them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use transom_app::files::{Direction, FileOrder, FileQuery};
use transom_app::knowledge::{Described, KnowledgeView, Listed, WithFiles};
use transom_domain::{File, FileId, Grant, Knowledge, KnowledgeId, User, UserId};
use utoipa::ToSchema;

use crate::description::shapes::{GrantShape, Object};
use crate::files::{FileMeta, FileResponse, PAGE, Parts, switch};
use crate::params::number;
use crate::user_shapes::Owner;

#[derive(Deserialize, ToSchema)]
pub(super) struct KnowledgeQueryRequest {
    /// What names and descriptions are searched for
    #[serde(default)]
    pub(super) query: Option<String>,
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    pub(super) page: Option<u64>,
}

/// A collection as clients send it.
#[derive(Deserialize, ToSchema)]
pub(super) struct KnowledgeRequest {
    #[schema(examples("Manuals"))]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    meta: Option<Value>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<GrantShape>>)]
    access_grants: Option<Vec<Grant>>,
}

impl From<KnowledgeRequest> for Described {
    fn from(request: KnowledgeRequest) -> Self {
        let KnowledgeRequest { name, description, meta, access_grants } = request;
        Described { name, description, meta, access_grants }
    }
}

/// Who may read and change a collection from now on.
#[derive(Deserialize, ToSchema)]
pub(super) struct AccessRequest {
    #[schema(value_type = Vec<GrantShape>)]
    pub(super) access_grants: Vec<Grant>,
}

/// A file by its id.
#[derive(Deserialize, ToSchema)]
pub(super) struct KnowledgeFileRequest {
    #[schema(value_type = String)]
    pub(super) file_id: FileId,
}

/// Files by their ids.
#[derive(Deserialize, ToSchema)]
pub(super) struct KnowledgeFileRequests(pub(super) Vec<KnowledgeFileRequest>);

#[derive(Deserialize, ToSchema)]
pub(super) struct RemoveQuery {
    /// Whether the file itself is deleted, where no other collection has it
    #[serde(default, deserialize_with = "switch")]
    pub(super) delete_file: Option<bool>,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct FilesQuery {
    #[serde(default)]
    query: Option<String>,
    #[serde(default, deserialize_with = "switch")]
    pub(super) include_content: Option<bool>,
    #[serde(default)]
    order_by: Option<String>,
    #[serde(default)]
    direction: Option<String>,
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    page: Option<u64>,
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    limit: Option<u64>,
}

impl FilesQuery {
    pub(super) fn query(&self) -> FileQuery {
        let limit = self.limit.unwrap_or(PAGE).clamp(1, 1000);
        FileQuery {
            name: self.query.as_deref().filter(|query| !query.is_empty()).map(|query| format!("*{query}*")),
            own: false,
            order: match self.order_by.as_deref() {
                Some("name") => FileOrder::Name,
                Some("created_at") => FileOrder::CreatedAt,
                _ => FileOrder::UpdatedAt,
            },
            direction: if self.direction.as_deref() == Some("asc") { Direction::Ascending } else { Direction::Descending },
            skip: self.page.unwrap_or(1).saturating_sub(1).saturating_mul(limit),
            limit: Some(limit),
        }
    }
}

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
