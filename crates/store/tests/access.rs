//! Who may do what: the SQL against the rule in the domain, and each refusal by itself.

#![allow(clippy::unwrap_used)]

mod common;

use common::{caller, file, new_file, store, to_everyone, to_group, to_user};
use transom_domain::{Caller, FileId, Grant, Group, GroupId, KnowledgeId, ModelId, Permission, Role, Text, access};
use transom_store::{FileQuery, KnowledgeQuery, NewGroup, NewKnowledge, NewModelRecord, Store};

async fn group(store: &Store, admin: &Caller, name: &str) -> Group {
    store.create_group(admin, NewGroup { name: name.to_owned(), ..NewGroup::default() }).await.unwrap()
}

async fn collection(store: &Store, caller: &Caller, grants: &[Grant]) -> KnowledgeId {
    let new = NewKnowledge { name: "notes".to_owned(), access_grants: Some(grants.to_vec()), ..NewKnowledge::default() };
    store.create_knowledge(caller, new).await.unwrap().id
}

fn record(id: &str, grants: Vec<Grant>) -> NewModelRecord {
    NewModelRecord {
        id: ModelId::from(id),
        base_model_id: None,
        name: id.to_owned(),
        params: serde_json::Map::new(),
        meta: serde_json::Map::new(),
        access_grants: Some(grants),
        is_active: true,
    }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

#[tokio::test]
async fn the_queries_say_what_the_rule_says() {
    use Permission::{Read, Write};
    let store = store().await;
    let admin = caller(&store, "admin", Role::Admin).await;
    let groups = [group(&store, &admin, "a").await.id, group(&store, &admin, "b").await.id];
    let mut callers = vec![admin.clone()];
    for (name, role) in [("ann", Role::User), ("bob", Role::User), ("cy", Role::User), ("pat", Role::Pending)] {
        for membership in 0..4_usize {
            let mut caller = caller(&store, &format!("{name}{membership}"), role).await;
            let its: Vec<GroupId> = (0..2).filter(|bit| membership >> bit & 1 == 1).map(|bit| groups[bit].clone()).collect();
            caller.groups = its.into();
            callers.push(caller);
        }
    }
    let mut dice = Dice(7);
    let (mut compared, mut allowed) = (0, 0);
    for round in 0..60 {
        let owner = callers[dice.roll(callers.len())].clone();
        let mut grants = Vec::new();
        for _ in 0..dice.roll(4) {
            let permission = if dice.roll(2) == 0 { Read } else { Write };
            let grant = match dice.roll(5) {
                0 => to_everyone(permission),
                1 | 2 => to_group(&groups[dice.roll(2)], permission),
                _ => to_user(&callers[dice.roll(callers.len())].id, permission),
            };
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
        let id = collection(&store, &owner, &grants).await;
        let in_it = file(&store, &admin, "in it").await.id;
        assert!(store.add_to_knowledge(&admin, &id, std::slice::from_ref(&in_it)).await.unwrap());
        let model = ModelId::from(format!("model{round}"));
        store.create_model_record(&owner, record(model.as_str(), grants.clone())).await.unwrap();
        for caller in &callers {
            for needed in [Read, Write] {
                let expected = access::permits(caller, &owner.id, &grants, needed);
                compared += 1;
                allowed += usize::from(expected);
                let what = format!("{caller:?} needs {needed:?} of {owner:?}'s with {grants:?}");
                let view = store.knowledge(caller, &id, needed).await.unwrap();
                assert_eq!(view.is_some(), expected, "{what}");
                let seen = store.file(caller, &in_it, needed).await.unwrap().is_some();
                assert_eq!(seen, access::permits(caller, &admin.id, &[], needed) || expected, "the file in it: {what}");
                let query = KnowledgeQuery { writable: needed == Write, ..KnowledgeQuery::default() };
                let (listed, total) = store.list_knowledge(caller, &query).await.unwrap();
                assert_eq!(listed.iter().any(|view| view.knowledge.id == id), expected, "in the list: {what}");
                assert_eq!(listed.len() as u64, total);
                if let Some(view) = view {
                    assert_eq!(view.write_access, access::permits(caller, &owner.id, &grants, Write), "{what}");
                    assert_eq!(view.knowledge.access_grants, grants);
                }
            }
            let may_write = access::permits(caller, &owner.id, &grants, Write);
            let changed = store.set_model_grants(caller, &model, &grants).await.unwrap();
            assert_eq!(changed.is_some(), may_write);
        }
        assert!(store.delete_knowledge(&admin, &id).await.unwrap());
    }
    assert!(allowed > 100 && compared - allowed > 100, "{allowed} of {compared}: the dice hit one side alone");
}

#[tokio::test]
async fn a_pending_caller_sees_nothing_and_changes_nothing() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let pat = caller(&store, "pat", Role::Pending).await;
    let mut member = pat.clone();
    let staff = group(&store, &ann, "staff").await.id;
    member.groups = vec![staff.clone()].into();
    let mut grants = vec![to_everyone(Permission::Write), to_group(&staff, Permission::Write), to_user(&pat.id, Permission::Write)];
    let id = collection(&store, &ann, &grants).await;
    grants.truncate(1);
    let shared = file(&store, &ann, "shared").await.id;
    assert!(store.add_to_knowledge(&ann, &id, std::slice::from_ref(&shared)).await.unwrap());
    let own = file(&store, &pat, "own").await.id;
    for pat in [pat, member] {
        assert!(store.knowledge(&pat, &id, Permission::Read).await.unwrap().is_none());
        assert_eq!(store.list_knowledge(&pat, &KnowledgeQuery::default()).await.unwrap().1, 0);
        assert!(store.knowledge_files(&pat, &id, &FileQuery::default()).await.unwrap().is_none());
        assert_eq!(store.list_files(&pat, &FileQuery::default()).await.unwrap().1, 0);
        for file in [&shared, &own] {
            assert!(store.file(&pat, file, Permission::Read).await.unwrap().is_none());
            assert!(store.file_text(&pat, file).await.unwrap().is_none());
            assert!(!store.delete_file(&pat, file).await.unwrap());
        }
        assert!(!store.delete_knowledge(&pat, &id).await.unwrap());
        assert!(!store.add_to_knowledge(&pat, &id, std::slice::from_ref(&own)).await.unwrap());
    }
}

#[tokio::test]
async fn a_reader_cannot_change() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let bob = caller(&store, "bob", Role::User).await;
    let id = collection(&store, &ann, &[to_user(&bob.id, Permission::Read)]).await;
    let shared = file(&store, &ann, "shared").await.id;
    let bobs = file(&store, &bob, "bob's").await.id;
    assert!(store.add_to_knowledge(&ann, &id, std::slice::from_ref(&shared)).await.unwrap());
    assert!(store.file(&bob, &shared, Permission::Read).await.unwrap().is_some(), "it may read");

    let text = Text { text: "mine now".to_owned(), pages: Vec::new() };
    assert!(store.file(&bob, &shared, Permission::Write).await.unwrap().is_none());
    assert!(store.replace_file_text(&bob, &shared, &text).await.unwrap().is_none());
    assert!(store.rename_file(&bob, &shared, "bob's").await.unwrap().is_none());
    assert!(store.process_file(&bob, &shared).await.unwrap().is_none());
    assert!(!store.delete_file(&bob, &shared).await.unwrap());
    assert!(store.update_knowledge(&bob, &id, NewKnowledge::default()).await.unwrap().is_none());
    assert!(store.reset_knowledge(&bob, &id).await.unwrap().is_none());
    assert!(!store.add_to_knowledge(&bob, &id, &[bobs]).await.unwrap());
    assert!(!store.remove_from_knowledge(&bob, &id, &shared).await.unwrap());
    assert!(!store.delete_knowledge(&bob, &id).await.unwrap());
    assert_eq!(store.delete_all_files(&bob).await.unwrap(), 0);

    store.create_model_record(&ann, record("m", vec![to_user(&bob.id, Permission::Read)])).await.unwrap();
    assert!(store.update_model_record(&bob, record("m", vec![])).await.unwrap().is_none());
    assert!(store.set_model_grants(&bob, &"m".into(), &[]).await.unwrap().is_none());
    assert!(!store.delete_model_record(&bob, &"m".into()).await.unwrap());
    assert_eq!(store.knowledge_files(&ann, &id, &FileQuery::default()).await.unwrap().unwrap().1, 1);
}

