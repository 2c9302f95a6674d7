use transom_app::Error;
use transom_app::files::FileQuery;
use transom_app::knowledge::{Described, KnowledgeQuery};
use transom_domain::{FileId, KnowledgeId, Permission};

use crate::house::{House, everyone, grant};

fn named(name: &str) -> Described {
    Described { name: name.to_owned(), ..Described::default() }
}

#[tokio::test]
async fn adding_a_file_embeds_nothing() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let file = house.upload(&alice, "a.txt", "words").await;
    let before = house.embedder.texts();
    let id = house.collection(&alice, &[&file.id], Vec::new()).await;
    let again = house.knowledge.add(&alice, &id, std::slice::from_ref(&file.id)).await.unwrap();
    assert_eq!(again.files.iter().map(|f| &f.id).collect::<Vec<_>>(), [&file.id], "twice is once");
    assert_eq!(house.embedder.texts(), before);
}

#[tokio::test]
async fn adding_a_file_that_is_still_processed_waits_for_it() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    house.embedder.hold("slow");
    let file = house.upload_with(&alice, "slow.txt", "slow words", true, false).await.unwrap();
    let id = house.collection(&alice, &[], Vec::new()).await;
    house.embedder.until_held(1).await;
    let files = [file.id.clone()];
    let (added, ()) = tokio::join!(house.knowledge.add(&alice, &id, &files), async { house.embedder.release() });
    assert_eq!(added.unwrap().files.len(), 1);
}

#[tokio::test]
async fn files_without_text_are_refused_with_a_reason() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let id = house.collection(&alice, &[], Vec::new()).await;
    let unprocessed = house.upload_with(&alice, "np.txt", "words", false, false).await.unwrap().id;
    let failed = house.upload(&alice, "blank.txt", "  ").await;
    let readable = house.upload(&alice, "a.txt", "words").await.id;
    assert!(matches!(house.knowledge.add(&alice, &id, &[unprocessed]).await, Err(Error::Invalid(_))));
    let reason = failed.error.unwrap();
    let refused = house.knowledge.add(&alice, &id, &[readable, failed.id]).await;
    assert!(matches!(refused, Err(Error::Invalid(text)) if text.contains(&reason)));
    assert_eq!(house.knowledge.files(&alice, &id, &FileQuery::default()).await.unwrap().1, 0, "all or none");
    let nope = house.knowledge.add(&alice, &id, &[FileId::from("nope")]).await;
    assert!(matches!(nope, Err(Error::NotFound(text)) if text.contains("nope")));
}

#[tokio::test]
async fn nobody_else_reaches_a_collection() {
    let (house, _workers) = House::at_work().await;
    let (alice, eve) = (house.user("alice").await, house.user("eve").await);
    let file = house.upload(&alice, "a.txt", "words").await.id;
    let own = house.upload(&eve, "own.txt", "words").await.id;
    let id = house.collection(&alice, &[&file], Vec::new()).await;
    assert!(matches!(house.knowledge.get(&eve, &id).await, Err(Error::NotFound(_))));
    assert!(matches!(house.knowledge.update(&eve, &id, named("x")).await, Err(Error::NotFound(_))));
    assert!(matches!(house.knowledge.share(&eve, &id, everyone()).await, Err(Error::NotFound(_))));
    assert!(matches!(house.knowledge.delete(&eve, &id).await, Err(Error::NotFound(_))));
    assert!(matches!(house.knowledge.reset(&eve, &id).await, Err(Error::NotFound(_))));
    assert!(matches!(house.knowledge.files(&eve, &id, &FileQuery::default()).await, Err(Error::NotFound(_))));
    assert!(matches!(house.knowledge.add(&eve, &id, std::slice::from_ref(&own)).await, Err(Error::NotFound(_))));
    assert!(matches!(house.knowledge.remove(&eve, &id, &file, true).await, Err(Error::NotFound(_))));
    assert!(matches!(house.knowledge.refresh(&eve, &id, &file).await, Err(Error::NotFound(_))));
    assert_eq!(house.knowledge.list(&eve, &KnowledgeQuery::default()).await.unwrap().1, 0);
    let hers = house.collection(&eve, &[], Vec::new()).await;
    let theft = house.knowledge.add(&eve, &hers, &[file]).await;
    assert!(matches!(theft, Err(Error::NotFound(_))), "another's file cannot be put into one's own collection");
}

