//! Knowledge collections and the files in them.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let collections = Table::create()
            .table("knowledge")
            .col(text("id").primary_key())
            .col(text("user_id"))
            .col(text("name"))
            .col(text("description"))
            .col(text("folded"))
            .col(text_null("meta"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .col(big_integer("ordinal"))
            .foreign_key(ForeignKey::create().from("knowledge", "user_id").to("account", "id").on_delete(ForeignKeyAction::Restrict))
            .to_owned();
        manager.create_table(collections).await?;
        manager.create_index(Index::create().name("knowledge_user").table("knowledge").col("user_id").to_owned()).await?;

        let membership = Table::create()
            .table("knowledge_file")
            .col(text("knowledge_id"))
            .col(text("file_id"))
            // Whether who put it there could change the file: only then does writing to the collection reach the file itself.
            .col(boolean("changeable"))
            .col(big_integer("created_at"))
            .primary_key(Index::create().col("knowledge_id").col("file_id"))
            .foreign_key(
                ForeignKey::create().from("knowledge_file", "knowledge_id").to("knowledge", "id").on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(ForeignKey::create().from("knowledge_file", "file_id").to("file", "id").on_delete(ForeignKeyAction::Cascade))
            .to_owned();
        manager.create_table(membership).await?;
        manager.create_index(Index::create().name("knowledge_file_file").table("knowledge_file").col("file_id").to_owned()).await
    }
}
