//! What is written is what is read: files, collections, groups, model records, settings.

#![allow(clippy::unwrap_used)]

mod common;

use common::{caller, file, new_file, store, to_everyone};
use serde_json::json;
use transom_domain::{FileStatus, Page, Permission, Permissions, Role, Text};
use transom_store::{Direction, FileOrder, FileQuery, GroupPatch, KnowledgeQuery, NewGroup, NewKnowledge, NewModelRecord, StoreError};

fn object(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_made() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let mut new = new_file("Übersicht.pdf");
    new.metadata = object(json!({"z": 1, "a": {"name": "ü\u{0}", "list": [null, 1.5]}}));
    new.size = 5_000_000_000;
    let made = store.create_file(&ann, new.clone(), false).await.unwrap();
    assert_eq!(made.status, FileStatus::Unprocessed);
    let read = store.file(&ann, &new.id, Permission::Write).await.unwrap().unwrap();
    assert_eq!(read, made);
    assert_eq!(read.metadata, new.metadata);
    assert_eq!(read.metadata.keys().collect::<Vec<_>>(), ["z", "a"], "in the client's order");
    let renamed = store.rename_file(&ann, &new.id, "new.pdf").await.unwrap().unwrap();
    assert_eq!(renamed, store.file(&ann, &new.id, Permission::Read).await.unwrap().unwrap());
    assert_eq!(renamed.filename, "new.pdf");
}

#[tokio::test]
async fn names_are_found_by_pattern_and_other_signs_are_text() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    for name in ["Report.PDF", "reports.txt", "100%.txt", "a_b.txt", "aXb.txt", "back\\slash", "ÄÖ.txt"] {
        store.create_file(&ann, new_file(name), false).await.unwrap();
    }
    let found = async |pattern: &str| {
        let query =
            FileQuery { name: Some(pattern.to_owned()), order: FileOrder::Name, direction: Direction::Ascending, ..FileQuery::default() };
        let (files, total) = store.list_files(&ann, &query).await.unwrap();
        assert_eq!(files.len() as u64, total);
        files.into_iter().map(|file| file.filename).collect::<Vec<_>>()
    };
    assert_eq!(found("report*").await, ["Report.PDF", "reports.txt"]);
    assert_eq!(found("report").await, Vec::<String>::new());
    assert_eq!(found("report?.txt").await, ["reports.txt"]);
    assert_eq!(found("*%*").await, ["100%.txt"]);
    assert_eq!(found("a_b.txt").await, ["a_b.txt"]);
    assert_eq!(found("a?b.txt").await, ["a_b.txt", "aXb.txt"]);
    assert_eq!(found("back\\*").await, ["back\\slash"]);
    assert_eq!(found("äö*").await, ["ÄÖ.txt"]);
    assert_eq!(found("***").await.len(), 7);
    assert!(found(&"?".repeat(100_000)).await.is_empty());
    assert!(found("nul\0").await.is_empty());
}

#[tokio::test]
async fn files_of_the_same_second_are_listed_in_the_order_they_came() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    for n in 0..6 {
        store.create_file(&ann, new_file(&format!("{n}")), false).await.unwrap();
    }
    let query = FileQuery { skip: 1, limit: Some(3), ..FileQuery::default() };
    let (files, total) = store.list_files(&ann, &query).await.unwrap();
    assert_eq!((files.iter().map(|file| file.filename.as_str()).collect::<Vec<_>>(), total), (vec!["4", "3", "2"], 6));
}

#[tokio::test]
async fn collections_are_found_by_part_of_name_or_description() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    for (name, description) in [("Handbuch", "über alles"), ("Rezepte", "50% Zucker")] {
        let new = NewKnowledge { name: name.to_owned(), description: description.to_owned(), ..NewKnowledge::default() };
        store.create_knowledge(&ann, new).await.unwrap();
    }
    let found = async |search: &str| {
        let query = KnowledgeQuery { search: Some(search.to_owned()), ..KnowledgeQuery::default() };
        let (views, total) = store.list_knowledge(&ann, &query).await.unwrap();
        assert_eq!(views.len() as u64, total);
        views.into_iter().map(|view| view.knowledge.name).collect::<Vec<_>>()
    };
    assert_eq!(found("ÜBER").await, ["Handbuch"]);
    assert_eq!(found("0%").await, ["Rezepte"]);
    assert_eq!(found("").await, ["Rezepte", "Handbuch"]);
    let query = KnowledgeQuery { skip: 1, limit: Some(1), ..KnowledgeQuery::default() };
    assert_eq!(store.list_knowledge(&ann, &query).await.unwrap().1, 2);
}

#[tokio::test]
async fn an_update_without_grants_or_facts_leaves_them() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let new = NewKnowledge {
        name: "a".to_owned(),
        description: "b".to_owned(),
        meta: Some(json!({"k": 1})),
        access_grants: Some(vec![to_everyone(Permission::Read), to_everyone(Permission::Read), to_everyone(Permission::Write)]),
    };
    let made = store.create_knowledge(&ann, new).await.unwrap();
    assert_eq!(made.access_grants, [to_everyone(Permission::Read), to_everyone(Permission::Write)], "in order, each once");
    let renamed = NewKnowledge { name: "c".to_owned(), ..NewKnowledge::default() };
    let changed = store.update_knowledge(&ann, &made.id, renamed).await.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), changed.description.as_str()), ("c", ""));
    assert_eq!((changed.meta, changed.access_grants), (made.meta, made.access_grants));
    let closed = NewKnowledge { access_grants: Some(Vec::new()), ..NewKnowledge::default() };
    assert!(store.update_knowledge(&ann, &made.id, closed).await.unwrap().unwrap().access_grants.is_empty());
}

