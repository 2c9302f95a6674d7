//! Which passages are given: each text once, above the threshold, found by words although the vectors say nothing.

use std::sync::Arc;

use async_trait::async_trait;
use transom_app::retrieval::{Question, Retrieval};
use transom_domain::{Caller, Fingerprint};
use transom_llm::{Embedder, LlmError, Purpose};

use crate::house::House;

async fn documents(retrieval: &Retrieval, caller: &Caller, names: &[String], question: Question) -> Vec<String> {
    retrieval.query(caller, names, &question).await.unwrap().documents.remove(0)
}

fn question(text: &str, limit: usize) -> Question {
    Question { text: text.to_owned(), limit: Some(limit), ..Question::default() }
}

/// Files with these texts, as they are named in a question.
async fn files(house: &House, caller: &Caller, texts: impl IntoIterator<Item = (&'static str, &'static str)>) -> Vec<String> {
    let mut names = Vec::new();
    for (name, text) in texts {
        names.push(format!("file-{}", house.upload(caller, name, text).await.id));
    }
    names
}

#[tokio::test]
async fn of_equal_passages_one_is_given_and_the_next_ones_move_up() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    // More than are read of a ranking at first.
    let copies = std::iter::repeat_n(("copy.txt", "herons wait for fish"), 60);
    let others = [("other.txt", "herons stand still"), ("third.txt", "storks eat frogs")];
    let names = files(&house, &alice, copies.chain(others)).await;
    let found = documents(&house.retrieval, &alice, &names, question("herons wait for fish", 2)).await;
    assert_eq!(found, ["herons wait for fish", "herons stand still"]);
    let by_vectors = Question { hybrid: Some(false), ..question("herons wait for fish", 2) };
    assert_eq!(documents(&house.retrieval, &alice, &names, by_vectors).await, ["herons wait for fish", "herons stand still"]);
}

#[tokio::test]
async fn the_threshold_is_compared_with_the_cosine_as_in_the_reference() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let names = files(&house, &alice, [("a.txt", "alpha beta gamma delta")]).await;
    let ask = |threshold, hybrid| Question { threshold: Some(threshold), hybrid: Some(hybrid), ..question("alpha omega", 3) };
    // Clients are shown (1 + cosine) / 2.
    let shown = house.retrieval.query(&alice, &names, &ask(0.0, false)).await.unwrap().distances[0][0];
    let cosine = 2.0 * shown - 1.0;
    assert!((0.1..0.5).contains(&cosine), "one word of four, and one of two: {cosine}");
    for hybrid in [true, false] {
        assert_eq!(documents(&house.retrieval, &alice, &names, ask(cosine - 0.01, hybrid)).await.len(), 1, "hybrid: {hybrid}");
        assert!(documents(&house.retrieval, &alice, &names, ask(cosine + 0.01, hybrid)).await.is_empty(), "hybrid: {hybrid}");
    }
}

#[tokio::test]
async fn a_threshold_of_nothing_leaves_out_nothing() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let names = files(&house, &alice, [("a.txt", "alpha beta")]).await;
    let ask = Question { threshold: Some(0.0), ..question("omega", 3) };
    assert_eq!(documents(&house.retrieval, &alice, &names, ask).await, ["alpha beta"]);
}

#[tokio::test]
async fn a_question_finds_a_file_by_its_name_where_texts_are_enriched() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let names = files(&house, &alice, [("quarterly-budget_2024.txt", "rows of numbers"), ("letter.txt", "dear madam")]).await;
    let plain = Question { bm25_weight: Some(1.0), ..question("What does the budget say?", 3) };
    assert!(documents(&house.retrieval, &alice, &names, plain.clone()).await.is_empty());
    let enriched = Question { enriched: Some(true), ..plain };
    assert_eq!(documents(&house.retrieval, &alice, &names, enriched).await, ["rows of numbers"]);
}

/// A model that sees nothing in any text.
struct Zeros(Fingerprint);

#[async_trait]
impl Embedder for Zeros {
    fn fingerprint(&self) -> &Fingerprint {
        &self.0
    }

    async fn dimension(&self) -> Result<usize, LlmError> {
        Ok(4)
    }

    async fn embed(&self, texts: &[String], _purpose: Purpose) -> Result<Vec<Vec<f32>>, LlmError> {
        Ok(vec![vec![0.0; 4]; texts.len()])
    }
}

#[tokio::test]
async fn vectors_of_zeros_do_not_hide_what_words_find() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let zeros = Arc::new(Zeros(Fingerprint("zeros".to_owned())));
    let _workers = transom_app::jobs::Workers::start(house.pipeline_with(zeros.clone()), house.worker_config()).await.unwrap();
    let texts = ["storks eat frogs", "gulls eat chips", "owls eat mice", "herons wait for fish", "ducks eat bread", "herons sleep"];
    let names = files(&house, &alice, texts.map(|text| ("a.txt", text))).await;
    let retrieval = house.retrieval_with(zeros);
    for threshold in [0.0, 0.2] {
        let ask = Question { threshold: Some(threshold), ..question("Where do herons wait?", 3) };
        let found = documents(&retrieval, &alice, &names, ask).await;
        assert_eq!(found, ["herons wait for fish", "herons sleep"], "threshold {threshold}");
    }
}
