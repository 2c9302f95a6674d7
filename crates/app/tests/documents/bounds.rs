//! What one request may cost, and that equal things are worked on once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::{Value, json};
use transom_app::Error;
use transom_app::files::FilesConfig;
use transom_app::jobs::{Pipeline, Workers};
use transom_app::retrieval::{Question, RetrievalSettings};
use transom_domain::{FileStatus, Text};
use transom_llm::{LlmError, Relevance, Reranker};

use crate::house::House;

/// Keeps the order, and counts how often it is asked: once a search.
#[derive(Default)]
struct Counting(AtomicUsize);

#[async_trait]
impl Reranker for Counting {
    async fn rerank(&self, _question: &str, texts: &[String], limit: usize) -> Result<Vec<Relevance>, LlmError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok((0..texts.len().min(limit)).map(|index| Relevance { index, score: 1.0 }).collect())
    }
}

#[tokio::test]
async fn a_file_that_is_named_a_thousand_times_is_searched_once() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let id = house.upload(&alice, "a.txt", "words about herons").await.id;
    let searches = Arc::new(Counting::default());
    let retrieval = house.retrieval_over(house.index().with_reranker(searches.clone()));
    let own = format!("file-{id}");
    let spellings = [
        json!({"type": "file", "id": id}),
        json!({"type": "collection", "id": own}),
        json!({"type": "collection", "collection_name": own, "name": "again"}),
        json!({"type": "file", "file": {"id": id}}),
    ];
    let thousand: Vec<Value> = spellings.iter().cycle().take(1_000).cloned().collect();
    let scope = retrieval.resolve(&alice, &thousand).await.unwrap();
    let sources = retrieval.find(&scope, &["herons".to_owned()]).await.unwrap();
    assert_eq!((sources.len(), searches.0.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(sources[0].source["id"], id.as_str());
    let names = vec![own; 1_000];
    let question = Question { text: "herons".to_owned(), ..Question::default() };
    assert_eq!(retrieval.query(&alice, &names, &question).await.unwrap().documents, [["words about herons"]]);
}

#[tokio::test]
async fn a_file_that_is_named_whole_and_in_passages_is_given_whole_once() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let id = house.upload(&alice, "a.txt", "words about herons").await.id;
    let twice = [json!({"type": "file", "id": id}), json!({"type": "file", "id": id, "context": "full"})];
    let scope = house.retrieval.resolve(&alice, &twice).await.unwrap();
    let sources = house.retrieval.find(&scope, &["storks".to_owned()]).await.unwrap();
    assert_eq!((sources.len(), sources[0].distances.len()), (1, 0));
}

#[tokio::test]
async fn more_attachments_than_one_request_may_name_are_refused() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let many: Vec<Value> = (0..201).map(|n| json!({"type": "file", "id": n.to_string()})).collect();
    let refused = house.retrieval.resolve(&alice, &many).await.map(drop);
    assert!(matches!(refused, Err(Error::Invalid(sentence)) if sentence.contains("201") && sentence.contains("200")));
    let names: Vec<String> = (0..201).map(|n| format!("collection {n}")).collect();
    let refused = house.retrieval.query(&alice, &names, &Question::default()).await.map(drop);
    assert!(matches!(refused, Err(Error::Invalid(sentence)) if sentence.contains("201")));
}

