//! A collection opens a file only while whoever put it there has the right to the file.

#![allow(clippy::unwrap_used)]

mod common;

use common::{caller, file, store, to_everyone, to_group, to_user};
use transom_domain::{Caller, FileId, Grant, KnowledgeId, Permission, Role, Text};
use transom_store::{FileQuery, GroupPatch, NewGroup, NewKnowledge, Store, UserPatch};

use Permission::{Read, Write};

async fn collection(store: &Store, owner: &Caller, grants: &[Grant]) -> KnowledgeId {
    let new = NewKnowledge { name: "notes".to_owned(), access_grants: Some(grants.to_vec()), ..NewKnowledge::default() };
    store.create_knowledge(owner, new).await.unwrap().id
}

/// Replaces the grants of a collection.
async fn share(store: &Store, owner: &Caller, id: &KnowledgeId, grants: &[Grant]) {
    let new = NewKnowledge { name: "notes".to_owned(), access_grants: Some(grants.to_vec()), ..NewKnowledge::default() };
    assert!(store.update_knowledge(owner, id, new).await.unwrap().is_some());
}

async fn add(store: &Store, caller: &Caller, id: &KnowledgeId, file: &FileId) -> bool {
    store.add_to_knowledge(caller, id, std::slice::from_ref(file)).await.unwrap()
}

async fn may(store: &Store, caller: &Caller, file: &FileId, needed: Permission) -> bool {
    store.file(caller, file, needed).await.unwrap().is_some()
}

/// Nothing of the file can be read, changed, listed or deleted.
async fn assert_closed(store: &Store, caller: &Caller, id: &KnowledgeId, file: &FileId) {
    let text = Text { text: "changed".to_owned(), pages: Vec::new() };
    assert!(!may(store, caller, file, Read).await && !may(store, caller, file, Write).await);
    assert!(store.file_text(caller, file).await.unwrap().is_none());
    assert!(store.file_texts(caller, std::slice::from_ref(file)).await.unwrap().is_empty());
    if let Some((files, total)) = store.knowledge_files(caller, id, &FileQuery::default()).await.unwrap() {
        assert!(files.is_empty() && total == 0, "a file that is closed is in no list");
    }
    assert!(store.replace_file_text(caller, file, &text).await.unwrap().is_none());
    assert!(store.process_file(caller, file).await.unwrap().is_none());
    assert!(store.index_file(caller, file).await.unwrap().is_none());
    assert!(store.rename_file(caller, file, "mine").await.unwrap().is_none());
    assert!(!store.delete_file(caller, file).await.unwrap());
}

/// Ann's file in Ann's collection; Bob and Eve.
struct Scene {
    store: Store,
    ann: Caller,
    bob: Caller,
    eve: Caller,
    anns: KnowledgeId,
    file: FileId,
}

impl Scene {
    async fn new() -> Self {
        let store = store().await;
        let ann = caller(&store, "ann", Role::User).await;
        let bob = caller(&store, "bob", Role::User).await;
        let eve = caller(&store, "eve", Role::User).await;
        let anns = collection(&store, &ann, &[]).await;
        let file = file(&store, &ann, "shared").await.id;
        store.keep_text(&file, &Text { text: "secret".to_owned(), pages: Vec::new() }, "hash").await.unwrap();
        assert!(add(&store, &ann, &anns, &file).await);
        Self { store, ann, bob, eve, anns, file }
    }

    async fn grant_bob(&self, permission: Permission) {
        share(&self.store, &self.ann, &self.anns, &[to_user(&self.bob.id, permission)]).await;
    }
}

#[tokio::test]
async fn a_reader_cannot_put_a_file_into_a_collection_of_its_own() {
    let Scene { store, bob, eve, file, .. } = &{
        let scene = Scene::new().await;
        scene.grant_bob(Read).await;
        scene
    };
    let bobs = collection(store, bob, &[to_user(&eve.id, Write)]).await;
    assert!(!add(store, bob, &bobs, file).await);
    assert!(may(store, bob, file, Read).await, "it still reads what it was granted");
    assert_closed(store, eve, &bobs, file).await;
}

