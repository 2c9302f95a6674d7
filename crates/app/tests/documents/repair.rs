use std::collections::BTreeSet;

use object_store::ObjectStoreExt;
use transom_app::jobs::Orphans;
use transom_domain::{Chunk, FileId};
use transom_vector::{EmbeddedChunk, VectorStore};

use crate::house::House;

fn stray(file: &FileId) -> EmbeddedChunk {
    let mut vector = vec![0.0; 256];
    vector[0] = 1.0;
    let chunk = Chunk { file_id: file.clone(), ordinal: 0, text: "stray".into(), start_index: 0, page: None, headings: Vec::new() };
    EmbeddedChunk { chunk, vector, terms: String::new() }
}

async fn put(house: &House, name: &str) -> String {
    house.objects.put(&name.into(), "bytes".into()).await.unwrap();
    name.to_owned()
}

async fn stored(house: &House) -> BTreeSet<String> {
    house.stored().await.into_iter().collect()
}

#[tokio::test]
async fn what_differs_is_reported_and_then_repaired() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let kept = house.upload(&alice, "kept.txt", "kept words").await.id;
    let lost = house.upload(&alice, "lost.txt", "lost words").await.id;
    assert!(house.repair().look().await.unwrap().is_clean());
    house.vectors.delete(std::slice::from_ref(&lost)).await.unwrap();
    let ghost = FileId::from("ghost");
    house.vectors.replace(&house.space().await, &ghost, vec![stray(&ghost)]).await.unwrap();
    let orphan = put(&house, FileId::random().as_str()).await;

    let report = house.repair().look().await.unwrap();
    assert_eq!((report.files, report.removable(), report.bytes_of_others), (2, 1, false));
    assert_eq!(report.orphan_bytes, [orphan]);
    assert_eq!(report.orphan_vectors, [ghost]);
    assert_eq!(report.missing_vectors, std::slice::from_ref(&lost));
    house.repair().fix(&report, Orphans::RemoveOurs).await.unwrap();
    house.idle().await;
    assert!(house.repair().look().await.unwrap().is_clean());
    assert_eq!(house.indexed().await.into_keys().collect::<BTreeSet<_>>(), [kept, lost].into());
}

#[tokio::test]
async fn a_start_counts_bytes_that_no_file_ever_had_and_leaves_them() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let kept = house.upload(&alice, "kept.txt", "kept words").await.id;
    let orphan = put(&house, FileId::random().as_str()).await;
    let report = house.repair().count_orphans().await.unwrap();
    assert_eq!((report.removable(), report.foreign_bytes), (1, 0));
    house.repair().mend_vectors().await.unwrap();
    assert_eq!(stored(&house).await, [kept.to_string(), orphan].into());
}

#[tokio::test]
async fn bytes_whose_names_uploads_never_give_are_counted_and_never_removed() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let kept = house.upload(&alice, "kept.txt", "kept words").await.id;
    // As Open WebUI names its uploads.
    let theirs = put(&house, &format!("{}_report.pdf", FileId::random())).await;
    let report = house.repair().look().await.unwrap();
    assert_eq!((report.removable(), report.foreign_bytes, report.is_clean()), (0, 1, true));
    for orphans in [Orphans::RemoveOurs, Orphans::RemoveAll] {
        house.repair().fix(&report, orphans).await.unwrap();
    }
    assert_eq!(stored(&house).await, [kept.to_string(), theirs].into());
}

#[tokio::test]
async fn a_database_without_files_removes_neither_bytes_nor_vectors_that_are_there_unless_it_is_told_to() {
    let (house, _workers) = House::at_work().await;
    let (orphan, ghost) = (put(&house, FileId::random().as_str()).await, FileId::from("ghost"));
    house.vectors.replace(&house.space().await, &ghost, vec![stray(&ghost)]).await.unwrap();
    house.repair().mend_vectors().await.unwrap();
    let report = house.repair().look().await.unwrap();
    assert!(report.bytes_of_others && !report.vectors_known && !report.is_clean());
    house.repair().fix(&report, Orphans::RemoveOurs).await.unwrap();
    assert_eq!(stored(&house).await, [orphan].into());
    assert!(house.indexed().await.contains_key(&ghost));
    house.repair().fix(&report, Orphans::RemoveAll).await.unwrap();
    assert!(stored(&house).await.is_empty() && house.indexed().await.is_empty());
}

#[tokio::test]
async fn bytes_that_a_job_is_still_to_erase_are_no_finding() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let id = house.upload_with(&alice, "gone.txt", "words", false, false).await.unwrap().id;
    house.files.delete(&alice, &id).await.unwrap();
    assert_eq!(house.stored().await.len(), 1, "nobody has erased it yet");
    assert!(house.repair().look().await.unwrap().is_clean());
}

#[tokio::test]
async fn a_lost_vector_space_is_made_again_at_start() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let id = house.upload(&alice, "a.txt", "words").await.id;
    let replaced = house.upload(&alice, "b.txt", "first text").await.id;
    house.files.replace_text(&alice, &replaced, "second text".into()).await.unwrap();
    house.vectors.drop_space(&house.space().await).await.unwrap();
    house.repair().mend_vectors().await.unwrap();
    house.idle().await;
    assert_eq!(house.indexed().await.len(), 2);
    assert!(house.files.get(&alice, &id).await.unwrap().status.is_final());
    assert_eq!(
        house.files.text(&alice, &replaced).await.unwrap().unwrap(),
        "second text",
        "replaced text is not read from the bytes again"
    );
}