#[tokio::test]
async fn more_passages_than_a_question_gets_are_refused_and_never_made_room_for() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let name = [format!("file-{}", house.upload(&alice, "a.txt", "words about herons").await.id)];
    let ask = |k| Question { text: "herons".to_owned(), limit: Some(k), ..Question::default() };
    assert_eq!(house.retrieval.query(&alice, &name, &ask(1_000)).await.unwrap().documents[0].len(), 1);
    for k in [1_001, usize::MAX] {
        let refused = house.retrieval.query(&alice, &name, &ask(k)).await.map(drop);
        assert!(matches!(refused, Err(Error::Invalid(sentence)) if sentence.contains("1000 passages")), "{k}");
    }
    let indexed = transom_index::Indexed { id: name[0].trim_start_matches("file-").into(), languages: Vec::new(), name: String::new() };
    let search = transom_index::Search { limit: usize::MAX, kept_by_reranker: usize::MAX, ..Default::default() };
    let found = house.index().find(&[indexed], &transom_index::Asked::one("herons"), &search).await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn whole_texts_that_are_too_long_together_are_refused_with_their_length() {
    let settings = RetrievalSettings { whole_texts: 30, ..RetrievalSettings::default() };
    let house = House::with(FilesConfig::default(), settings, Arc::new(object_store::memory::InMemory::new())).await;
    let _workers = house.workers().await;
    let alice = house.user("alice").await;
    let (one, two) =
        (house.upload(&alice, "a.txt", "words about herons").await.id, house.upload(&alice, "b.txt", "words about störche").await.id);
    let whole = |id| json!({"type": "file", "id": id, "context": "full"});
    let queries = ["herons".to_owned()];
    let scope = house.retrieval.resolve(&alice, &[whole(&one)]).await.unwrap();
    assert_eq!(house.retrieval.find(&scope, &queries).await.unwrap()[0].document, ["words about herons"]);
    let scope = house.retrieval.resolve(&alice, &[whole(&one), whole(&two)]).await.unwrap();
    let refused = house.retrieval.find(&scope, &queries).await;
    assert!(matches!(refused, Err(Error::Invalid(sentence)) if sentence.contains("37 characters") && sentence.contains("30 at most")));
}

#[tokio::test]
async fn a_list_does_not_hold_more_text_than_an_answer_may() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let mut files = Vec::new();
    for name in ["a.txt", "b.txt"] {
        let file = house.upload_with(&alice, name, "bytes", false, false).await.unwrap();
        let text = Text { text: "word ".repeat(1_200_000), pages: Vec::new() };
        assert!(house.store.keep_text(&file.id, &text, "hash").await.unwrap());
        files.push(file);
    }
    assert_eq!(house.files.texts(&alice, &files[..1]).await.unwrap().len(), 1);
    let refused = house.files.texts(&alice, &files).await.map(drop);
    assert!(matches!(refused, Err(Error::Invalid(sentence)) if sentence.contains("12000000 characters")));
}

#[tokio::test]
async fn a_file_of_more_chunks_than_one_file_may_have_fails_with_both_numbers() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let pipeline = house.pipeline();
    let pipeline = Pipeline { index: pipeline.index.clone().with_most_chunks(3), ..pipeline };
    let _workers = Workers::start(pipeline, house.worker_config()).await.unwrap();
    let text: String = (1..=40).map(|n| format!("Sentence {n} says that herons wait. ")).collect();
    let file = house.upload(&alice, "long.txt", &text).await;
    let reason = file.error.unwrap();
    assert!(file.status == FileStatus::Failed && reason.contains("chunks") && reason.contains('3'), "{reason}");
    assert_eq!(house.embedder.texts(), 0, "nothing of it was embedded");
    assert_eq!(house.upload(&alice, "short.txt", "herons").await.status, FileStatus::Completed);
}

#[tokio::test]
async fn files_that_are_named_often_are_put_into_a_collection_once() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let id = house.upload(&alice, "a.txt", "words").await.id;
    let collection = house.collection(&alice, &[], Vec::new()).await;
    let added = house.knowledge.add(&alice, &collection, &vec![id.clone(); 1_000]).await.unwrap();
    assert_eq!(added.files.len(), 1);
    let many: Vec<_> = (0..10_001).map(|n| n.to_string().as_str().into()).collect();
    let refused = house.knowledge.add(&alice, &collection, &many).await.map(drop);
    assert!(matches!(refused, Err(Error::Invalid(sentence)) if sentence.contains("10001 files")));
}
