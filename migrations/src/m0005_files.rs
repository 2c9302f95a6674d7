//! Uploaded files, and their extracted text in a table of its own, so that lists never read it.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No cascade from the account: a file row never goes without the job that erases its bytes and vectors.
        let files = Table::create()
            .table("file")
            .col(text("id").primary_key())
            .col(text("user_id"))
            .col(text("filename"))
            .col(text("folded"))
            .col(text("object_path"))
            .col(text("file_hash"))
            .col(text_null("text_hash"))
            .col(big_integer("size"))
            .col(text("content_type"))
            .col(text("status"))
            .col(text_null("error"))
            .col(text_null("fingerprint"))
            .col(text("metadata"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .col(big_integer("ordinal"))
            .foreign_key(ForeignKey::create().from("file", "user_id").to("account", "id").on_delete(ForeignKeyAction::Restrict))
            .to_owned();
        manager.create_table(files).await?;
        manager.create_index(Index::create().name("file_user").table("file").col("user_id").col("created_at").to_owned()).await?;

        let texts = Table::create()
            .table("file_text")
            .col(text("file_id").primary_key())
            .col(text("text"))
            .col(text("pages"))
            .foreign_key(ForeignKey::create().from("file_text", "file_id").to("file", "id").on_delete(ForeignKeyAction::Cascade))
            .to_owned();
        manager.create_table(texts).await
    }
}
