//! How files are indexed and found, as administrators see and change it.

use serde_json::{Value, json};

use crate::house::House;

const CONFIG: &str = "/api/v1/retrieval/config";
const UPDATE: &str = "/api/v1/retrieval/config/update";

#[tokio::test]
async fn settings_change_while_the_server_runs() {
    let house = House::new().await;
    let changes = json!({
        "TOP_K": 7, "RELEVANCE_THRESHOLD": 0.5, "ENABLE_RAG_HYBRID_SEARCH": false, "RAG_TEMPLATE": "{{CONTEXT}} and {{QUERY}}",
        "FILE_MAX_SIZE": 1, "FILE_MAX_COUNT": 3, "ALLOWED_FILE_EXTENSIONS": [".TXT"], "CHUNK_OVERLAP": null,
    });
    let answer = house.admin.post(UPDATE, changes).await;
    assert_eq!(answer, house.admin.get(CONFIG).await);
    let shown = |name: &str| answer[name].clone();
    assert_eq!((shown("TOP_K"), shown("RELEVANCE_THRESHOLD"), shown("ENABLE_RAG_HYBRID_SEARCH")), (json!(7), json!(0.5), json!(false)));
    assert_eq!((shown("FILE_MAX_SIZE"), shown("ALLOWED_FILE_EXTENSIONS")), (json!(1), json!(["txt"])));
    assert_eq!(house.admin.try_upload("big.txt", "text/plain", &vec![b'x'; 1_100_000], "").await.0, 413);
    assert_eq!(house.admin.try_upload("a.md", "text/markdown", b"words", "").await.0, 400);
    assert_eq!(house.admin.get("/api/config").await["file"]["max_count"], 3);
    let opened = house.admin.post(UPDATE, json!({"FILE_MAX_SIZE": "", "ALLOWED_FILE_EXTENSIONS": []})).await;
    assert_eq!((&opened["FILE_MAX_SIZE"], &opened["TOP_K"]), (&Value::Null, &json!(7)));
    assert_eq!(house.admin.try_upload("a.md", "text/markdown", b"words", "").await.0, 200);
}

#[tokio::test]
async fn what_is_sent_back_as_it_was_shown_changes_nothing() {
    let house = House::new().await;
    let shown = house.admin.get(CONFIG).await;
    assert_eq!(house.admin.post(UPDATE, shown.clone()).await, shown);
    let embedding = house.admin.get("/api/v1/retrieval/embedding").await;
    assert_eq!(house.admin.post("/api/v1/retrieval/embedding/update", embedding.clone()).await, embedding);
}

#[tokio::test]
async fn what_cannot_change_is_refused_by_name_and_nothing_changes() {
    let house = House::new().await;
    let before = house.admin.get(CONFIG).await;
    for (name, value) in [
        ("CHUNK_SIZE", json!(5)),
        ("TEXT_SPLITTER", json!("other")),
        ("BYPASS_EMBEDDING_AND_RETRIEVAL", json!(true)),
        ("TIKA_SERVER_URL", json!("http://tika:9998")),
        ("TOP_K", json!(0)),
        ("TOP_K_RERANKER", json!(1_001)),
        ("TOP_K", json!("many")),
        ("RELEVANCE_THRESHOLD", json!(2)),
        ("RAG_FULL_CONTEXT", json!("yes")),
        ("FILE_MAX_SIZE", json!(-1)),
        ("ALLOWED_FILE_EXTENSIONS", json!("txt")),
        ("web", json!({"ENABLE_WEB_SEARCH": true})),
    ] {
        let (status, body) = house.admin.send(UPDATE, json!({"FILE_MAX_COUNT": 9, name: value})).await;
        assert_eq!(status, 400, "{name}: {body}");
        assert!(body["detail"].as_str().unwrap().starts_with(name), "{body}");
    }
    assert_eq!(house.admin.get(CONFIG).await, before);
}

#[tokio::test]
async fn the_embedding_model_is_chosen_at_start() {
    let house = House::new().await;
    let path = "/api/v1/retrieval/embedding/update";
    let current = house.admin.get("/api/v1/retrieval/embedding").await;
    let same = json!({"RAG_EMBEDDING_ENGINE": current["RAG_EMBEDDING_ENGINE"], "RAG_EMBEDDING_MODEL": current["RAG_EMBEDDING_MODEL"]});
    assert_eq!(house.admin.post(path, same).await, current);
    let other = json!({"RAG_EMBEDDING_ENGINE": "ollama", "RAG_EMBEDDING_MODEL": "nomic-embed-text", "ollama_config": {"url": "http://x", "key": "k"}});
    let (status, body) = house.admin.send(path, other).await;
    assert_eq!(status, 400, "{body}");
    assert_eq!(house.admin.send(path, json!({})).await.0, 422);
}

#[tokio::test]
async fn only_administrators_see_change_and_reset() {
    let house = House::new().await;
    let eve = house.user("eve").await;
    let id = house.admin.upload("a.txt", "words").await;
    let collection = house.admin.collection(&[&id], json!([])).await;
    for (who, expected) in [(eve, 401), (house.visitor(), 401)] {
        for path in ["config", "embedding"] {
            assert_eq!(who.call(reqwest::Method::GET, &format!("/api/v1/retrieval/{path}")).await.0, expected, "{path}");
        }
        for path in ["config/update", "embedding/update", "reset/db", "reset/uploads"] {
            assert_eq!(who.send(&format!("/api/v1/retrieval/{path}"), json!({"TOP_K": 9})).await.0, expected, "{path}");
        }
    }
    assert_eq!(house.admin.get(&format!("/api/v1/knowledge/{collection}/files")).await["total"], 1);
}

#[tokio::test]
async fn a_reset_deletes_collections_and_makes_vectors_anew() {
    let house = House::new().await;
    let id = house.admin.upload("a.txt", "The Treaty of Westphalia was signed in 1648.").await;
    house.admin.collection(&[&id], json!([])).await;
    assert_eq!(house.admin.post("/api/v1/retrieval/reset/db", json!({})).await, Value::Null);
    assert_eq!(house.admin.get("/api/v1/knowledge/").await["total"], 0);
    let question = json!({"collection_name": format!("file-{id}"), "query": "treaty", "k": 1});
    let found = house.admin.post("/api/v1/retrieval/query/doc", question).await;
    assert!(found["documents"][0][0].as_str().unwrap().contains("1648"), "{found}");
    assert_eq!(house.admin.post("/api/v1/retrieval/reset/uploads", json!({})).await, json!(true));
    assert_eq!(house.admin.get("/api/v1/files/count").await, json!(0));
}
