//! Changes at the same time, and values that are too large.

#![allow(clippy::unwrap_used)]

mod common;

use common::{account, caller, concurrent_store, new_file, store};
use serde_json::{Map, Value, json};
use transom_domain::{FunctionId, Role};
use transom_store::{GroupPatch, NewFunction, NewGroup, NewKnowledge, NewModelRecord, StoreError, UserPatch};

fn too_large<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::TooLarge { .. }))
}

/// An object that is written in more than so many KiB.
fn object(kibibytes: usize) -> Map<String, Value> {
    [("x".to_owned(), Value::String("y".repeat(kibibytes << 10)))].into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn facts_that_are_added_at_once_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = concurrent_store(folder.path()).await;
    let (user, _) = account(&store, "ann", Role::User).await;
    let adding = (0..30).map(|n| {
        let (store, id) = (store.clone(), user.id.clone());
        tokio::spawn(async move { store.merge_user_info(&id, [(format!("fact {n}"), json!(n))].into_iter().collect()).await })
    });
    for added in adding.collect::<Vec<_>>() {
        added.await.unwrap().unwrap().unwrap();
    }
    let info = store.user(&user.id).await.unwrap().unwrap().info.unwrap();
    assert_eq!(info.as_object().unwrap().len(), 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_setting_that_is_changed_at_once_keeps_every_change() {
    let folder = tempfile::tempdir().unwrap();
    let store = concurrent_store(folder.path()).await;
    let counting = (0..30).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let one_more = |stored: Option<Value>| Ok::<_, StoreError>(json!(stored.and_then(|stored| stored.as_u64()).unwrap_or(0) + 1));
            store.change_setting("counter", one_more).await
        })
    });
    for counted in counting.collect::<Vec<_>>() {
        counted.await.unwrap().unwrap();
    }
    assert_eq!(store.setting("counter").await.unwrap(), Some(json!(30)));
}

