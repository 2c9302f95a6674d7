//! Functions and their history: the administrators' alone.

#![allow(clippy::unwrap_used)]

mod common;

use common::{caller, store};
use serde_json::{Map, Value, json};
use transom_domain::{Caller, FunctionId, Role};
use transom_store::{NewFunction, Store, StoreError, Switch, SyncedFunction};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn new(id: &str, content: &str) -> NewFunction {
    NewFunction {
        id: id.into(),
        name: id.to_owned(),
        kind: "pipe".to_owned(),
        content: content.to_owned(),
        meta: object(json!({"description": "d", "manifest": {"title": "T"}})),
        about: json!({"type": "pipe"}),
        commit_message: None,
    }
}

async fn people() -> (Store, Caller, Caller) {
    let store = store().await;
    let admin = caller(&store, "admin", Role::Admin).await;
    let ann = caller(&store, "ann", Role::User).await;
    (store, admin, ann)
}

#[tokio::test]
async fn a_function_comes_back_as_it_was_made_and_its_id_is_taken() {
    let (store, admin, _) = people().await;
    let made = store.create_function(&admin, new("echo", "code")).await.unwrap().unwrap();
    assert!(!made.record.is_active && !made.record.is_global && made.valves.is_none());
    assert_eq!(store.function(&admin, &"echo".into()).await.unwrap().unwrap(), made);
    assert!(matches!(store.create_function(&admin, new("echo", "other")).await, Err(StoreError::Taken("function id"))));
    assert!(store.running_functions().await.unwrap().is_empty());
    let on = store.toggle_function(&admin, &"echo".into(), Switch::Active).await.unwrap().unwrap();
    assert!(on.record.is_active && !on.record.is_global);
    assert_eq!(store.running_functions().await.unwrap(), [on]);
    assert!(store.delete_function(&admin, &"echo".into()).await.unwrap());
    assert!(!store.delete_function(&admin, &"echo".into()).await.unwrap());
}

#[tokio::test]
async fn whoever_is_no_administrator_sees_and_changes_no_function() {
    let (store, admin, ann) = people().await;
    let id = FunctionId::from("echo");
    assert!(store.create_function(&ann, new("hers", "code")).await.unwrap().is_none());
    let made = store.create_function(&admin, new("echo", "code")).await.unwrap().unwrap();
    let version = made.record.version_id.clone().unwrap();
    assert!(store.functions(&ann).await.unwrap().is_empty());
    assert!(store.function(&ann, &id).await.unwrap().is_none());
    assert!(store.update_function(&ann, new("echo", "hers")).await.unwrap().is_none());
    assert!(store.toggle_function(&ann, &id, Switch::Active).await.unwrap().is_none());
    assert!(store.set_function_valves(&ann, &id, json!({})).await.unwrap().is_none());
    assert!(store.function_versions(&ann, &id, 0, 10).await.unwrap().is_none());
    assert!(store.function_version(&ann, &id, &version).await.unwrap().is_none());
    assert!(store.restore_function(&ann, &id, &version, json!({})).await.unwrap().is_none());
    assert!(!store.delete_function_version(&ann, &id, &version).await.unwrap());
    assert!(!store.delete_function(&ann, &id).await.unwrap());
    assert!(store.sync_functions(&ann, Vec::new()).await.unwrap().is_empty());
    assert_eq!(store.function(&admin, &id).await.unwrap().unwrap(), made, "all of it did nothing");
}

#[tokio::test]
async fn every_change_of_code_is_a_version_and_an_earlier_one_comes_back() {
    let (store, admin, _) = people().await;
    let id = FunctionId::from("echo");
    let first = store.create_function(&admin, new("echo", "one")).await.unwrap().unwrap().record.version_id.unwrap();
    let same = store.update_function(&admin, new("echo", "one")).await.unwrap().unwrap();
    assert_eq!(same.record.version_id.as_ref(), Some(&first), "nothing changed");
    let change = NewFunction { commit_message: Some("why".to_owned()), ..new("echo", "two") };
    let second = store.update_function(&admin, change).await.unwrap().unwrap().record.version_id.unwrap();
    let versions = store.function_versions(&admin, &id, 0, 10).await.unwrap().unwrap();
    assert_eq!(versions.iter().map(|version| version.id.clone()).collect::<Vec<_>>(), [second.clone(), first.clone()]);
    assert_eq!((versions[0].commit_message.as_deref(), versions[0].parent_id.as_ref()), (Some("why"), Some(&first)));
    assert_eq!(store.function_versions(&admin, &id, 1, 1).await.unwrap().unwrap()[0].id, first);

    assert!(!store.delete_function_version(&admin, &id, &second).await.unwrap(), "the function is at it");
    let back = store.restore_function(&admin, &id, &first, json!({"type": "pipe"})).await.unwrap().unwrap();
    assert_eq!((back.record.content.as_str(), back.record.version_id.as_ref()), ("one", Some(&first)));
    assert!(store.delete_function_version(&admin, &id, &second).await.unwrap());
    store.create_function(&admin, new("other", "code")).await.unwrap().unwrap();
    assert!(store.function_version(&admin, &"other".into(), &first).await.unwrap().is_none(), "another's version");
    assert!(store.restore_function(&admin, &"other".into(), &first, json!({})).await.unwrap().is_none());
}

#[tokio::test]
async fn a_synced_set_replaces_all_functions_and_keeps_the_values_of_known_ones() {
    let (store, admin, _) = people().await;
    for id in ["stays", "goes"] {
        store.create_function(&admin, new(id, "code")).await.unwrap().unwrap();
    }
    store.set_function_valves(&admin, &"stays".into(), json!("sealed: secret")).await.unwrap().unwrap();
    let synced = |id: &str| SyncedFunction { new: new(id, "code 2"), valves: None, is_active: true, is_global: false };
    let now = store.sync_functions(&admin, vec![synced("stays"), synced("comes")]).await.unwrap();
    assert_eq!(now.iter().map(|function| function.record.id.as_str()).collect::<Vec<_>>(), ["stays", "comes"]);
    assert_eq!(now[0].valves, Some(json!("sealed: secret")));
    assert!(!format!("{:?}", now[0]).contains("secret"));
    assert!(store.function(&admin, &"goes".into()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_users_values_stand_among_its_own_settings() {
    let (store, _, ann) = people().await;
    let patch = transom_store::UserPatch { settings: Some(json!({"ui": {"theme": "dark"}})), ..Default::default() };
    store.update_user(&ann.id, patch).await.unwrap();
    store.set_user_valves(&ann, &"echo".into(), json!("sealed: n")).await.unwrap().unwrap();
    store.set_user_valves(&ann, &"fold".into(), json!("sealed: m")).await.unwrap().unwrap();
    let settings = store.user(&ann.id).await.unwrap().unwrap().settings.unwrap();
    assert_eq!(settings, json!({"ui": {"theme": "dark"}, "functions": {"valves": {"echo": "sealed: n", "fold": "sealed: m"}}}));
}

#[tokio::test]
async fn a_function_outlives_the_account_that_made_it() {
    let (store, admin, _) = people().await;
    let other = caller(&store, "other", Role::Admin).await;
    store.create_function(&other, new("echo", "code")).await.unwrap().unwrap();
    assert!(store.delete_user(&other.id).await.unwrap());
    let left = store.function(&admin, &"echo".into()).await.unwrap().unwrap();
    assert_eq!(left.record.user_id, None);
    assert_eq!(store.function_versions(&admin, &"echo".into(), 0, 10).await.unwrap().unwrap()[0].user_id, None);
}
