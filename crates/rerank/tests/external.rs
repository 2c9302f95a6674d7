//! The reranker against a scripted upstream on the loopback.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use transom_llm::{LlmError, Relevance, Reranker};
use transom_rerank::{ExternalReranker, RerankerSettings};
use transom_testkit::{Script, Upstream};
use transom_upstream::{ClientSettings, Limits, upstream_client};

fn reranker(upstream: &Upstream) -> ExternalReranker {
    let settings =
        RerankerSettings { url: format!("{}/v1/rerank", upstream.base_url()), key: Some("rr-key".into()), model: "judge".into() };
    ExternalReranker::new(settings, Limits::default(), upstream_client(&ClientSettings::default()).unwrap()).unwrap()
}

async fn judged(answer: &Value) -> Result<Vec<Relevance>, LlmError> {
    let upstream = Upstream::start().await;
    upstream.script_path("/v1/rerank", Script::json(200, answer));
    reranker(&upstream).rerank("which?", &["a".to_owned(), "b".to_owned(), "c".to_owned()], 2).await
}

#[tokio::test]
async fn texts_are_sent_and_come_back_in_the_order_of_their_relevance() {
    let upstream = Upstream::start().await;
    let results = json!({"results": [{"index": 0, "relevance_score": 0.1}, {"index": 2, "relevance_score": 0.9}, {"index": 1, "relevance_score": 0.5}]});
    upstream.script_path("/v1/rerank", Script::json(200, &results));
    let order = reranker(&upstream).rerank("which?", &["a".to_owned(), "b".to_owned(), "c".to_owned()], 2).await.unwrap();
    assert_eq!(order, [Relevance { index: 2, score: 0.9 }, Relevance { index: 1, score: 0.5 }]);
    let request = &upstream.requests_of("/v1/rerank")[0];
    assert_eq!(request.body, json!({"model": "judge", "query": "which?", "documents": ["a", "b", "c"], "top_n": 2}));
    assert_eq!(request.headers["authorization"], "Bearer rr-key");
}

#[tokio::test]
async fn raw_scores_are_squeezed_into_the_range_from_0_to_1() {
    let order = judged(&json!({"results": [{"index": 1, "relevance_score": -2.0}, {"index": 0, "relevance_score": 5.5}]})).await.unwrap();
    assert_eq!((order[0].index, order[1].index), (0, 1));
    assert!(order[0].score > 0.99 && order[0].score < 1.0 && order[1].score > 0.1 && order[1].score < 0.2);
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_an_error() {
    for answer in [
        json!({"error": "no"}),
        json!({"results": []}),
        json!({"results": [{"index": 3, "relevance_score": 0.5}]}),
        json!({"results": [{"index": 0, "relevance_score": 0.5}, {"index": 0, "relevance_score": 0.4}]}),
    ] {
        assert!(matches!(judged(&answer).await, Err(LlmError::Broken { .. })), "{answer}");
    }
}

#[tokio::test]
async fn no_texts_cost_no_call() {
    let upstream = Upstream::start().await;
    assert!(reranker(&upstream).rerank("which?", &[], 3).await.unwrap().is_empty());
    assert_eq!(upstream.call_count(), 0);
}
