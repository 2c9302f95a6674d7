//! The model's vectors, against the original's, and what every embedder owes.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use transom_embed::{DIMENSION, MiniLm, MiniLmSettings};
use transom_llm::{Embedder, Purpose};

#[derive(Deserialize)]
struct Golden {
    text: String,
    original: Vec<f32>,
    onnxruntime: Vec<f32>,
}

fn goldens() -> Vec<Golden> {
    serde_json::from_str(include_str!("goldens/vectors.json")).unwrap()
}

fn model() -> MiniLm {
    MiniLm::new(MiniLmSettings::default())
}

async fn embed(model: &MiniLm, texts: &[&str]) -> Vec<Vec<f32>> {
    let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
    model.embed(&texts, Purpose::Document).await.unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[tokio::test]
async fn vectors_agree_with_the_original_model_and_with_another_engine() {
    let (model, goldens) = (model(), goldens());
    let texts: Vec<&str> = goldens.iter().map(|golden| golden.text.as_str()).collect();
    for (vector, golden) in embed(&model, &texts).await.iter().zip(&goldens) {
        assert!(cosine(vector, &golden.original) >= 0.999, "{}", golden.text);
        assert!(cosine(vector, &golden.onnxruntime) >= 0.99999, "{}", golden.text);
    }
}

#[tokio::test]
async fn what_means_the_same_is_near_and_what_does_not_is_far() {
    let vectors = embed(&model(), &["A man is eating food.", "Someone has a meal.", "The stock market crashed today."]).await;
    assert!(cosine(&vectors[0], &vectors[1]) > 0.5);
    assert!(cosine(&vectors[0], &vectors[2]) < 0.2);
}

#[tokio::test]
async fn a_vector_has_length_one_and_the_dimension_that_is_promised() {
    let model = model();
    for vector in embed(&model, &["one", "", " \n", "a rather longer text than the others, to be filled up to"]).await {
        assert_eq!(vector.len(), DIMENSION);
        assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-5);
        assert!((vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-4);
    }
    assert_eq!(model.dimension().await.unwrap(), DIMENSION);
}

#[tokio::test]
async fn a_text_has_the_same_vector_alone_and_among_others_in_any_order() {
    let model = MiniLm::new(MiniLmSettings { threads: 1, batch_size: 4, batch_tokens: 64, ..MiniLmSettings::default() });
    let texts: Vec<String> = (1..12).map(|n| format!("text number {n} {}", "and so on ".repeat(n))).collect();
    let forwards: Vec<&str> = texts.iter().map(String::as_str).collect();
    let backwards: Vec<&str> = forwards.iter().rev().copied().collect();
    let (a, b) = (embed(&model, &forwards).await, embed(&model, &backwards).await);
    for (index, text) in forwards.iter().enumerate() {
        let alone = embed(&model, &[text]).await;
        assert!(cosine(&a[index], &alone[0]) > 0.99999, "{text}");
        assert!(cosine(&a[index], &b[texts.len() - 1 - index]) > 0.99999, "{text}");
    }
}

#[tokio::test]
async fn a_long_text_is_cut_and_not_refused() {
    let sentence = "The quick brown fox jumps over the lazy dog. ";
    let (long, longer) = (sentence.repeat(60), format!("{}{}", sentence.repeat(60), "Something else. ".repeat(500_000)));
    let vectors = embed(&model(), &[&long, &longer]).await;
    assert!(cosine(&vectors[0], &vectors[1]) > 0.99999, "what is beyond the limit plays no part");
}

#[tokio::test]
async fn an_empty_list_gives_an_empty_list() {
    assert!(embed(&model(), &[]).await.is_empty());
}

#[tokio::test]
async fn texts_and_questions_share_one_space() {
    let model = model();
    let text = "What is a transom?".to_owned();
    let (document, query) =
        (model.embed(std::slice::from_ref(&text), Purpose::Document).await.unwrap(), model.embed(&[text], Purpose::Query).await.unwrap());
    assert!(cosine(&document[0], &query[0]) > 0.99999);
}

#[tokio::test]
async fn a_question_does_not_wait_for_a_long_document() {
    let model = Arc::new(MiniLm::new(MiniLmSettings { threads: 1, batch_size: 1, ..MiniLmSettings::default() }));
    let document: Vec<String> = (0..30).map(|n| format!("Paragraph {n}. {}", "It goes on. ".repeat(10))).collect();
    let behind = tokio::spawn({
        let model = model.clone();
        async move { model.embed(&document, Purpose::Document).await.map(|vectors| vectors.len()) }
    });
    // The document is on its way as soon as its task has run once.
    tokio::task::yield_now().await;
    model.embed(&["What goes on?".to_owned()], Purpose::Query).await.unwrap();
    assert!(!behind.is_finished(), "the question is answered first");
    assert_eq!(behind.await.unwrap().unwrap(), 30);
}

#[tokio::test]
async fn a_caller_that_leaves_does_no_harm() {
    let model = model();
    let long: Vec<String> = (0..100).map(|n| format!("Paragraph {n}. {}", "It goes on. ".repeat(60))).collect();
    tokio::select! {
        biased;
        _ = model.embed(&long, Purpose::Document) => panic!("a hundred texts are not done at once"),
        () = tokio::task::yield_now() => {}
    }
    assert_eq!(embed(&model, &["still here"]).await.len(), 1);
}

#[test]
fn the_files_are_those_that_the_readme_names() {
    let readme = include_str!("../assets/README.md");
    let files: [&[u8]; 2] = [include_bytes!("../assets/all-minilm-l6-v2-int8.onnx"), include_bytes!("../assets/tokenizer.json")];
    for file in files {
        assert!(readme.contains(&hex::encode(Sha256::digest(file))));
    }
}

#[tokio::test]
async fn a_model_that_was_let_go_is_read_again_and_says_the_same() {
    let model = MiniLm::new(MiniLmSettings { keep: std::time::Duration::ZERO, ..MiniLmSettings::default() });
    let first = embed(&model, &["What is a transom?"]).await;
    assert_eq!(first, embed(&model, &["What is a transom?"]).await);
}