#[tokio::test]
async fn a_setting_stays_where_its_change_is_refused() {
    let store = store().await;
    store.set_setting("x", &json!("before")).await.unwrap();
    let refused = store.change_setting("x", |_| Err(StoreError::Taken("x"))).await;
    assert!(matches!(refused, Err(StoreError::Taken("x"))));
    assert_eq!(store.setting("x").await.unwrap(), Some(json!("before")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_model_that_is_switched_an_odd_number_of_times_at_once_is_switched() {
    let folder = tempfile::tempdir().unwrap();
    let store = concurrent_store(folder.path()).await;
    let admin = caller(&store, "ann", Role::Admin).await;
    store.create_model_record(&admin, record("m", Map::new(), Map::new())).await.unwrap();
    let switching = (0..21).map(|_| {
        let (store, admin) = (store.clone(), admin.clone());
        tokio::spawn(async move { store.toggle_model_record(&admin, &"m".into()).await })
    });
    for switched in switching.collect::<Vec<_>>() {
        switched.await.unwrap().unwrap().unwrap();
    }
    assert!(!store.model_records().await.unwrap()[0].is_active);
    let stranger = caller(&store, "bob", Role::User).await;
    assert!(store.toggle_model_record(&stranger, &"m".into()).await.unwrap().is_none());
}

fn record(id: &str, params: Map<String, Value>, meta: Map<String, Value>) -> NewModelRecord {
    NewModelRecord { id: id.into(), base_model_id: None, name: id.to_owned(), params, meta, access_grants: None, is_active: true }
}

fn function(id: &str, meta: Map<String, Value>) -> NewFunction {
    NewFunction {
        id: id.into(),
        name: id.to_owned(),
        kind: "filter".to_owned(),
        content: String::new(),
        meta,
        about: json!({}),
        commit_message: None,
    }
}

#[tokio::test]
async fn a_value_that_is_larger_than_its_column_takes_is_refused_and_nothing_is_stored() {
    let store = store().await;
    let (user, _) = account(&store, "ann", Role::Admin).await;
    let admin = transom_domain::Caller::new(user.id.clone(), Role::Admin);

    let settings = |kibibytes| UserPatch { settings: Some(object(kibibytes).into()), name: Some("new".to_owned()), ..UserPatch::default() };
    assert!(too_large(store.update_user(&user.id, settings(64)).await));
    assert_eq!(store.user(&user.id).await.unwrap().unwrap().name, "ann");
    store.update_user(&user.id, settings(63)).await.unwrap().unwrap();
    store.merge_user_info(&user.id, object(15)).await.unwrap().unwrap();
    let one_more = [("z".to_owned(), json!("y".repeat(1024)))].into_iter().collect();
    assert!(too_large(store.merge_user_info(&user.id, one_more).await), "together they are too large");
    assert!(store.user(&user.id).await.unwrap().unwrap().info.unwrap().get("z").is_none());

    assert!(too_large(store.create_model_record(&admin, record("m", object(256), Map::new())).await));
    assert!(too_large(store.create_model_record(&admin, record("m", Map::new(), object(512))).await));
    assert!(store.model_records().await.unwrap().is_empty());
    store.create_model_record(&admin, record("m", object(255), object(511))).await.unwrap();
    assert!(too_large(store.update_model_record(&admin, record("m", object(256), Map::new())).await));

    let meta = |kibibytes| NewKnowledge { name: "k".to_owned(), meta: Some(object(kibibytes).into()), ..NewKnowledge::default() };
    assert!(too_large(store.create_knowledge(&admin, meta(64)).await));
    let kept = store.create_knowledge(&admin, meta(63)).await.unwrap();
    assert!(too_large(store.update_knowledge(&admin, &kept.id, meta(64)).await));

    let data = |kibibytes| NewGroup { name: "g".to_owned(), data: Some(object(kibibytes).into()), ..NewGroup::default() };
    assert!(too_large(store.create_group(&admin, data(64)).await));
    let group = store.create_group(&admin, data(63)).await.unwrap();
    let permissions = Some(transom_domain::Permissions(object(64)));
    assert!(too_large(store.update_group(&group.id, GroupPatch { permissions, ..GroupPatch::default() }).await));

    let mut file = new_file("f.txt");
    file.metadata = object(64);
    assert!(too_large(store.create_file(&admin, file, true).await));

    assert!(too_large(store.create_function(&admin, function("f", object(64))).await));
    store.create_function(&admin, function("f", object(63))).await.unwrap().unwrap();
    let id = FunctionId::from("f");
    assert!(too_large(store.set_function_valves(&admin, &id, object(64).into()).await));
    assert!(too_large(store.set_user_valves(&admin, &id, object(64).into()).await));

    assert!(too_large(store.set_setting("s", &object(1024).into()).await));
    assert_eq!(store.setting("s").await.unwrap(), None);
}

#[tokio::test]
async fn a_row_that_is_larger_than_the_limit_stays_readable_and_authentication_reads_none_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let url = common::file_url(folder.path());
    let store = common::open(&url).await;
    let (user, _) = account(&store, "ann", Role::User).await;
    let raw = sea_orm::Database::connect(url).await.unwrap();
    let settings = Value::Object(object(2048)).to_string();
    let set = async |settings: &str| {
        let statement =
            sea_orm::Statement::from_sql_and_values(sea_orm::DbBackend::Sqlite, "UPDATE account SET settings = ?", [settings.into()]);
        sea_orm::ConnectionTrait::execute_raw(&raw, statement).await.unwrap();
    };
    set(&settings).await;
    let read = store.user(&user.id).await.unwrap().unwrap();
    assert_eq!(read.settings.unwrap()["x"].as_str().unwrap().len(), 2048 << 10);
    store.update_user(&user.id, UserPatch { name: Some("Anna".to_owned()), ..UserPatch::default() }).await.unwrap().unwrap();
    // What cannot even be read is nobody's business who asks for a principal or for credentials.
    set("{").await;
    assert!(store.user(&user.id).await.is_err());
    assert_eq!(store.principal(&user.id).await.unwrap().unwrap().id, user.id);
    assert_eq!(store.credentials("ann@example.test").await.unwrap().unwrap().id, user.id);
}
