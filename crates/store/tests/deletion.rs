//! What is gone when something is deleted, in every table.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "TRANSOM_TEST_POSTGRES_URL is for tests alone")]

mod common;

use std::collections::BTreeMap;

use common::{caller, concurrent_store, file, file_url, lease, new_file, store, to_everyone, to_user};
use sea_orm::{ConnectionTrait, Database, Statement};
use transom_domain::{Permission, Role, Text, now};
use transom_store::jobs::JobKind;
use transom_store::{ApiKeyRow, FileQuery, NewGroup, NewKnowledge, NewModelRecord};

/// How many rows each table has, but for the list of migrations; and all of their text.
async fn rows(folder: &std::path::Path) -> (BTreeMap<String, i64>, String) {
    let db = Database::connect(file_url(folder)).await.unwrap();
    let query = |sql: String| Statement::from_string(db.get_database_backend(), sql);
    let tables = db.query_all_raw(query("SELECT name FROM sqlite_master WHERE type = 'table'".to_owned())).await.unwrap();
    let (mut counts, mut everything) = (BTreeMap::new(), String::new());
    for table in tables {
        let table: String = table.try_get_by_index(0).unwrap();
        if table.starts_with("sqlite_") || table == "seaql_migrations" {
            continue;
        }
        let columns = db.query_all_raw(query(format!("SELECT name FROM pragma_table_info('{table}')"))).await.unwrap();
        let columns: Vec<String> =
            columns.iter().map(|row| format!("coalesce(\"{}\", '')", row.try_get_by_index::<String>(0).unwrap())).collect();
        let found = db.query_all_raw(query(format!("SELECT {} FROM \"{table}\"", columns.join(" || ' ' || ")))).await.unwrap();
        counts.insert(table, i64::try_from(found.len()).unwrap());
        for row in found {
            everything.push_str(&row.try_get_by_index::<String>(0).unwrap());
            everything.push('\n');
        }
    }
    (counts, everything)
}

#[tokio::test]
async fn deleting_an_account_leaves_nothing_of_its_own_but_erase_jobs() {
    if std::env::var("TRANSOM_TEST_POSTGRES_URL").is_ok() {
        return; // It looks into every table by SQLite's own means.
    }
    let folder = tempfile::tempdir().unwrap();
    let store = concurrent_store(folder.path()).await;
    let admin = caller(&store, "admin", Role::Admin).await;
    let ann = caller(&store, "ann", Role::User).await;
    let staff = store.create_group(&admin, NewGroup { name: "staff".to_owned(), ..NewGroup::default() }).await.unwrap();
    let admins = NewKnowledge { access_grants: Some(vec![to_user(&ann.id, Permission::Write)]), ..NewKnowledge::default() };
    let admins = store.create_knowledge(&admin, admins).await.unwrap();
    let (before, _) = rows(folder.path()).await;

    store.add_members(&staff.id, std::slice::from_ref(&ann.id)).await.unwrap();
    store.set_api_key(&ann.id, 0, ApiKeyRow { digest: "d".to_owned(), sealed: vec![1] }).await.unwrap();
    let anns = NewKnowledge { access_grants: Some(vec![to_everyone(Permission::Read)]), ..NewKnowledge::default() };
    let anns = store.create_knowledge(&ann, anns).await.unwrap();
    let record = NewModelRecord {
        id: "preset".into(),
        base_model_id: Some("base".into()),
        name: "Preset".to_owned(),
        params: serde_json::Map::new(),
        meta: serde_json::Map::new(),
        access_grants: Some(vec![to_everyone(Permission::Read), to_user(&admin.id, Permission::Write)]),
        is_active: true,
    };
    store.create_model_record(&ann, record).await.unwrap();
    let mut paths = Vec::new();
    for name in ["a", "b"] {
        let file = store.create_file(&ann, new_file(name), true).await.unwrap();
        store.keep_text(&file.id, &Text { text: "text".to_owned(), pages: Vec::new() }, "hash").await.unwrap();
        for collection in [&admins.id, &anns.id] {
            assert!(store.add_to_knowledge(&ann, collection, std::slice::from_ref(&file.id)).await.unwrap());
        }
        paths.push(JobKind::Erase(file.id, file.object_path));
    }

    assert!(store.delete_user(&ann.id).await.unwrap());
    assert!(!store.delete_user(&ann.id).await.unwrap());
    let (mut after, everything) = rows(folder.path()).await;
    assert!(!everything.contains(ann.id.as_str()) && !everything.contains("ann@"), "{everything}");
    assert_eq!(after.insert("job".to_owned(), 0), Some(2));
    let mut expected = before;
    expected.insert("account".to_owned(), 1);
    expected.insert("access_grant".to_owned(), 0);
    assert_eq!(after, expected);
    let mut left = Vec::new();
    while let Some(job) = lease(&store, now() + 1).await {
        left.push(job.kind);
    }
    assert_eq!(left, paths);
    assert!(store.principal_by_key("d").await.unwrap().is_none());
}

