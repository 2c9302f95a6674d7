//! Which files are in them.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "knowledge_file")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub knowledge_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub file_id: String,
    pub changeable: bool,
    pub created_at: i64,
    pub added_by: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
