//! Uploaded files.

use sea_orm::entity::prelude::*;

use crate::json::Json;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "file")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub user_id: String,
    pub filename: String,
    pub folded: String,
    pub object_path: String,
    pub file_hash: String,
    pub text_hash: Option<String>,
    pub size: i64,
    pub content_type: String,
    pub status: String,
    pub error: Option<String>,
    pub fingerprint: Option<String>,
    pub languages: Option<String>,
    pub pages: Option<i32>,
    pub metadata: Json,
    pub created_at: i64,
    pub updated_at: i64,
    pub ordinal: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
