//! Words beside vectors, and rerankers.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use transom_app::retrieval::{Passages, Question};
use transom_llm::{LlmError, Relevance, Reranker};

use crate::house::House;

const GERMAN: &str = "Die Betreuer schreiben ihre Änderungen in das Changelog, damit jeder sieht, was neu ist. ";
const OTHER: &str = "Der Bär schläft im Winter in seiner Höhle und frisst im Sommer Beeren aus dem Wald. ";

fn question(text: &str) -> Question {
    Question { text: text.to_owned(), ..Question::default() }
}

/// A house with two German texts in a collection, and its name.
async fn german() -> (House, transom_domain::Caller, String, transom_app::jobs::Workers) {
    let (house, workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let betreuer = house.upload(&alice, "betreuer.txt", GERMAN).await.id;
    let bear = house.upload(&alice, "baer.txt", OTHER).await.id;
    let both = house.collection(&alice, &[&betreuer, &bear], Vec::new()).await;
    (house, alice, both.to_string(), workers)
}

fn first(passages: &Passages) -> &str {
    passages.documents[0].first().map_or("", String::as_str)
}

#[tokio::test]
async fn a_passage_is_found_by_another_form_of_its_words() {
    let (house, alice, name, _workers) = german().await;
    let only_words = Question { bm25_weight: Some(1.0), ..question("Aenderung Betreuern Hoehlen?") };
    let found = house.retrieval.query(&alice, std::slice::from_ref(&name), &only_words).await.unwrap();
    assert_eq!(first(&found), GERMAN.trim());
    let found =
        house.retrieval.query(&alice, &[name], &Question { bm25_weight: Some(1.0), ..question("Winterschlaf der Bären") }).await.unwrap();
    assert_eq!(found.documents, [[OTHER.trim()]], "what has no word of the question is not found by words");
    assert!((0.0..=1.0).contains(&found.distances[0][0]));
}

#[tokio::test]
async fn a_request_can_leave_the_words_out() {
    let (house, alice, name, _workers) = german().await;
    let off = Question { hybrid: Some(false), threshold: Some(0.99), ..question("Bären") };
    assert_eq!(house.retrieval.query(&alice, &[name], &off).await.unwrap().documents, [Vec::<String>::new()]);
}

#[tokio::test]
async fn neighbours_that_were_both_found_are_one_passage() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let long: String = (1..=40).map(|n| format!("Sentence {n} says that herons wait. ")).collect();
    let id = house.upload(&alice, "long.txt", &long).await.id;
    let all = Question { limit: Some(50), ..question("herons") };
    let found = house.retrieval.query(&alice, &[format!("file-{id}")], &all).await.unwrap();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(found.documents[0].len(), 1);
    assert_eq!(words(first(&found)), words(&long), "nothing is lost and nothing doubled");
}

/// Prefers the shortest, or fails.
#[derive(Default)]
struct Shortest {
    fails: bool,
    asked: Mutex<Vec<(String, usize)>>,
}

#[async_trait]
impl Reranker for Shortest {
    async fn rerank(&self, question: &str, texts: &[String], limit: usize) -> Result<Vec<Relevance>, LlmError> {
        self.asked.lock().unwrap().push((question.to_owned(), texts.len()));
        if self.fails {
            return Err(LlmError::Internal("it was told to fail".to_owned()));
        }
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|index| texts[*index].len());
        Ok(order.into_iter().take(limit).map(|index| Relevance { index, score: 0.7 }).collect())
    }
}

#[tokio::test]
async fn a_reranker_has_the_last_word_and_its_failure_is_nobodys() {
    let (house, alice, name, _workers) = german().await;
    let ask = question("Änderungen Betreuer Bär");
    let plain = house.retrieval.query(&alice, std::slice::from_ref(&name), &ask).await.unwrap();
    assert_eq!(first(&plain), GERMAN.trim());
    let reranker = Arc::new(Shortest::default());
    let judged = house.retrieval_over(house.index().with_reranker(reranker.clone()));
    let one = Question { reranked: Some(1), ..ask.clone() };
    let found = judged.query(&alice, std::slice::from_ref(&name), &one).await.unwrap();
    assert_eq!((found.documents, found.distances), (vec![vec![OTHER.trim().to_owned()]], vec![vec![0.7]]));
    assert_eq!(*reranker.asked.lock().unwrap(), [("Änderungen Betreuer Bär".to_owned(), 2)]);
    let failing = house.retrieval_over(house.index().with_reranker(Arc::new(Shortest { fails: true, ..Shortest::default() })));
    assert_eq!(failing.query(&alice, &[name], &ask).await.unwrap(), plain);
}
