//! Model records.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let models = Table::create()
            .table("model")
            .col(text("id").primary_key())
            .col(text("user_id"))
            .col(text_null("base_model_id"))
            .col(text("name"))
            .col(text("params"))
            .col(text("meta"))
            .col(boolean("is_active"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .foreign_key(ForeignKey::create().from("model", "user_id").to("account", "id").on_delete(ForeignKeyAction::Restrict))
            .to_owned();
        manager.create_table(models).await?;
        manager.create_index(Index::create().name("model_user").table("model").col("user_id").to_owned()).await
    }
}
