use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use transom_app::Error;
use transom_app::files::FilesConfig;
use transom_app::retrieval::{Question, RetrievalSettings, Source};
use transom_domain::{Caller, FileId, KnowledgeId, Permission};
use transom_testkit::BagOfWords;

use crate::house::{House, grant};

const TREATY: &str = "The Treaty of Westphalia was signed in 1648 in Osnabrueck and Muenster.";
const BATTLE: &str = "The Battle of Lepanto was fought in 1571 between the Holy League and the Ottoman fleet.";

async fn ask(house: &House, caller: &Caller, files: &[Value], question: &str) -> Result<Vec<Source>, Error> {
    let scope = house.retrieval.resolve(caller, files).await?;
    house.retrieval.find(&scope, &[question.to_owned()]).await
}

fn file(id: &FileId) -> Value {
    json!({"type": "file", "id": id})
}

fn collection(id: &KnowledgeId) -> Value {
    json!({"type": "collection", "id": id})
}

#[tokio::test]
async fn sources_come_by_attachment_and_best_first() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let treaty = house.upload(&alice, "treaty.txt", TREATY).await.id;
    let battle = house.upload(&alice, "battle.txt", BATTLE).await.id;
    let both = house.collection(&alice, &[&treaty, &battle], Vec::new()).await;
    let sources = ask(&house, &alice, &[file(&treaty), collection(&both)], "the Battle of Lepanto").await.unwrap();
    assert_eq!(sources.len(), 2);
    assert_eq!(sources[0].source["id"], treaty.as_str());
    assert_eq!((&sources[1].source["type"], &sources[1].source["name"]), (&json!("collection"), &json!("History")));
    assert_eq!(sources[1].document, [BATTLE, TREATY]);
    let about = &sources[1].metadata[0];
    assert_eq!((&about["name"], &about["source"], &about["file_id"]), (&json!("battle.txt"), &json!("battle.txt"), &json!(battle)));
    assert!(sources[1].distances[0] > sources[1].distances[1] && sources[1].distances[0] <= 1.0);
    let prompt = house.retrieval.prompt(&sources, "Who fought?");
    assert!(prompt.contains("<source id=\"1\" name=\"treaty.txt\"") && prompt.contains("<source id=\"2\" name=\"battle.txt\""));
    assert!(prompt.contains("signed in 1648") && prompt.contains("Who fought?"));
}

#[tokio::test]
async fn what_is_missing_or_anothers_is_not_found_by_name() {
    let (house, _workers) = House::at_work().await;
    let (alice, eve) = (house.user("alice").await, house.user("eve").await);
    let id = house.upload(&alice, "secret.txt", TREATY).await.id;
    let secret = house.collection(&alice, &[&id], Vec::new()).await;
    let own = format!("file-{id}");
    for item in [
        json!({"type": "file", "id": id}),
        json!({"type": "file", "id": id, "collection_name": own}),
        json!({"type": "file", "file": {"id": id}}),
        json!({"type": "collection", "id": own}),
        json!({"type": "collection", "collection_name": own}),
        json!({"type": "collection", "id": secret}),
        json!({"type": "collection", "collection_name": secret}),
        json!({"type": "collection", "id": secret, "context": "full"}),
    ] {
        let refused = house.retrieval.resolve(&eve, std::slice::from_ref(&item)).await.map(drop);
        assert!(matches!(refused, Err(Error::NotFound(_))), "{item}");
        assert!(house.retrieval.resolve(&alice, std::slice::from_ref(&item)).await.is_ok(), "{item}");
    }
    for name in [secret.to_string(), own] {
        let refused = house.retrieval.query(&eve, &[name], &Question { text: "treaty".into(), ..Question::default() }).await;
        assert!(matches!(refused, Err(Error::NotFound(_))));
    }
    let missing = house.retrieval.resolve(&alice, &[json!({"type": "collection", "id": "nope"})]).await.map(drop);
    assert!(matches!(missing, Err(Error::NotFound(text)) if text.contains("nope")));
}

#[tokio::test]
async fn a_shared_collection_answers_until_the_grant_is_taken_back() {
    let (house, _workers) = House::at_work().await;
    let (alice, reader) = (house.user("alice").await, house.user("reader").await);
    let id = house.upload(&alice, "treaty.txt", TREATY).await.id;
    let shared = house.collection(&alice, &[&id], grant(&reader, Permission::Read)).await;
    assert_eq!(ask(&house, &reader, &[collection(&shared)], "treaty").await.unwrap()[0].document, [TREATY]);
    house.knowledge.share(&alice, &shared, Vec::new()).await.unwrap();
    assert!(matches!(ask(&house, &reader, &[collection(&shared)], "treaty").await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_file_that_was_taken_out_is_no_longer_found() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let id = house.upload(&alice, "treaty.txt", TREATY).await.id;
    let both = house.collection(&alice, &[&id], Vec::new()).await;
    house.knowledge.remove(&alice, &both, &id, false).await.unwrap();
    assert!(ask(&house, &alice, &[collection(&both)], "treaty").await.unwrap().is_empty());
    assert_eq!(ask(&house, &alice, &[file(&id)], "treaty").await.unwrap().len(), 1, "the file itself can still be asked");
}

#[tokio::test]
async fn whole_texts_are_given_where_they_are_asked_for() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let long = TREATY.repeat(20);
    let id = house.upload(&alice, "long.txt", &long).await.id;
    let passages = ask(&house, &alice, &[file(&id)], "treaty").await.unwrap();
    assert!(!passages[0].document.is_empty() && passages[0].document.iter().all(|passage| passage.len() < long.len()));
    let whole = ask(&house, &alice, &[json!({"type": "file", "id": id, "context": "full"})], "treaty").await.unwrap();
    assert_eq!((whole[0].document.as_slice(), whole[0].distances.len()), ([long].as_slice(), 0));
}

#[tokio::test]
async fn passages_below_the_threshold_are_left_out() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let id = house.upload(&alice, "treaty.txt", TREATY).await.id;
    let name = [format!("file-{id}")];
    let question = |text: &str, threshold| Question { text: text.into(), threshold: Some(threshold), ..Question::default() };
    let near = house.retrieval.query(&alice, &name, &question(TREATY, 0.99)).await.unwrap();
    assert_eq!((near.documents[0].len(), near.distances[0].len(), near.metadatas[0].len()), (1, 1, 1));
    let far = house.retrieval.query(&alice, &name, &question("quarks", 0.99)).await.unwrap();
    assert_eq!(far.documents, [Vec::<String>::new()]);
}

