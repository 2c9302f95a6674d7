//! Settings that are changed while the server runs.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let settings = Table::create().table("setting").col(text("name").primary_key()).col(text("value")).to_owned();
        manager.create_table(settings).await
    }
}