#[tokio::test]
async fn what_a_writer_passed_on_closes_when_its_own_right_is_taken_back() {
    let scene = Scene::new().await;
    let Scene { store, ann, bob, eve, anns, file } = &scene;
    scene.grant_bob(Write).await;
    let bobs = collection(store, bob, &[to_user(&eve.id, Write)]).await;
    assert!(add(store, bob, &bobs, file).await);
    assert!(may(store, eve, file, Write).await && may(store, bob, file, Write).await);

    share(store, ann, anns, &[]).await;
    for caller in [bob, eve] {
        assert_closed(store, caller, &bobs, file).await;
    }
    // A writer that became a reader passes nothing on, and keeps no more than that.
    scene.grant_bob(Read).await;
    assert!(may(store, bob, file, Read).await && !may(store, bob, file, Write).await);
    assert!(!store.delete_file(bob, file).await.unwrap());
    assert_closed(store, eve, &bobs, file).await;
    scene.grant_bob(Write).await;
    assert!(may(store, eve, file, Write).await, "the link is there and counts again");
}

#[tokio::test]
async fn deleting_the_collection_that_granted_a_right_closes_what_was_added_by_means_of_it() {
    let scene = Scene::new().await;
    let Scene { store, ann, bob, eve, anns, file } = &scene;
    scene.grant_bob(Write).await;
    let bobs = collection(store, bob, &[to_user(&eve.id, Write)]).await;
    assert!(add(store, bob, &bobs, file).await);
    assert!(store.delete_knowledge(ann, anns).await.unwrap());
    for caller in [bob, eve] {
        assert_closed(store, caller, &bobs, file).await;
    }
    assert!(may(store, ann, file, Write).await);
    assert!(store.remove_from_knowledge(bob, &bobs, file).await.unwrap(), "a link that opens nothing can still be removed");
}

#[tokio::test]
async fn taking_a_file_out_of_the_collection_that_granted_it_closes_the_other() {
    let scene = Scene::new().await;
    let Scene { store, ann, bob, eve, anns, file } = &scene;
    scene.grant_bob(Write).await;
    let bobs = collection(store, bob, &[to_user(&eve.id, Read)]).await;
    assert!(add(store, bob, &bobs, file).await);
    assert!(store.remove_from_knowledge(ann, anns, file).await.unwrap());
    for caller in [bob, eve] {
        assert_closed(store, caller, &bobs, file).await;
    }
}

#[tokio::test]
async fn a_group_membership_that_ends_closes_what_its_member_passed_on() {
    let scene = Scene::new().await;
    let Scene { store, ann, bob, eve, anns, file } = &scene;
    let staff = store.create_group(ann, NewGroup { name: "staff".to_owned(), ..NewGroup::default() }).await.unwrap().id;
    store.add_members(&staff, std::slice::from_ref(&bob.id)).await.unwrap().unwrap();
    let mut member = bob.clone();
    member.groups = vec![staff.clone()].into();
    share(store, ann, anns, &[to_group(&staff, Write)]).await;
    let bobs = collection(store, &member, &[to_user(&eve.id, Write)]).await;
    assert!(add(store, &member, &bobs, file).await);
    assert!(may(store, eve, file, Write).await);
    store.update_group(&staff, GroupPatch { name: Some("renamed".to_owned()), ..GroupPatch::default() }).await.unwrap();
    assert!(may(store, eve, file, Write).await);
    store.remove_members(&staff, std::slice::from_ref(&bob.id)).await.unwrap().unwrap();
    assert_closed(store, bob, &bobs, file).await;
    assert_closed(store, eve, &bobs, file).await;
}

#[tokio::test]
async fn a_right_is_passed_on_once_and_not_in_a_chain() {
    let scene = Scene::new().await;
    let Scene { store, ann, bob, eve, anns, file } = &scene;
    let carol = caller(store, "carol", Role::User).await;
    scene.grant_bob(Write).await;
    let bobs = collection(store, bob, &[to_user(&eve.id, Write)]).await;
    assert!(add(store, bob, &bobs, file).await);
    // Eve may change the file through Bob's link, which is not a right of her own to pass on.
    let eves = collection(store, eve, &[to_user(&carol.id, Read), to_user(&bob.id, Write)]).await;
    assert!(!add(store, eve, &eves, file).await);
    assert_closed(store, &carol, &eves, file).await;
    // Nor do two links hold each other when the right that both came from is gone.
    assert!(add(store, bob, &eves, file).await);
    share(store, ann, anns, &[]).await;
    for caller in [bob, eve, &carol] {
        assert_closed(store, caller, &eves, file).await;
        assert_closed(store, caller, &bobs, file).await;
    }
}

