//! Whose work a job is, and when it is that account's turn.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Jobs that wait already are nobody's in particular, and come first.
        for column in [text("user_id").default("").to_owned(), big_integer("turn").default(0).to_owned()] {
            manager.alter_table(Table::alter().table("job").add_column(column).to_owned()).await?;
        }
        manager.drop_index(Index::drop().name("job_due").table("job").to_owned()).await?;
        manager.create_index(Index::create().name("job_turn").table("job").col("turn").col("ordinal").to_owned()).await?;
        manager.create_index(Index::create().name("job_account").table("job").col("user_id").col("turn").to_owned()).await?;
        manager.create_index(Index::create().name("job_held").table("job").col("lease_until").to_owned()).await
    }
}