#[tokio::test]
async fn a_group_gives_its_members_its_permissions() {
    let store = store().await;
    let admin = caller(&store, "admin", Role::Admin).await;
    let ann = caller(&store, "ann", Role::User).await;
    let tree = Permissions(object(json!({"workspace": {"knowledge": true}})));
    let new = NewGroup { name: "staff".to_owned(), permissions: Some(tree.clone()), ..NewGroup::default() };
    let group = store.create_group(&admin, new).await.unwrap();
    store.add_members(&group.id, std::slice::from_ref(&ann.id)).await.unwrap().unwrap();
    store.add_members(&group.id, std::slice::from_ref(&ann.id)).await.unwrap().unwrap();
    let principal = store.principal(&ann.id).await.unwrap().unwrap();
    assert_eq!((principal.groups, principal.group_permissions), (vec![group.id.clone()], vec![tree.clone()]));
    assert_eq!(store.groups_of(&ann.id).await.unwrap().len(), 1);
    let patch = GroupPatch { description: Some("people".to_owned()), ..GroupPatch::default() };
    let changed = store.update_group(&group.id, patch).await.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), changed.description.as_str(), changed.permissions), ("staff", "people", Some(tree)));
    assert_eq!(changed.member_ids, vec![ann.id.clone()]);
    let emptied = store.remove_members(&group.id, std::slice::from_ref(&ann.id)).await.unwrap().unwrap();
    assert!(emptied.member_ids.is_empty());
    assert!(store.principal(&ann.id).await.unwrap().unwrap().groups.is_empty());
    assert!(store.add_members(&"missing".into(), &[]).await.unwrap().is_none());
}

#[tokio::test]
async fn a_model_record_comes_back_as_it_was_made_and_its_id_is_taken() {
    let store = store().await;
    let admin = caller(&store, "admin", Role::Admin).await;
    let new = NewModelRecord {
        id: "llama3.2:latest".into(),
        base_model_id: None,
        name: "Llama".to_owned(),
        params: object(json!({"temperature": 0.1, "system": "Be brief."})),
        meta: object(json!({"description": null})),
        access_grants: Some(vec![to_everyone(Permission::Read)]),
        is_active: true,
    };
    let made = store.create_model_record(&admin, new.clone()).await.unwrap();
    assert_eq!(store.model_records().await.unwrap(), std::slice::from_ref(&made));
    assert!(matches!(store.create_model_record(&admin, new.clone()).await, Err(StoreError::Taken("model id"))));
    let update = NewModelRecord { access_grants: None, is_active: false, base_model_id: Some("x".into()), ..new.clone() };
    let changed = store.update_model_record(&admin, update).await.unwrap().unwrap();
    assert!(!changed.is_active && changed.access_grants == made.access_grants && changed.base_model_id.is_some());
    assert!(store.update_model_record(&admin, NewModelRecord { id: "missing".into(), ..new }).await.unwrap().is_none());
    assert!(store.delete_model_record(&admin, &made.id).await.unwrap());
    assert!(!store.delete_model_record(&admin, &made.id).await.unwrap());
}

#[tokio::test]
async fn a_setting_is_what_was_last_set() {
    let store = store().await;
    assert_eq!(store.setting("permissions.default").await.unwrap(), None);
    for value in [json!({"chat": {"file_upload": true}}), json!(5), json!("text"), json!(null)] {
        store.set_setting("permissions.default", &value).await.unwrap();
        assert_eq!(store.setting("permissions.default").await.unwrap(), Some(value));
    }
    store.ping().await.unwrap();
}

#[tokio::test]
async fn the_length_of_texts_counts_those_that_the_caller_may_read_in_characters() {
    let store = store().await;
    let (ann, eve) = (caller(&store, "ann", Role::User).await, caller(&store, "eve", Role::User).await);
    let mut ids = Vec::new();
    for (owner, text) in [(&ann, "störche"), (&ann, "heron"), (&eve, "eve's own")] {
        let id = file(&store, owner, "a.txt").await.id;
        store.keep_text(&id, &Text { text: text.to_owned(), pages: Vec::new() }, "hash").await.unwrap();
        ids.push(id);
    }
    assert_eq!(store.text_length(&ann, &ids).await.unwrap(), 12);
    assert_eq!(store.text_length(&eve, &ids).await.unwrap(), 9);
    assert_eq!(store.text_length(&eve, &ids[..2]).await.unwrap(), 0);
    assert_eq!(store.text_length(&ann, &[]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_file_knows_the_number_of_its_last_page_once_its_text_is_kept() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let id = file(&store, &ann, "a.pdf").await.id;
    assert_eq!(store.file(&ann, &id, Permission::Read).await.unwrap().unwrap().pages, None);
    let page = |number, start| Page { number, start, goes_on: true };
    let text = Text { text: "one three".to_owned(), pages: vec![page(1, 0), page(3, 4)] };
    store.keep_text(&id, &text, "hash").await.unwrap();
    assert_eq!(store.file(&ann, &id, Permission::Read).await.unwrap().unwrap().pages, Some(3));
    // A text without pages takes its place.
    store.keep_text(&id, &Text { text: "one".to_owned(), pages: Vec::new() }, "hash").await.unwrap();
    assert_eq!(store.file(&ann, &id, Permission::Read).await.unwrap().unwrap().pages, None);
}
