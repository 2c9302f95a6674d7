//! The database file: restarts, concurrency, tasks that stop half-way, modes.

#![allow(clippy::unwrap_used)]

mod common;

use common::{caller, concurrent_store, database_url, file, file_url, lease, new_file, new_user, open};
use sea_orm::{ConnectionTrait, Database};
use transom_domain::{Caller, Permission, Role, now};
use transom_store::{DatabaseState, FileQuery, Store, StoreConfig, StoreError};

#[tokio::test]
async fn a_restart_keeps_rows_and_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let url = database_url(folder.path()).await;
    let (ann, made) = {
        let store = open(&url).await;
        let ann = caller(&store, "ann", Role::User).await;
        let made = store.create_file(&ann, new_file("a"), true).await.unwrap();
        assert!(store.lease_job(&"worker".into(), now() + 1, 3600, usize::MAX).await.unwrap().is_some());
        (ann, made)
    };
    // The first store is dropped without a word, as a killed server's would be.
    let store = open(&url).await;
    assert_eq!(store.file(&ann, &made.id, Permission::Read).await.unwrap().unwrap(), made);
    assert!(store.lease_job(&"worker".into(), now() + 1, 3600, usize::MAX).await.unwrap().is_none(), "its lease is still held");
    assert_eq!(store.release_jobs().await.unwrap(), 1);
    assert_eq!(store.lease_job(&"worker".into(), now() + 1, 3600, usize::MAX).await.unwrap().unwrap().attempt, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_and_readers_never_find_the_database_locked() {
    let folder = tempfile::tempdir().unwrap();
    let url = database_url(folder.path()).await;
    let store = open(&url).await;
    // A second process (a sub-command, say) works on the same file.
    let second = open(&url).await;
    let ann = caller(&store, "ann", Role::User).await;
    let tasks = (0..16).map(|n| {
        let store = if n % 4 == 0 { second.clone() } else { store.clone() };
        let ann = ann.clone();
        tokio::spawn(async move {
            for round in 0..10 {
                let made = store.create_file(&ann, new_file(&format!("{n}-{round}")), true).await.unwrap();
                assert!(store.file(&ann, &made.id, Permission::Read).await.unwrap().is_some(), "it reads what it wrote");
                store.touch_user(&ann.id, now()).await.unwrap();
                if let Some(job) = lease(&store, now() + 1).await {
                    store.finish_job(&job).await.unwrap();
                }
                if round % 2 == 0 {
                    assert!(store.delete_file(&ann, &made.id).await.unwrap());
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(store.list_files(&ann, &FileQuery::default()).await.unwrap().1, 80);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_leave_half_way_do_not_hold_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let store = concurrent_store(folder.path()).await;
    let ann = caller(&store, "ann", Role::User).await;
    for round in 0..200_u32 {
        let task = {
            let (store, ann) = (store.clone(), ann.clone());
            tokio::spawn(async move { store.create_file(&ann, new_file("half"), true).await.is_ok() })
        };
        for _ in 0..round % 20 {
            tokio::task::yield_now().await;
        }
        task.abort();
    }
    let whole = file(&store, &ann, "whole").await;
    assert!(store.delete_file(&ann, &whole.id).await.unwrap());
    // Each is there with its job, or not at all.
    let files = store.list_files(&ann, &FileQuery::default()).await.unwrap().1;
    assert_eq!(store.count_jobs().await.unwrap(), files + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn starts_at_once_make_one_schema() {
    let folder = tempfile::tempdir().unwrap();
    let url = database_url(folder.path()).await;
    let starts = [0, 1, 2].map(|_| {
        tokio::spawn({
            let url = url.clone();
            async move { open(&url).await }
        })
    });
    let [first, second, third] = starts;
    let (first, second, _third) = (first.await.unwrap(), second.await.unwrap(), third.await.unwrap());
    first.sign_up(new_user("first"), None).await.unwrap().unwrap();
    assert_eq!(second.count_users().await.unwrap(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_is_made_with_its_folder_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("new/data");
    let store = open(&file_url(&inner)).await;
    caller(&store, "ann", Role::User).await;
    for name in ["transom.db", "transom.db-wal", "transom.db-shm"] {
        let mode = std::fs::metadata(inner.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_place_where_no_database_can_be_is_said() {
    let config = StoreConfig { url: "sqlite:///dev/null/transom.db".to_owned(), pool_size: 1 };
    assert!(Store::open(&config).await.is_err());
    let config = StoreConfig { url: "mysql://somewhere/else".to_owned(), pool_size: 1 };
    assert!(Store::open(&config).await.is_err());
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let url = database_url(folder.path()).await;
    let writable = if url.starts_with("sqlite:") { format!("{url}?mode=rwc") } else { url.clone() };
    let theirs = Database::connect(&writable).await.unwrap();
    // Names that both programs have, and another record of migrations.
    for table in ["user", "file", "alembic_version"] {
        theirs.execute_unprepared(&format!("CREATE TABLE \"{table}\" (id TEXT)")).await.unwrap();
    }
    theirs.clone().close().await.unwrap();
    let config = StoreConfig { url: url.clone(), pool_size: 2 };
    let state = Store::look(&config).await.unwrap();
    assert_eq!(state, DatabaseState::Foreign(vec!["alembic_version".into(), "file".into(), "user".into()]));
    let refused = Store::open(&config).await.unwrap_err();
    assert!(matches!(refused, StoreError::Foreign(_)) && refused.to_string().contains("alembic_version"), "{refused}");
    assert_eq!(Store::look(&config).await.unwrap(), state, "nothing was made in it");
    // Another program that keeps its migrations as we do is another program all the same.
    let theirs = Database::connect(&url).await.unwrap();
    theirs.execute_unprepared("CREATE TABLE seaql_migrations (version TEXT, applied_at BIGINT)").await.unwrap();
    theirs.execute_unprepared("INSERT INTO seaql_migrations VALUES ('m20220101_000001_create_table', 0)").await.unwrap();
    theirs.close().await.unwrap();
    assert!(matches!(Store::open(&config).await, Err(StoreError::Foreign(_))));
}

#[tokio::test]
async fn looking_at_a_database_makes_nothing_and_tells_an_empty_one_from_ours() {
    let folder = tempfile::tempdir().unwrap();
    let url = database_url(&folder.path().join("new")).await;
    let config = StoreConfig { url: url.clone(), pool_size: 1 };
    assert_eq!(Store::look(&config).await.unwrap(), DatabaseState::Empty);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(open(&url).await);
    assert_eq!(Store::look(&config).await.unwrap(), DatabaseState::Ours);
}

#[tokio::test]
async fn two_databases_in_memory_are_two() {
    let (first, second) = (open("sqlite::memory:").await, open("sqlite::memory:").await);
    caller(&first, "ann", Role::User).await;
    assert_eq!((first.count_users().await.unwrap(), second.count_users().await.unwrap()), (1, 0));
}

#[tokio::test]
async fn nothing_is_made_in_the_name_of_an_account_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = concurrent_store(folder.path()).await;
    let gone = Caller::new("gone".into(), Role::User);
    assert!(store.create_file(&gone, new_file("a"), true).await.is_err());
    assert_eq!(store.count_jobs().await.unwrap(), 0);
}
