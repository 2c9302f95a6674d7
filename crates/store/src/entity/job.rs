//! Background work.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub kind: String,
    pub file_id: String,
    pub object_path: Option<String>,
    pub due_at: i64,
    pub lease_until: Option<i64>,
    pub attempts: i32,
    pub cancelled: bool,
    pub ordinal: i64,
    pub user_id: String,
    pub turn: i64,
    pub owner: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
