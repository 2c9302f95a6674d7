//! Files that were shared, after the share was taken back: on every road on which their text could come or go.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{Client, House, grant};

const SECRET: &str = "The launch code is heron-4711.";

/// What a caller can do with a file and with a collection of its own that the file is in.
async fn roads(who: &Client, file: &str, collection: &str) -> Vec<(String, u16, Value)> {
    let mut answers = Vec::new();
    for path in ["", "/content", "/content/a.txt", "/data/content", "/process/status"] {
        let path = format!("/api/v1/files/{file}{path}");
        let (status, body) = who.call(Method::GET, &path).await;
        answers.push((path, status, body));
    }
    let question = "launch code";
    let own = format!("file-{file}");
    for (path, body) in [
        (format!("/api/v1/files/{file}/data/content/update"), json!({"content": "changed"})),
        (format!("/api/v1/files/{file}/rename"), json!({"filename": "mine.txt"})),
        ("/api/v1/retrieval/query/doc".to_owned(), json!({"collection_name": own, "query": question})),
        ("/api/v1/retrieval/query/collection".to_owned(), json!({"collection_names": [own], "query": question})),
        ("/api/v1/retrieval/process/file".to_owned(), json!({"file_id": file})),
        ("/api/v1/retrieval/process/file".to_owned(), json!({"file_id": file, "content": "changed"})),
        ("/api/v1/retrieval/process/file".to_owned(), json!({"file_id": file, "collection_name": collection})),
        (format!("/api/v1/knowledge/{collection}/file/add"), json!({"file_id": file})),
        (format!("/api/v1/knowledge/{collection}/file/update"), json!({"file_id": file})),
        (format!("/api/v1/knowledge/{collection}/files/batch/add"), json!([{"file_id": file}])),
    ] {
        let (status, answer) = who.send(&path, body).await;
        answers.push((path, status, answer));
    }
    let path = format!("/api/v1/files/{file}");
    let (status, body) = who.call(Method::DELETE, &path).await;
    answers.push((path, status, body));
    answers
}

/// What the caller may still do with its collection shows nothing of the file.
async fn assert_nothing_through(who: &Client, file: &str, collection: &str) {
    for (path, status, body) in roads(who, file, collection).await {
        assert_eq!(status, 404, "{path}: {body}");
    }
    let files = who.get(&format!("/api/v1/knowledge/{collection}/files?include_content=true")).await;
    assert_eq!((&files["total"], &files["items"]), (&json!(0), &json!([])));
    let question = json!({"collection_names": [collection], "query": "launch code"});
    let found = who.post("/api/v1/retrieval/query/collection", question).await;
    let batch = json!({"files": [{"id": file}], "collection_name": collection});
    let outcome = who.post("/api/v1/retrieval/process/files/batch", batch).await;
    assert_eq!((&outcome["results"], outcome["errors"].as_array().unwrap().len()), (&json!([]), 1));
    for answer in [found, who.get("/api/v1/knowledge/").await, who.get("/api/v1/files/").await] {
        let text = answer.to_string();
        assert!(!text.contains("heron-4711") && !text.contains(file), "{text}");
    }
}

async fn share(house: &House, collection: &str, grants: Value) {
    house.admin.post(&format!("/api/v1/knowledge/{collection}/access/update"), json!({"access_grants": grants})).await;
}