#[tokio::test]
async fn deleting_or_emptying_a_collection_leaves_its_files() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let kept = file(&store, &ann, "kept").await.id;
    let new = NewKnowledge { access_grants: Some(vec![to_everyone(Permission::Read)]), ..NewKnowledge::default() };
    let id = store.create_knowledge(&ann, new).await.unwrap().id;
    assert!(store.add_to_knowledge(&ann, &id, std::slice::from_ref(&kept)).await.unwrap());
    let emptied = store.reset_knowledge(&ann, &id).await.unwrap().unwrap();
    assert_eq!(emptied.access_grants.len(), 1);
    assert_eq!(store.knowledge_files(&ann, &id, &FileQuery::default()).await.unwrap().unwrap().1, 0);
    assert!(store.add_to_knowledge(&ann, &id, std::slice::from_ref(&kept)).await.unwrap());
    assert!(store.delete_knowledge(&ann, &id).await.unwrap());
    assert!(!store.delete_knowledge(&ann, &id).await.unwrap());
    assert!(store.file(&ann, &kept, Permission::Read).await.unwrap().is_some());
    assert_eq!(store.count_jobs().await.unwrap(), 0);
}

#[tokio::test]
async fn a_file_taken_out_of_a_collection_is_no_longer_shared() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let bob = caller(&store, "bob", Role::User).await;
    let shared = file(&store, &ann, "shared").await.id;
    let new = NewKnowledge { access_grants: Some(vec![to_user(&bob.id, Permission::Read)]), ..NewKnowledge::default() };
    let id = store.create_knowledge(&ann, new).await.unwrap().id;
    assert!(store.add_to_knowledge(&ann, &id, std::slice::from_ref(&shared)).await.unwrap());
    assert!(store.file(&bob, &shared, Permission::Read).await.unwrap().is_some());
    assert!(store.remove_from_knowledge(&ann, &id, &shared).await.unwrap());
    assert!(!store.remove_from_knowledge(&ann, &id, &shared).await.unwrap());
    assert!(store.file(&bob, &shared, Permission::Read).await.unwrap().is_none());
}

#[tokio::test]
async fn deleting_all_files_takes_more_than_one_statement_holds() {
    let store = store().await;
    let admin = caller(&store, "admin", Role::Admin).await;
    let ann = caller(&store, "ann", Role::User).await;
    for n in 0..1100 {
        store.create_file(&ann, new_file(&n.to_string()), n % 2 == 0).await.unwrap();
    }
    assert_eq!(store.delete_all_files(&ann).await.unwrap(), 0);
    assert_eq!(store.delete_all_files(&admin).await.unwrap(), 1100);
    assert_eq!(store.count_jobs().await.unwrap(), 1100);
    assert!(store.all_files().await.unwrap().is_empty());
}