#[tokio::test]
async fn what_an_owner_or_an_administrator_added_stays_open_whoever_adds_it_again() {
    let scene = Scene::new().await;
    let Scene { store, ann, bob, eve, anns, file } = &scene;
    let admin = caller(store, "admin", Role::Admin).await;
    scene.grant_bob(Write).await;
    for (strong, weak) in [(ann, bob), (&admin, bob)] {
        let bobs = collection(store, bob, &[to_user(&eve.id, Read), to_user(&ann.id, Write)]).await;
        for adders in [[strong, weak], [weak, strong]] {
            store.reset_knowledge(bob, &bobs).await.unwrap().unwrap();
            scene.grant_bob(Write).await;
            for adder in adders {
                assert!(add(store, adder, &bobs, file).await);
            }
            share(store, ann, anns, &[]).await;
            assert!(may(store, eve, file, Read).await);
        }
    }
}

#[tokio::test]
async fn an_administrators_link_counts_while_it_is_an_administrator() {
    let scene = Scene::new().await;
    let Scene { store, eve, file, .. } = &scene;
    let admin = caller(store, "admin", Role::Admin).await;
    let id = collection(store, &admin, &[to_user(&eve.id, Read)]).await;
    assert!(add(store, &admin, &id, file).await);
    assert!(may(store, eve, file, Read).await);
    store.update_user(&admin.id, UserPatch { role: Some(Role::User), ..UserPatch::default() }).await.unwrap().unwrap();
    assert_closed(store, eve, &id, file).await;
    store.update_user(&admin.id, UserPatch { role: Some(Role::Admin), ..UserPatch::default() }).await.unwrap().unwrap();
    assert!(may(store, eve, file, Read).await);
    assert!(store.delete_user(&admin.id).await.unwrap());
    assert!(!may(store, eve, file, Read).await);
}

#[tokio::test]
async fn an_adder_that_waits_for_approval_again_opens_nothing() {
    let scene = Scene::new().await;
    let Scene { store, bob, eve, file, .. } = &scene;
    scene.grant_bob(Write).await;
    let eves = collection(store, eve, &[to_everyone(Write)]).await;
    assert!(add(store, bob, &eves, file).await);
    assert!(may(store, eve, file, Write).await);
    store.update_user(&bob.id, UserPatch { role: Some(Role::Pending), ..UserPatch::default() }).await.unwrap().unwrap();
    assert_closed(store, eve, &eves, file).await;
}

#[tokio::test]
async fn what_a_writer_adds_of_its_own_stays_with_the_collection() {
    let scene = Scene::new().await;
    let Scene { store, ann, bob, anns, .. } = &scene;
    scene.grant_bob(Write).await;
    let bobs = file(store, bob, "bob's").await.id;
    assert!(add(store, bob, anns, &bobs).await);
    share(store, ann, anns, &[]).await;
    assert!(may(store, ann, &bobs, Write).await, "the owner of the file put it there");
}

#[tokio::test]
async fn a_file_is_made_inside_a_collection_only_by_who_may_change_it() {
    let scene = Scene::new().await;
    let Scene { store, bob, anns, .. } = &scene;
    let make = async |permission: Option<Permission>| {
        if let Some(permission) = permission {
            scene.grant_bob(permission).await;
        }
        store.create_file_in_knowledge(bob, common::new_file("new"), true, anns).await.unwrap()
    };
    assert!(make(None).await.is_none() && make(Some(Read)).await.is_none());
    assert_eq!((store.list_files(bob, &FileQuery::default()).await.unwrap().1, store.count_jobs().await.unwrap()), (0, 0));
    let made = make(Some(Write)).await.unwrap();
    let (files, _) = store.knowledge_files(&scene.ann, anns, &FileQuery::default()).await.unwrap().unwrap();
    assert!(files.iter().any(|file| file.id == made.id));
}