#[tokio::test]
async fn a_reader_can_neither_change_a_file_nor_put_it_into_a_collection() {
    let house = House::new().await;
    let (owner, bob) = (house.user("owner").await, house.user("bob").await);
    let file = owner.upload("a.txt", SECRET).await;
    let shared = owner.collection(&[&file], grant(&bob.id().await, "read")).await;
    let bobs = bob.collection(&[], json!([])).await;
    for path in ["file/add", "files/batch/add"] {
        let body = if path == "file/add" { json!({"file_id": file}) } else { json!([{"file_id": file}]) };
        let (status, body) = bob.send(&format!("/api/v1/knowledge/{bobs}/{path}"), body).await;
        assert!(status == 403 && body["detail"].as_str().unwrap().contains("read"), "{body}");
    }
    for body in [json!({"file_id": file}), json!({"file_id": file, "content": "x"}), json!({"file_id": file, "collection_name": bobs})] {
        assert_eq!(bob.send("/api/v1/retrieval/process/file", body).await.0, 404);
    }
    assert_eq!(bob.call(Method::DELETE, &format!("/api/v1/files/{file}")).await.0, 404);
    bob.get(&format!("/api/v1/files/{file}/content")).await;
    house.admin.post(&format!("/api/v1/knowledge/{shared}/access/update"), json!({"access_grants": []})).await;
    assert_nothing_through(&bob, &file, &bobs).await;
    assert_eq!(owner.get(&format!("/api/v1/files/{file}/data/content")).await["content"], SECRET);
}

#[tokio::test]
async fn a_writer_keeps_nothing_of_a_file_when_the_grant_is_taken_back() {
    let house = House::new().await;
    let (bob, eve) = (house.user("bob").await, house.user("eve").await);
    let owner = house.user("owner").await;
    for end in ["revoked", "reset", "taken out", "deleted"] {
        let file = owner.upload("a.txt", SECRET).await;
        let shared = owner.collection(&[&file], grant(&bob.id().await, "write")).await;
        let bobs = bob.collection(&[&file], grant(&eve.id().await, "write")).await;
        for who in [&bob, &eve] {
            assert_eq!(who.get(&format!("/api/v1/files/{file}/data/content")).await["content"], SECRET);
        }
        match end {
            "revoked" => share(&house, &shared, json!([])).await,
            "reset" => _ = owner.post(&format!("/api/v1/knowledge/{shared}/reset"), json!({})).await,
            "taken out" => {
                let path = format!("/api/v1/knowledge/{shared}/file/remove?delete_file=false");
                owner.post(&path, json!({"file_id": file})).await;
            }
            _ => assert_eq!(owner.call(Method::DELETE, &format!("/api/v1/knowledge/{shared}/delete")).await.0, 200),
        }
        for who in [&bob, &eve] {
            assert_nothing_through(who, &file, &bobs).await;
        }
        assert_eq!(owner.get(&format!("/api/v1/files/{file}/data/content")).await["content"], SECRET, "{end}");
        // The link is still Bob's to remove, and removing it removes no file.
        bob.post(&format!("/api/v1/knowledge/{bobs}/file/remove"), json!({"file_id": file})).await;
        owner.get(&format!("/api/v1/files/{file}")).await;
    }
}

#[tokio::test]
async fn a_text_that_was_edited_stays_when_a_collection_has_its_file_indexed_again() {
    let house = House::new().await;
    let file = house.admin.upload("a.txt", "The old text.").await;
    let collection = house.admin.collection(&[&file], json!([])).await;
    let second = house.admin.collection(&[], json!([])).await;
    house.admin.post("/api/v1/retrieval/process/file", json!({"file_id": file, "content": "The edited text."})).await;
    let text = async || house.admin.get(&format!("/api/v1/files/{file}/data/content")).await["content"].clone();
    house.admin.post(&format!("/api/v1/knowledge/{collection}/file/update"), json!({"file_id": file})).await;
    assert_eq!(text().await, "The edited text.");
    house.admin.post("/api/v1/retrieval/process/file", json!({"file_id": file, "collection_name": second})).await;
    assert_eq!(text().await, "The edited text.");
    for id in [&collection, &second] {
        let question = json!({"collection_names": [id], "query": "text", "k": 3});
        let found = house.admin.post("/api/v1/retrieval/query/collection", question).await;
        assert_eq!(found["documents"], json!([["The edited text."]]));
    }
    house.admin.post("/api/v1/retrieval/process/file", json!({"file_id": file})).await;
    assert_eq!(text().await, "The old text.", "asked to read the file itself again, the server does");
}
