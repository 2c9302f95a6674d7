//! Who put a file into a collection: the collection opens the file only while that account has the right itself.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Nobody wrote down who added the existing links, so each gets the account that could have added it, and nobody gains a right:
///
/// - a file of the collection's owner: that owner;
/// - a file that its adder could only read: nobody, because that is how a reader passed another's file on;
/// - a file whose owner may change the collection today: the file's owner;
/// - any other file: the collection's owner, who has to have the right to change the file for the link to count.
const FILL: &str = "
UPDATE knowledge_file SET added_by = COALESCE((
    SELECT CASE
        WHEN file.user_id = knowledge.user_id THEN file.user_id
        WHEN NOT knowledge_file.changeable THEN ''
        WHEN owner.role = 'admin' THEN file.user_id
        WHEN owner.role = 'user' AND EXISTS (
            SELECT 1 FROM access_grant
            WHERE access_grant.resource_type = 'knowledge'
                AND access_grant.resource_id = knowledge.id
                AND access_grant.permission = 'write'
                AND (
                    (access_grant.principal_type = 'user' AND access_grant.principal_id IN ('*', file.user_id))
                    OR (access_grant.principal_type = 'group' AND access_grant.principal_id IN (
                        SELECT group_member.group_id FROM group_member WHERE group_member.user_id = file.user_id
                    ))
                )
        ) THEN file.user_id
        ELSE knowledge.user_id
    END
    FROM file
    INNER JOIN account AS owner ON owner.id = file.user_id
    INNER JOIN knowledge ON knowledge.id = knowledge_file.knowledge_id
    WHERE file.id = knowledge_file.file_id
), '')";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign key: an account that is deleted leaves a link that opens nothing.
        manager.alter_table(Table::alter().table("knowledge_file").add_column(text("added_by").default("")).to_owned()).await?;
        manager.get_connection().execute_unprepared(FILL).await?;
        Ok(())
    }
}
