//! Who else may read or change a thing: one table for all kinds of things.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let grants = Table::create()
            .table("access_grant")
            .col(text("resource_type"))
            .col(text("resource_id"))
            .col(text("principal_type"))
            .col(text("principal_id"))
            .col(text("permission"))
            // The place in the list that the client gave.
            .col(integer("position"))
            .primary_key(
                Index::create().col("resource_type").col("resource_id").col("principal_type").col("principal_id").col("permission"),
            )
            .to_owned();
        manager.create_table(grants).await?;
        manager
            .create_index(
                Index::create().name("access_grant_principal").table("access_grant").col("principal_type").col("principal_id").to_owned(),
            )
            .await
    }
}
