//! What functions were before.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let versions = Table::create()
            .table("function_version")
            .col(text("id").primary_key())
            .col(text("function_id"))
            // The version that it was made from.
            .col(text_null("parent_id"))
            .col(text_null("user_id"))
            .col(text_null("commit_message"))
            // Name, content and facts as they were.
            .col(text("snapshot"))
            .col(big_integer("created_at"))
            .col(big_integer("ordinal"))
            .foreign_key(
                ForeignKey::create().from("function_version", "function_id").to("function", "id").on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(ForeignKey::create().from("function_version", "user_id").to("account", "id").on_delete(ForeignKeyAction::SetNull))
            .to_owned();
        manager.create_table(versions).await?;
        let by_function =
            Index::create().name("function_version_function").table("function_version").col("function_id").col("ordinal").to_owned();
        manager.create_index(by_function).await?;
        manager.create_index(Index::create().name("function_version_user").table("function_version").col("user_id").to_owned()).await
    }
}
