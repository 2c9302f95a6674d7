//! Accounts, and the session tokens that were ended before their time.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let accounts = Table::create()
            .table("account")
            .col(text("id").primary_key())
            .col(text_uniq("email"))
            .col(text("name"))
            // Name and e-mail address in lower case, for searches: what SQLite lower-cases by itself is ASCII alone.
            .col(text("folded"))
            .col(text("role"))
            .col(text("password_hash"))
            .col(text("profile_image_url"))
            .col(text_null("settings"))
            .col(text_null("info"))
            .col(big_integer("session_generation"))
            .col(big_integer("last_active_at"))
            .col(big_integer("updated_at"))
            .col(big_integer("created_at"))
            // Tells apart what was made in the same second.
            .col(big_integer("ordinal"))
            .to_owned();
        manager.create_table(accounts).await?;

        let revoked = Table::create().table("revoked_token").col(text("jti").primary_key()).col(big_integer("expires_at")).to_owned();
        manager.create_table(revoked).await?;
        manager.create_index(Index::create().name("revoked_token_expires_at").table("revoked_token").col("expires_at").to_owned()).await
    }
}
