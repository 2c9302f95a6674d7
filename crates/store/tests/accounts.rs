//! Accounts, keys and sessions.

#![allow(clippy::unwrap_used)]

mod common;

use common::{account, concurrent_store, new_user, store};
use transom_domain::{Role, now};
use transom_store::{ApiKeyRow, Direction, StoreError, UserOrder, UserPatch, UserQuery};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_racing_sign_ups_make_exactly_one_administrator() {
    let folder = tempfile::tempdir().unwrap();
    let store = concurrent_store(folder.path()).await;
    let racers = (0..50).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.sign_up(new_user(&format!("user{n}")), Some(Role::Pending)).await })
    });
    let mut roles = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        roles.push(racer.await.unwrap().unwrap().unwrap().role);
    }
    assert_eq!(roles.iter().filter(|role| **role == Role::Admin).count(), 1);
    assert_eq!(roles.iter().filter(|role| **role == Role::Pending).count(), 49);
    assert_eq!(store.count_users().await.unwrap(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_sign_ups_with_one_address_make_one_account() {
    let folder = tempfile::tempdir().unwrap();
    let store = concurrent_store(folder.path()).await;
    let racers = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.sign_up(new_user("same"), Some(Role::User)).await })
    });
    let mut made = 0;
    for racer in racers.collect::<Vec<_>>() {
        match racer.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert!(matches!(error, StoreError::Taken("e-mail address"))),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn a_closed_sign_up_takes_the_first_account_alone() {
    let store = store().await;
    assert_eq!(store.sign_up(new_user("first"), None).await.unwrap().unwrap().role, Role::Admin);
    assert!(store.sign_up(new_user("second"), None).await.unwrap().is_none());
    assert_eq!(store.count_users().await.unwrap(), 1);
}

#[tokio::test]
async fn an_address_is_taken_in_any_case() {
    let store = store().await;
    account(&store, "ann", Role::User).await;
    let (bob, _) = account(&store, "bob", Role::User).await;
    let mut shouting = new_user("x");
    shouting.email = "ANN@Example.test".to_owned();
    assert!(matches!(store.create_user(shouting, Role::User).await, Err(StoreError::Taken("e-mail address"))));
    let patch = UserPatch { email: Some("Ann@example.test".to_owned()), ..UserPatch::default() };
    assert!(matches!(store.update_user(&bob.id, patch).await, Err(StoreError::Taken("e-mail address"))));
    assert_eq!(store.user(&bob.id).await.unwrap().unwrap().email, "bob@example.test");
    assert!(store.credentials("aNN@example.test").await.unwrap().is_some());
}

#[tokio::test]
async fn only_a_new_password_or_role_or_revoking_ends_sessions() {
    let store = store().await;
    let (user, _) = account(&store, "ann", Role::User).await;
    let generation = async || store.credentials_by_id(&user.id).await.unwrap().unwrap().session_generation;
    let first = generation().await;
    store.update_user(&user.id, UserPatch { name: Some("Anna".to_owned()), role: Some(Role::User), ..UserPatch::default() }).await.unwrap();
    store.touch_user(&user.id, now()).await.unwrap();
    store.rehash_password(&user.id, "hash", "better").await.unwrap();
    assert_eq!(generation().await, first);
    store.update_user(&user.id, UserPatch { password_hash: Some("other".to_owned()), ..UserPatch::default() }).await.unwrap();
    assert_eq!(generation().await, first + 1);
    store.update_user(&user.id, UserPatch { role: Some(Role::Admin), ..UserPatch::default() }).await.unwrap();
    assert_eq!(generation().await, first + 2);
    store.revoke_all_tokens(&user.id).await.unwrap();
    assert_eq!(generation().await, first + 3);
    assert_eq!(store.principal(&user.id).await.unwrap().unwrap().session_generation, first + 3);
}

#[tokio::test]
async fn rehashing_does_not_undo_a_change_of_password() {
    let store = store().await;
    let (user, _) = account(&store, "ann", Role::User).await;
    store.rehash_password(&user.id, "not the hash", "stolen").await.unwrap();
    assert_eq!(store.credentials_by_id(&user.id).await.unwrap().unwrap().password_hash, "hash");
}

#[tokio::test]
async fn an_ended_token_stays_ended_until_its_note_expires() {
    let store = store().await;
    store.revoke_token("old", now() - 10).await.unwrap();
    store.revoke_token("new", now() + 1000).await.unwrap();
    store.revoke_token("new", now() + 1000).await.unwrap();
    assert!(store.is_token_revoked("new").await.unwrap());
    assert!(!store.is_token_revoked("old").await.unwrap());
    assert!(!store.is_token_revoked("other").await.unwrap());
}

#[tokio::test]
async fn a_new_key_ends_the_old_one() {
    let store = store().await;
    let (user, _) = account(&store, "ann", Role::User).await;
    let (other, _) = account(&store, "bob", Role::User).await;
    let key = |digest: &str| ApiKeyRow { digest: digest.to_owned(), sealed: vec![0, 1, 255] };
    store.set_api_key(&user.id, 0, key("d1")).await.unwrap();
    store.set_api_key(&user.id, 0, key("d2")).await.unwrap();
    assert!(store.principal_by_key("d1").await.unwrap().is_none());
    assert_eq!(store.principal_by_key("d2").await.unwrap().unwrap().id, user.id);
    assert_eq!(store.api_key(&user.id).await.unwrap().unwrap().sealed, vec![0, 1, 255]);
    assert!(matches!(store.set_api_key(&other.id, 0, key("d2")).await, Err(StoreError::Taken("API key"))));
    assert!(store.delete_api_key(&user.id).await.unwrap());
    assert!(!store.delete_api_key(&user.id).await.unwrap());
    assert!(store.principal_by_key("d2").await.unwrap().is_none());
}

#[tokio::test]
async fn what_ends_every_session_ends_the_key_and_nothing_else_does() {
    let store = store().await;
    let (user, _) = account(&store, "ann", Role::User).await;
    let key = || ApiKeyRow { digest: "d".to_owned(), sealed: vec![1] };
    let has_key = async || store.principal_by_key("d").await.unwrap().is_some();
    let generation = async || store.credentials_by_id(&user.id).await.unwrap().unwrap().session_generation;
    let renew = async || assert!(store.set_api_key(&user.id, generation().await, key()).await.unwrap());
    let patch = async |patch: UserPatch| store.update_user(&user.id, patch).await.unwrap().unwrap();

    renew().await;
    patch(UserPatch { name: Some("Anna".to_owned()), role: Some(Role::User), ..UserPatch::default() }).await;
    store.rehash_password(&user.id, "hash", "better").await.unwrap();
    assert!(has_key().await);

    patch(UserPatch { password_hash: Some("reset".to_owned()), ..UserPatch::default() }).await;
    assert!(!has_key().await, "an administrator reset the password");
    renew().await;
    assert!(store.replace_password(&user.id, "reset", "changed").await.unwrap());
    assert!(!has_key().await, "the owner changed the password");
    renew().await;
    store.revoke_all_tokens(&user.id).await.unwrap();
    assert!(!has_key().await, "all sessions were ended");
    renew().await;
    patch(UserPatch { role: Some(Role::Pending), ..UserPatch::default() }).await;
    patch(UserPatch { role: Some(Role::User), ..UserPatch::default() }).await;
    assert!(!has_key().await, "the account was pending for a while");
}

#[tokio::test]
async fn a_session_that_has_ended_makes_no_key() {
    let store = store().await;
    let (user, _) = account(&store, "ann", Role::User).await;
    store.revoke_all_tokens(&user.id).await.unwrap();
    let key = ApiKeyRow { digest: "d".to_owned(), sealed: vec![1] };
    assert!(!store.set_api_key(&user.id, 0, key).await.unwrap());
    assert!(store.principal_by_key("d").await.unwrap().is_none());
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_is_not_replaced() {
    let store = store().await;
    let (user, _) = account(&store, "ann", Role::User).await;
    store.update_user(&user.id, UserPatch { password_hash: Some("reset".to_owned()), ..UserPatch::default() }).await.unwrap();
    assert!(!store.replace_password(&user.id, "hash", "by somebody who knew the old one").await.unwrap());
    let credentials = store.credentials_by_id(&user.id).await.unwrap().unwrap();
    assert_eq!((credentials.password_hash.as_str(), credentials.session_generation), ("reset", 1));
}

#[tokio::test]
async fn who_sees_names_alone_finds_no_address_by_a_part_of_it() {
    let store = store().await;
    account(&store, "ann", Role::User).await;
    account(&store, "bob", Role::User).await;
    let names = async |search: &str| {
        let query = UserQuery { search: Some(search.to_owned()), names_only: true, ..UserQuery::default() };
        store.list_users(&query).await.unwrap().0.into_iter().map(|user| user.name).collect::<Vec<_>>()
    };
    assert_eq!(names("AN").await, ["ann"]);
    assert_eq!(names("Bob@Example.test").await, ["bob"]);
    for part in ["@", "example", "ann@", "ob@example.tes", "b\nbob", "%@%"] {
        assert!(names(part).await.is_empty(), "{part:?}");
    }
}

#[tokio::test]
async fn accounts_are_found_by_part_of_name_or_address_and_wildcards_are_text() {
    let store = store().await;
    for name in ["Ärger", "b%b", "b_b", "bob"] {
        account(&store, name, Role::User).await;
    }
    let names = async |search: &str| {
        let query =
            UserQuery { search: Some(search.to_owned()), order: UserOrder::Name, direction: Direction::Ascending, ..UserQuery::default() };
        let (users, total) = store.list_users(&query).await.unwrap();
        assert_eq!(users.len() as u64, total);
        users.into_iter().map(|user| user.name).collect::<Vec<_>>()
    };
    assert_eq!(names("äRG").await, ["Ärger"]);
    assert_eq!(names("%").await, ["b%b"]);
    assert_eq!(names("b_b").await, ["b_b"]);
    assert_eq!(names("BOB@EXAMPLE").await, ["bob"]);
    assert_eq!(names("").await.len(), 4);
    assert!(names("' OR 1=1 --").await.is_empty());
}

#[tokio::test]
async fn accounts_are_listed_page_by_page_in_the_order_they_were_made() {
    let store = store().await;
    for n in 0..5 {
        account(&store, &format!("user{n}"), Role::User).await;
    }
    let query = UserQuery { direction: Direction::Ascending, skip: 3, ..UserQuery::default() };
    let (users, total) = store.list_users(&query).await.unwrap();
    assert_eq!((users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), total), (vec!["user3", "user4"], 5));
    let (users, _) = store.list_users(&UserQuery { limit: Some(2), ..UserQuery::default() }).await.unwrap();
    assert_eq!(users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["user4", "user3"]);
    let (users, _) = store.list_users(&UserQuery { skip: u64::MAX, limit: Some(u64::MAX), ..UserQuery::default() }).await.unwrap();
    assert!(users.is_empty());
}