#[tokio::test]
async fn a_stranger_can_neither_see_nor_collect_a_file() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let eve = caller(&store, "eve", Role::User).await;
    let secret = file(&store, &ann, "secret").await.id;
    store.keep_text(&secret, &Text { text: "secret".to_owned(), pages: Vec::new() }, "hash").await.unwrap();
    let own = file(&store, &eve, "own").await.id;
    let eves = collection(&store, &eve, &[]).await;
    assert!(store.file(&eve, &secret, Permission::Read).await.unwrap().is_none());
    assert!(store.file_text(&eve, &secret).await.unwrap().is_none());
    assert!(store.file_texts(&eve, &[secret.clone(), own.clone()]).await.unwrap().is_empty());
    assert_eq!(store.file_texts(&ann, &[secret.clone(), own.clone()]).await.unwrap().len(), 1);
    assert!(!store.add_to_knowledge(&eve, &eves, &[own.clone(), secret.clone()]).await.unwrap());
    assert!(!store.add_to_knowledge(&eve, &eves, &[own.clone(), FileId::from("missing")]).await.unwrap());
    assert_eq!(store.knowledge_files(&eve, &eves, &FileQuery::default()).await.unwrap().unwrap().1, 0, "all or nothing");
    assert_eq!(store.list_files(&eve, &FileQuery::default()).await.unwrap().1, 1);
    let admin = caller(&store, "admin", Role::Admin).await;
    assert_eq!(store.list_files(&admin, &FileQuery::default()).await.unwrap().1, 2);
    assert_eq!(store.list_files(&admin, &FileQuery { own: true, ..FileQuery::default() }).await.unwrap().1, 0);
}

