//! Groups and their members.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let groups = Table::create()
            .table("user_group")
            .col(text("id").primary_key())
            // Who made it. No foreign key: the group outlives that account.
            .col(text("user_id"))
            .col(text("name"))
            .col(text("description"))
            .col(text_null("permissions"))
            .col(text_null("data"))
            .col(text_null("meta"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .to_owned();
        manager.create_table(groups).await?;

        let members = Table::create()
            .table("group_member")
            .col(text("group_id"))
            .col(text("user_id"))
            .col(big_integer("ordinal"))
            .primary_key(Index::create().col("group_id").col("user_id"))
            .foreign_key(ForeignKey::create().from("group_member", "group_id").to("user_group", "id").on_delete(ForeignKeyAction::Cascade))
            .foreign_key(ForeignKey::create().from("group_member", "user_id").to("account", "id").on_delete(ForeignKeyAction::Cascade))
            .to_owned();
        manager.create_table(members).await?;
        manager.create_index(Index::create().name("group_member_user").table("group_member").col("user_id").to_owned()).await
    }
}
