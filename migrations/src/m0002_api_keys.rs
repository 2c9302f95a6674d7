//! API keys: found by a keyed digest, kept encrypted. One an account.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let keys = Table::create()
            .table("api_key")
            .col(text("user_id").primary_key())
            .col(text_uniq("digest"))
            .col(blob("sealed"))
            .col(big_integer("created_at"))
            .foreign_key(ForeignKey::create().from("api_key", "user_id").to("account", "id").on_delete(ForeignKeyAction::Cascade))
            .to_owned();
        manager.create_table(keys).await
    }
}