#[tokio::test]
async fn a_reader_may_look_and_not_change() {
    let (house, _workers) = House::at_work().await;
    let (alice, reader) = (house.user("alice").await, house.user("reader").await);
    let file = house.upload(&alice, "a.txt", "words").await.id;
    let own = house.upload(&reader, "own.txt", "words").await.id;
    let id = house.collection(&alice, &[&file], grant(&reader, Permission::Read)).await;
    assert!(!house.knowledge.get(&reader, &id).await.unwrap().write_access);
    assert_eq!(house.knowledge.files(&reader, &id, &FileQuery::default()).await.unwrap().1, 1);
    assert!(matches!(house.knowledge.update(&reader, &id, named("x")).await, Err(Error::Forbidden(_))));
    assert!(matches!(house.knowledge.share(&reader, &id, Vec::new()).await, Err(Error::Forbidden(_))));
    assert!(matches!(house.knowledge.delete(&reader, &id).await, Err(Error::Forbidden(_))));
    assert!(matches!(house.knowledge.reset(&reader, &id).await, Err(Error::Forbidden(_))));
    assert!(matches!(house.knowledge.add(&reader, &id, &[own]).await, Err(Error::Forbidden(_))));
    assert!(matches!(house.knowledge.remove(&reader, &id, &file, true).await, Err(Error::Forbidden(_))));
    assert!(matches!(house.knowledge.refresh(&reader, &id, &file).await, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn a_writer_may_change_it_but_deletes_no_file_of_anothers() {
    let (house, _workers) = House::at_work().await;
    let (alice, writer) = (house.user("alice").await, house.user("writer").await);
    let file = house.upload(&alice, "a.txt", "words").await.id;
    let own = house.upload(&writer, "own.txt", "words").await.id;
    let id = house.collection(&alice, &[&file], grant(&writer, Permission::Write)).await;
    assert_eq!(house.knowledge.add(&writer, &id, std::slice::from_ref(&own)).await.unwrap().files.len(), 2);
    house.knowledge.remove(&writer, &id, &file, true).await.unwrap();
    house.knowledge.remove(&writer, &id, &own, true).await.unwrap();
    assert!(house.files.get(&alice, &file).await.is_ok(), "the owner's file stays");
    assert!(house.files.get(&writer, &own).await.is_err(), "one's own goes, as asked");
    assert_eq!(house.knowledge.update(&writer, &id, named("ours")).await.unwrap().view.knowledge.name, "ours");
}

#[tokio::test]
async fn collections_need_permissions_and_a_name() {
    let house = House::new().await;
    let mut alice = house.user("alice").await;
    assert!(matches!(house.knowledge.create(&alice, named("  ")).await, Err(Error::Invalid(_))));
    let open = Described { access_grants: Some(everyone()), ..named("open") };
    assert!(matches!(house.knowledge.create(&alice, open.clone()).await, Err(Error::Forbidden(_))));
    let id = house.knowledge.create(&alice, named("closed")).await.unwrap().id;
    assert!(matches!(house.knowledge.share(&alice, &id, everyone()).await, Err(Error::Forbidden(_))));
    let opened = house.knowledge.create(&house.admin().await, open).await.unwrap();
    assert!(house.knowledge.get(&alice, &opened.id).await.is_ok());
    alice.permissions = std::sync::Arc::default();
    assert!(matches!(house.knowledge.create(&alice, named("n")).await, Err(Error::WrongRole)));
}

#[tokio::test]
async fn deleting_and_resetting_a_collection_keeps_its_files() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let file = house.upload(&alice, "a.txt", "words").await.id;
    let id = house.collection(&alice, &[&file], Vec::new()).await;
    house.knowledge.reset(&alice, &id).await.unwrap();
    assert_eq!(house.knowledge.files(&alice, &id, &FileQuery::default()).await.unwrap().1, 0);
    house.knowledge.delete(&alice, &id).await.unwrap();
    assert!(matches!(house.knowledge.get(&alice, &id).await, Err(Error::NotFound(_))));
    assert!(matches!(house.knowledge.delete(&alice, &KnowledgeId::from("nope")).await, Err(Error::NotFound(_))));
    assert!(house.files.get(&alice, &file).await.is_ok());
}