#[tokio::test]
async fn a_question_waits_for_a_file_that_is_being_read_and_says_why_one_failed() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    house.embedder.hold("slow");
    let slow = house.upload_with(&alice, "slow.txt", "slow herons", true, false).await.unwrap().id;
    let scope = house.retrieval.resolve(&alice, &[file(&slow)]).await.unwrap();
    house.embedder.until_held(1).await;
    let queries = ["herons".to_owned()];
    let (sources, ()) = tokio::join!(house.retrieval.find(&scope, &queries), async { house.embedder.release() });
    assert_eq!(sources.unwrap()[0].document, ["slow herons"]);
    let failed = house.upload(&alice, "blank.txt", "  ").await;
    let refused = ask(&house, &alice, &[file(&failed.id)], "x").await;
    assert!(matches!(refused, Err(Error::Invalid(text)) if text.contains(failed.error.as_deref().unwrap())));
}

#[tokio::test]
async fn a_question_does_not_wait_for_ever() {
    let settings = RetrievalSettings { wait: Duration::ZERO, ..RetrievalSettings::default() };
    let house = House::with(FilesConfig::default(), settings, Arc::new(object_store::memory::InMemory::new())).await;
    let alice = house.user("alice").await;
    let id = house.upload_with(&alice, "a.txt", "words", true, false).await.unwrap().id;
    assert!(matches!(ask(&house, &alice, &[file(&id)], "x").await, Err(Error::Unavailable(_))), "nobody works here");
}

#[tokio::test]
async fn another_embedding_model_needs_a_reindex_first() {
    let (house, workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let id = house.upload(&alice, "treaty.txt", TREATY).await.id;
    workers.stop().await;
    let other = Arc::new(BagOfWords::new("two"));
    let retrieval = house.retrieval_with(other.clone());
    let scope = retrieval.resolve(&alice, &[file(&id)]).await.unwrap();
    let refused = retrieval.find(&scope, &["treaty".into()]).await;
    assert!(matches!(refused, Err(Error::Conflict(text)) if text.contains("transom doctor --reindex")));
    let pipeline = house.pipeline_with(other);
    let repair = transom_app::jobs::Repair::new(pipeline.clone());
    assert_eq!(repair.look().await.unwrap().other_embedder, std::slice::from_ref(&id));
    assert_eq!(repair.reindex().await.unwrap(), 1);
    let _workers = transom_app::jobs::Workers::start(pipeline, Default::default()).await.unwrap();
    house.idle().await;
    let scope = retrieval.resolve(&alice, &[file(&id)]).await.unwrap();
    assert_eq!(retrieval.find(&scope, &["treaty".into()]).await.unwrap()[0].document, [TREATY]);
    let report = repair.look().await.unwrap();
    assert!(report.is_clean());
    repair.fix(&report, transom_app::jobs::Orphans::RemoveOurs).await.unwrap();
    let spaces = transom_vector::VectorStore::spaces(house.vectors.as_ref()).await.unwrap();
    assert_eq!(spaces.len(), 1, "the old model's vectors are gone");
}

#[tokio::test]
async fn without_embedding_whole_texts_are_given() {
    let settings = RetrievalSettings { bypass: true, ..RetrievalSettings::default() };
    let house = House::with(FilesConfig::default(), settings, Arc::new(object_store::memory::InMemory::new())).await;
    let mut pipeline = house.pipeline();
    pipeline.config.bypass = true;
    let _workers = transom_app::jobs::Workers::start(pipeline, Default::default()).await.unwrap();
    let alice = house.user("alice").await;
    let id = house.upload(&alice, "treaty.txt", TREATY).await.id;
    assert_eq!(ask(&house, &alice, &[file(&id)], "x").await.unwrap()[0].document, [TREATY]);
    assert_eq!(house.embedder.texts(), 0);
    let refused = house.retrieval.query(&alice, &[format!("file-{id}")], &Question::default()).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
    let switched_on = house.retrieval_with(house.embedder.clone());
    let scope = switched_on.resolve(&alice, &[file(&id)]).await.unwrap();
    assert!(matches!(switched_on.find(&scope, &["x".into()]).await, Err(Error::Conflict(_))));
}