#[tokio::test]
async fn a_group_grant_opens_to_members_alone_and_vanishes_with_the_group() {
    let store = store().await;
    let admin = caller(&store, "admin", Role::Admin).await;
    let ann = caller(&store, "ann", Role::User).await;
    let bob = caller(&store, "bob", Role::User).await;
    let eve = caller(&store, "eve", Role::User).await;
    let staff = group(&store, &admin, "staff").await.id;
    let with_bob = store.add_members(&staff, &[bob.id.clone(), bob.id.clone(), "nobody".into()]).await.unwrap().unwrap();
    assert_eq!(with_bob.member_ids, vec![bob.id.clone()]);
    let id = collection(&store, &ann, &[to_group(&staff, Permission::Read)]).await;
    // Callers as the auth layer makes them: groups come from the principal.
    let as_signed_in = async |caller: &Caller| {
        let mut caller = caller.clone();
        caller.groups = store.principal(&caller.id).await.unwrap().unwrap().groups.into();
        caller
    };
    assert!(store.knowledge(&as_signed_in(&bob).await, &id, Permission::Read).await.unwrap().is_some());
    assert!(store.knowledge(&as_signed_in(&eve).await, &id, Permission::Read).await.unwrap().is_none());
    assert!(store.group(&eve, &staff).await.unwrap().is_none());
    assert!(store.group(&bob, &staff).await.unwrap().is_some());
    assert!(store.list_groups(&eve).await.unwrap().is_empty());
    assert_eq!(store.list_groups(&admin).await.unwrap().len(), 1);

    let stale = as_signed_in(&bob).await;
    assert!(store.delete_group(&staff).await.unwrap());
    assert!(store.knowledge(&stale, &id, Permission::Read).await.unwrap().is_none());
    let left = store.knowledge(&ann, &id, Permission::Read).await.unwrap().unwrap();
    assert!(left.knowledge.access_grants.is_empty());
    assert!(!store.delete_group(&staff).await.unwrap());
}

#[tokio::test]
async fn a_grant_to_nobody_is_not_kept_for_whoever_comes_by_that_name() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let id = collection(&store, &ann, &[to_user(&"ghost".into(), Permission::Read), to_group(&"ghosts".into(), Permission::Read)]).await;
    assert!(store.knowledge(&ann, &id, Permission::Read).await.unwrap().unwrap().knowledge.access_grants.is_empty());
}

#[tokio::test]
async fn a_file_made_with_a_grant_like_name_is_still_the_owners_alone() {
    let store = store().await;
    let ann = caller(&store, "ann", Role::User).await;
    let eve = caller(&store, "eve", Role::User).await;
    let made = store.create_file(&ann, new_file("' OR '1'='1"), false).await.unwrap();
    assert!(store.file(&eve, &made.id, Permission::Read).await.unwrap().is_none());
    assert!(store.file(&eve, &"' OR '1'='1".into(), Permission::Read).await.unwrap().is_none());
}
