//! What the server knows against what its clients know.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::ledger::Ledger;
use crate::client::{Client, tight};
use crate::place::{Place, files_below, until};

/// Learns what became of calls that were not answered.
pub async fn settle(admin: &Client, ledger: &mut Ledger) {
    let there = files(admin).await;
    for (id, name) in &there {
        if let Some(known) = ledger.doubtful_uploads.remove(name) {
            ledger.files.insert(id.clone(), known);
        }
    }
    ledger.doubtful_uploads.clear();
    let ids: BTreeSet<&String> = there.iter().map(|(id, _)| id).collect();
    for file in std::mem::take(&mut ledger.doubtful_deletions) {
        if !ids.contains(&file) {
            ledger.delete(&file);
        }
    }
    for (collection, file) in std::mem::take(&mut ledger.doubtful_members) {
        if members(admin, &collection).await.contains(&file) {
            ledger.collections.get_mut(&collection).unwrap().insert(file);
        }
    }
}

/// Waits until rows, bytes, vectors and answers are what the ledger says, and no more.
pub async fn compare(admin: &Client, place: &Place, ledger: &mut Ledger) {
    let expected: BTreeSet<String> = ledger.files.keys().cloned().collect();
    let rows: BTreeSet<String> = files(admin).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(rows, expected, "rows");
    let gone: BTreeSet<String> = ledger.gone.drain(..).collect();
    for file in &gone {
        assert_eq!(admin.get(&format!("/api/v1/files/{file}")).await.0, 404, "a deleted file");
    }
    for (collection, files) in &ledger.collections {
        assert_eq!(members(admin, collection).await, *files, "a collection");
    }
    for id in ledger.files.keys() {
        admin.completed(id).await;
    }
    until("the bytes are those of the files, and none of deleted ones", async || {
        let stored = stored(place);
        (stored.is_superset(&expected) && stored.is_disjoint(&gone)).then_some(())
    })
    .await;
    for (id, known) in &ledger.files {
        let bytes = std::fs::read(place.folder().join("uploads").join(id)).unwrap();
        assert!(bytes == known.text().as_bytes(), "the bytes of {id}");
        assert_eq!(admin.stored_text(id, &known.town).await, tight(&known.text()), "the chunks of {}", known.name);
    }
    for (collection, files) in &ledger.collections {
        if let Some(file) = files.first() {
            let town = &ledger.files[file].town;
            let question = json!({"collection_names": [collection], "query": town, "k": 3});
            let (status, body) = admin.post("/api/v1/retrieval/query/collection", &question).await;
            assert!(
                status == 200 && body["documents"].to_string().contains(town),
                "{town} is not found in its collection: {status} {body}"
            );
        }
    }
}

/// Fails where other bytes are stored than those of the files.
pub fn only_these_bytes(place: &Place, ledger: &Ledger) {
    assert_eq!(stored(place), ledger.files.keys().cloned().collect(), "the bytes are those of the files, and no others");
}

/// Ids and names of all files.
async fn files(admin: &Client) -> Vec<(String, String)> {
    let (status, body) = admin.get("/api/v1/files/search?filename=*&content=false&limit=1000").await;
    assert_eq!(status, 200, "{body}");
    let text = |file: &Value, field: &str| file[field].as_str().unwrap().to_owned();
    body.as_array().unwrap().iter().map(|file| (text(file, "id"), text(file, "filename"))).collect()
}

async fn members(admin: &Client, collection: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for page in 1.. {
        let (status, body) = admin.get(&format!("/api/v1/knowledge/{collection}/files?page={page}")).await;
        assert_eq!(status, 200, "{body}");
        let items = body["items"].as_array().unwrap();
        if items.is_empty() {
            break;
        }
        all.extend(items.iter().map(|file| file["id"].as_str().unwrap().to_owned()));
    }
    all
}

/// The names of the stored objects, half-written ones included.
fn stored(place: &Place) -> BTreeSet<String> {
    let paths = files_below(&place.folder().join("uploads"));
    paths.into_iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}
