//! How many pages a file has, as passages of it say.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Not known of files that were read before; they have it once they are read again.
        manager.alter_table(Table::alter().table("file").add_column(integer_null("pages")).to_owned()).await
    }
}
