//! Which worker holds a job's lease.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A lease that was taken before this column existed has no owner: nobody can end it, and it runs out by itself.
        manager.alter_table(Table::alter().table("job").add_column(text_null("owner")).to_owned()).await
    }
}
