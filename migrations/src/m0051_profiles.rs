//! What accounts say of themselves.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The date is text, YYYY-MM-DD: it has no time and no zone.
        for column in ["bio", "gender", "date_of_birth"] {
            manager.alter_table(Table::alter().table("account").add_column(text_null(column)).to_owned()).await?;
        }
        Ok(())
    }
}
