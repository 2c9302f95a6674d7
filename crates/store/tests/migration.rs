//! What earlier versions wrote keeps its meaning, and opens no more than before.

#![allow(clippy::unwrap_used)]

mod common;

use common::{database_url, open};
use sea_orm::{ConnectionTrait, Database};
use transom_domain::{Caller, FileId, Permission, Role};
use transom_migrations::{Migrator, MigratorTrait};

/// Accounts, collections, files, grants and links as the version before wrote them.
const OLD_ROWS: &str = "
INSERT INTO account (id, email, name, folded, role, password_hash, profile_image_url, session_generation, last_active_at, updated_at,
    created_at, ordinal) VALUES
    ('admin', 'admin@x.test', 'admin', '', 'admin', 'h', '', 0, 0, 0, 0, 1),
    ('ann', 'ann@x.test', 'ann', '', 'user', 'h', '', 0, 0, 0, 0, 2),
    ('bob', 'bob@x.test', 'bob', '', 'user', 'h', '', 0, 0, 0, 0, 3),
    ('eve', 'eve@x.test', 'eve', '', 'user', 'h', '', 0, 0, 0, 0, 4);
INSERT INTO user_group (id, user_id, name, description, created_at, updated_at) VALUES ('staff', 'admin', 'staff', '', 0, 0);
INSERT INTO group_member (group_id, user_id, ordinal) VALUES ('staff', 'ann', 1);
INSERT INTO file (id, user_id, filename, folded, object_path, file_hash, size, content_type, status, metadata, created_at, updated_at, ordinal)
    VALUES ('f', 'ann', 'f', 'f', 'f', '00', 1, 'text/plain', 'completed', '{}', 0, 0, 1);
INSERT INTO knowledge (id, user_id, name, description, folded, created_at, updated_at, ordinal) VALUES
    ('anns', 'ann', '', '', '', 0, 0, 1),
    ('read-only', 'bob', '', '', '', 0, 0, 2),
    ('by-owner', 'bob', '', '', '', 0, 0, 3),
    ('kept-by-writer', 'bob', '', '', '', 0, 0, 4),
    ('admins', 'admin', '', '', '', 0, 0, 5),
    ('admins-by-reader', 'admin', '', '', '', 0, 0, 6);
INSERT INTO access_grant (resource_type, resource_id, principal_type, principal_id, permission, position)
    SELECT 'knowledge', id, 'user', 'eve', 'write', 0 FROM knowledge;
INSERT INTO access_grant (resource_type, resource_id, principal_type, principal_id, permission, position) VALUES
    ('knowledge', 'by-owner', 'group', 'staff', 'write', 1);
INSERT INTO knowledge_file (knowledge_id, file_id, changeable, created_at) VALUES
    ('anns', 'f', TRUE, 0), ('read-only', 'f', FALSE, 0), ('by-owner', 'f', TRUE, 0), ('kept-by-writer', 'f', TRUE, 0),
    ('admins', 'f', TRUE, 0), ('admins-by-reader', 'f', FALSE, 0);
";

/// Which of the collections opens the file to Eve, by itself: none, for reading, or for writing.
async fn opened_by(url: &str, collection: &str) -> (bool, bool) {
    let store = open(url).await;
    let db = Database::connect(url).await.unwrap();
    db.execute_unprepared(&format!("DELETE FROM knowledge_file WHERE knowledge_id <> '{collection}'")).await.unwrap();
    let (eve, file) = (Caller::new("eve".into(), Role::User), FileId::from("f"));
    let may = async |needed| store.file(&eve, &file, needed).await.unwrap().is_some();
    (may(Permission::Read).await, may(Permission::Write).await)
}

#[tokio::test]
async fn links_of_an_earlier_version_open_what_their_adder_could_share_and_no_more() {
    for (collection, expected) in [
        ("anns", (true, true)),
        ("by-owner", (true, true)),
        ("admins", (true, true)),
        ("read-only", (false, false)),
        ("kept-by-writer", (false, false)),
        ("admins-by-reader", (false, false)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let url = database_url(folder.path()).await;
        let created = if url.starts_with("sqlite") { format!("{url}?mode=rwc") } else { url.clone() };
        let db = Database::connect(&created).await.unwrap();
        let before = Migrator::migrations().iter().take_while(|step| step.name() < "m0050").count();
        Migrator::up(&db, Some(u32::try_from(before).unwrap())).await.unwrap();
        db.execute_unprepared(OLD_ROWS).await.unwrap();
        assert_eq!(opened_by(&url, collection).await, expected, "{collection}");
    }
}
