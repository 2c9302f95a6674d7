//! Accounts.

use sea_orm::entity::prelude::*;

use crate::json::Json;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub email: String,
    pub name: String,
    pub folded: String,
    pub role: String,
    pub password_hash: String,
    pub profile_image_url: String,
    pub settings: Option<Json>,
    pub info: Option<Json>,
    pub session_generation: i64,
    pub last_active_at: i64,
    pub updated_at: i64,
    pub created_at: i64,
    pub ordinal: i64,
    pub bio: Option<String>,
    pub gender: Option<String>,
    pub date_of_birth: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
