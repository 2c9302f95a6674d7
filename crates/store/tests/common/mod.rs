//! What the store's tests share. They run in memory, or on PostgreSQL where `TRANSOM_TEST_POSTGRES_URL` names a server
//! on which databases may be made.

#![allow(clippy::unwrap_used, dead_code)]
#![allow(clippy::disallowed_methods, reason = "TRANSOM_TEST_POSTGRES_URL is for tests alone")]

use std::path::Path;

use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use transom_domain::{
    Caller, File, FileId, Grant, GroupId, NewFile, NewUser, Permission, Principal, Role, Timestamp, User, UserId, WorkerId,
};
use transom_store::jobs::Job;
use transom_store::{Store, StoreConfig};

/// An empty database.
pub async fn store() -> Store {
    match std::env::var("TRANSOM_TEST_POSTGRES_URL") {
        Ok(server) => open(&postgres_database(&server).await).await,
        Err(_) => open("sqlite::memory:").await,
    }
}

/// A database that several tasks can really use at once: a file, or PostgreSQL. The folder is for the file, and must outlive the store.
pub async fn concurrent_store(folder: &Path) -> Store {
    open(&database_url(folder).await).await
}

/// Where such a database is, before it is opened.
pub async fn database_url(folder: &Path) -> String {
    match std::env::var("TRANSOM_TEST_POSTGRES_URL") {
        Ok(server) => postgres_database(&server).await,
        Err(_) => file_url(folder),
    }
}

pub fn file_url(folder: &Path) -> String {
    format!("sqlite://{}/transom.db", folder.display())
}

pub async fn open(url: &str) -> Store {
    Store::open(&StoreConfig { url: url.to_owned(), pool_size: 4 }).await.unwrap()
}

async fn postgres_database(server: &str) -> String {
    let name = format!("transom_{}", FileId::random().as_str().replace('-', ""));
    let admin = Database::connect(server).await.unwrap();
    admin.execute_raw(Statement::from_string(DbBackend::Postgres, format!("CREATE DATABASE {name}"))).await.unwrap();
    let base = server.rsplit_once('/').unwrap().0;
    format!("{base}/{name}")
}

pub fn new_user(name: &str) -> NewUser {
    NewUser {
        email: format!("{name}@example.test"),
        name: name.to_owned(),
        password_hash: "hash".to_owned(),
        profile_image_url: String::new(),
    }
}

/// An account, and the caller that it is.
pub async fn account(store: &Store, name: &str, role: Role) -> (User, Caller) {
    let user = store.create_user(new_user(name), role).await.unwrap();
    let caller = Caller::new(user.id.clone(), role);
    (user, caller)
}

pub async fn caller(store: &Store, name: &str, role: Role) -> Caller {
    account(store, name, role).await.1
}

pub fn new_file(name: &str) -> NewFile {
    let id = FileId::random();
    NewFile {
        object_path: format!("files/{id}"),
        id,
        filename: name.to_owned(),
        file_hash: "00".to_owned(),
        size: 3,
        content_type: "text/plain".to_owned(),
        metadata: serde_json::Map::new(),
    }
}

pub async fn file(store: &Store, caller: &Caller, name: &str) -> File {
    store.create_file(caller, new_file(name), false).await.unwrap()
}

pub fn to_user(id: &UserId, permission: Permission) -> Grant {
    Grant { principal: Principal::User(id.clone()), permission }
}

pub fn to_everyone(permission: Permission) -> Grant {
    to_user(&Grant::EVERYONE.into(), permission)
}

pub fn to_group(id: &GroupId, permission: Permission) -> Grant {
    Grant { principal: Principal::Group(id.clone()), permission }
}

/// A job for the one worker of a test, with a lease of a minute.
pub async fn lease(store: &Store, now: Timestamp) -> Option<Job> {
    lease_few(store, now, usize::MAX).await
}

/// The same where an account may have so many leased.
pub async fn lease_few(store: &Store, now: Timestamp, at_once: usize) -> Option<Job> {
    store.lease_job(&WorkerId::from("worker"), now, 60, at_once).await.unwrap()
}
