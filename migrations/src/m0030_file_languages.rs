//! The languages that a file's text is in, as questions to it have to know.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // ISO 639-3 with spaces between; none where they could not be told, and where the file was indexed before anybody asked.
        manager.alter_table(Table::alter().table("file").add_column(text_null("languages")).to_owned()).await
    }
}
