//! Functions that administrators write.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let functions = Table::create()
            .table("function")
            .col(text("id").primary_key())
            // Who made it; none once that account is gone. The function stays: models and people depend on it.
            .col(text_null("user_id"))
            .col(text("name"))
            .col(text("kind"))
            .col(text("content"))
            .col(text("meta"))
            // What its code says of itself, so that it need not be loaded to know its hooks.
            .col(text("about"))
            // The administrator's values of its settings: secrets.
            .col(text_null("valves"))
            .col(boolean("is_active"))
            .col(boolean("is_global"))
            .col(text_null("version_id"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .foreign_key(ForeignKey::create().from("function", "user_id").to("account", "id").on_delete(ForeignKeyAction::SetNull))
            .to_owned();
        manager.create_table(functions).await?;
        manager.create_index(Index::create().name("function_user").table("function").col("user_id").to_owned()).await
    }
}
