//! What requests about collections hold.

use serde::Deserialize;
use serde_json::Value;
use transom_app::Error;
use transom_app::files::{Direction, FileOrder, FileQuery};
use transom_app::knowledge::{Described, KnowledgeOrder, KnowledgeQuery, Whose};
use transom_domain::{FileId, Grant};
use utoipa::ToSchema;

use crate::description::shapes::GrantShape;
use crate::files::{PAGE, switch};
use crate::params::number;

#[derive(Deserialize, ToSchema)]
pub(super) struct KnowledgeQueryRequest {
    /// What names and descriptions are searched for
    #[serde(default)]
    query: Option<String>,
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    page: Option<u64>,
    /// `created` for the caller's own, `shared` for those of others
    #[serde(default)]
    view_option: Option<String>,
    /// `name`, `created_at` or `updated_at`
    #[serde(default)]
    order_by: Option<String>,
    /// `asc` or `desc`
    #[serde(default)]
    direction: Option<String>,
}

impl KnowledgeQueryRequest {
    pub(super) fn query(&self) -> KnowledgeQuery {
        KnowledgeQuery {
            search: self.query.clone().filter(|query| !query.is_empty()),
            whose: whose(self.view_option.as_deref()),
            order: match self.order_by.as_deref() {
                Some("name") => KnowledgeOrder::Name,
                Some("created_at") => KnowledgeOrder::CreatedAt,
                _ => KnowledgeOrder::UpdatedAt,
            },
            direction: if self.direction.as_deref() == Some("asc") { Direction::Ascending } else { Direction::Descending },
            skip: self.page.unwrap_or(1).saturating_sub(1).saturating_mul(PAGE),
            limit: Some(PAGE),
            ..KnowledgeQuery::default()
        }
    }
}

fn whose(option: Option<&str>) -> Whose {
    match option {
        Some("created") => Whose::Own,
        Some("shared") => Whose::Others,
        _ => Whose::All,
    }
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
    file_id: FileId,
    /// A folder of the collection. Collections have none here, so any but null is not found.
    #[serde(default)]
    directory_id: Option<String>,
}

impl KnowledgeFileRequest {
    pub(super) fn file(self) -> Result<FileId, Error> {
        match self.directory_id {
            None => Ok(self.file_id),
            Some(id) => Err(Error::NotFound(format!("could not find folder {id}: collections have no folders here"))),
        }
    }
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
    /// `created` for the caller's own, `shared` for those of others
    #[serde(default)]
    view_option: Option<String>,
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
            whose: whose(self.view_option.as_deref()),
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
