//! Background work.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign key to the file: the job that erases a file outlives its row.
        let jobs = Table::create()
            .table("job")
            .col(text("id").primary_key())
            .col(text("kind"))
            .col(text("file_id"))
            .col(text_null("object_path"))
            .col(big_integer("due_at"))
            .col(big_integer_null("lease_until"))
            .col(integer("attempts"))
            .col(boolean("cancelled"))
            .col(big_integer("ordinal"))
            .to_owned();
        manager.create_table(jobs).await?;
        manager.create_index(Index::create().name("job_due").table("job").col("due_at").col("ordinal").to_owned()).await?;
        manager.create_index(Index::create().name("job_file").table("job").col("file_id").to_owned()).await
    }
}
