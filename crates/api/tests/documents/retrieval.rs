use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, grant};

const TREATY: &str = "The Treaty of Westphalia was signed in 1648 in Osnabrueck and Muenster.";
const BATTLE: &str = "The Battle of Lepanto was fought in 1571 between the Holy League and the Ottoman fleet.";

#[tokio::test]
async fn passages_come_in_the_known_shape() {
    let house = House::new().await;
    let (a, b) = (house.admin.upload("a.txt", TREATY).await, house.admin.upload("b.txt", BATTLE).await);
    let id = house.admin.collection(&[&a, &b], json!([])).await;
    let found = house
        .admin
        .post(
            "/api/v1/retrieval/query/collection",
            json!({"collection_names": [id], "query": "the battle of Lepanto", "k": 1, "hybrid": false}),
        )
        .await;
    assert_eq!((&found["documents"], &found["metadatas"][0][0]["name"]), (&json!([[BATTLE]]), &json!("b.txt")));
    assert_eq!(found["metadatas"][0][0]["file_id"], json!(b));
    let distance = found["distances"][0][0].as_f64().unwrap();
    assert!((0.5..=1.0).contains(&distance), "{distance}");
    for name in [id, format!("file-{a}")] {
        let found = house.admin.post("/api/v1/retrieval/query/doc", json!({"collection_name": name, "query": "the treaty signed"})).await;
        assert_eq!(found["documents"][0][0], TREATY);
    }
    assert_eq!(house.admin.send("/api/v1/retrieval/query/doc", json!({"collection_name": "x"})).await.0, 422);
}

#[tokio::test]
async fn enriched_texts_are_found_by_their_files_names_as_the_request_or_the_setting_says() {
    let house = House::new().await;
    let (a, b) = (house.admin.upload("annual-budget.txt", TREATY).await, house.admin.upload("letter.txt", BATTLE).await);
    let id = house.admin.collection(&[&a, &b], json!([])).await;
    let ask = |enriched: Value| {
        let body = json!({"collection_names": [id], "query": "budget", "hybrid_bm25_weight": 1.0, "enable_enriched_texts": enriched});
        house.admin.post("/api/v1/retrieval/query/collection", body)
    };
    assert_eq!(ask(Value::Null).await["documents"], json!([[]]));
    assert_eq!(ask(json!(true)).await["documents"], json!([[TREATY]]));
    let set = json!({"ENABLE_RAG_HYBRID_SEARCH_ENRICHED_TEXTS": true});
    assert_eq!(house.admin.post("/api/v1/retrieval/config/update", set).await["ENABLE_RAG_HYBRID_SEARCH_ENRICHED_TEXTS"], true);
    assert_eq!(ask(Value::Null).await["documents"], json!([[TREATY]]));
    assert_eq!(ask(json!(false)).await["documents"], json!([[]]));
}

#[tokio::test]
async fn anothers_passages_are_not_found() {
    let house = House::new().await;
    let file = house.admin.upload("a.txt", TREATY).await;
    let (eve, reader) = (house.user("eve").await, house.user("reader").await);
    let id = house.admin.collection(&[&file], grant(&reader.id().await, "read")).await;
    let own = eve.collection(&[], json!([])).await;
    for name in [id.clone(), format!("file-{file}"), "nope".to_owned()] {
        let collection = json!({"collection_names": [own, name], "query": "treaty"});
        let (status, body) = eve.send("/api/v1/retrieval/query/collection", collection).await;
        assert_eq!(status, 404, "{body}");
        assert_eq!(eve.send("/api/v1/retrieval/query/doc", json!({"collection_name": name, "query": "treaty"})).await.0, 404);
    }
    let found = reader.post("/api/v1/retrieval/query/collection", json!({"collection_names": [id], "query": "treaty"})).await;
    assert_eq!(found["documents"][0][0], TREATY);
    let visitor = house.visitor().send("/api/v1/retrieval/query/collection", json!({"collection_names": [id], "query": "x"})).await;
    assert_eq!(visitor.0, 401);
}

#[tokio::test]
async fn settings_are_the_administrators_to_read() {
    let house = House::new().await;
    let config = house.admin.get("/api/v1/retrieval/config").await;
    assert_eq!((&config["status"], &config["TOP_K"], &config["FILE_MAX_SIZE"]), (&json!(true), &json!(3), &Value::Null));
    assert!(config["RAG_TEMPLATE"].as_str().unwrap().contains("{{CONTEXT}}"));
    assert_eq!(house.admin.get("/api/v1/retrieval/embedding").await["status"], true);
    let bob = house.user("bob").await;
    for path in ["/api/v1/retrieval/config", "/api/v1/retrieval/embedding"] {
        assert_eq!(bob.call(Method::GET, path).await.0, 401, "{path}");
    }
}

#[tokio::test]
async fn a_file_is_processed_on_request_and_put_into_a_collection() {
    let house = House::new().await;
    let (_, unread) = house.admin.try_upload("np.txt", "text/plain", TREATY.as_bytes(), "?process=false").await;
    let id = house.admin.collection(&[], json!([])).await;
    let done = house.admin.post("/api/v1/retrieval/process/file", json!({"file_id": unread["id"], "collection_name": id})).await;
    assert_eq!((&done["status"], &done["content"], &done["collection_name"]), (&json!(true), &json!(TREATY), &json!(id)));
    assert_eq!(house.admin.get(&format!("/api/v1/knowledge/{id}/files")).await["total"], 1);
    let (_, blank) = house.admin.try_upload("blank.txt", "text/plain", b"  ", "?process=false").await;
    let (status, body) = house.admin.send("/api/v1/retrieval/process/file", json!({"file_id": blank["id"]})).await;
    assert!(status == 400 && body["detail"].is_string(), "{body}");
}
