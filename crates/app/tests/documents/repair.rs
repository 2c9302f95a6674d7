use object_store::ObjectStoreExt;
use transom_app::jobs::Objects;
use transom_domain::{Chunk, FileId};
use transom_vector::{EmbeddedChunk, VectorStore};

use crate::house::House;

fn stray(file: &FileId) -> EmbeddedChunk {
    let mut vector = vec![0.0; 256];
    vector[0] = 1.0;
    let chunk = Chunk { file_id: file.clone(), ordinal: 0, text: "stray".into(), start_index: 0, page: None, headings: Vec::new() };
    EmbeddedChunk { chunk, vector, terms: String::new() }
}

#[tokio::test]
async fn what_differs_is_reported_and_then_repaired() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let kept = house.upload(&alice, "kept.txt", "kept words").await.id;
    let lost = house.upload(&alice, "lost.txt", "lost words").await.id;
    assert!(house.repair().run(false).await.unwrap().is_clean());
    house.vectors.delete(std::slice::from_ref(&lost)).await.unwrap();
    let ghost = FileId::from("ghost");
    house.vectors.replace(&house.space().await, &ghost, vec![stray(&ghost)]).await.unwrap();
    house.objects.put(&"orphan".into(), "bytes".into()).await.unwrap();

    let report = house.repair().run(false).await.unwrap();
    assert_eq!((report.files, report.repaired), (2, false));
    assert_eq!(report.orphan_bytes, ["orphan"]);
    assert_eq!(report.orphan_vectors, [ghost]);
    assert_eq!(report.missing_vectors, std::slice::from_ref(&lost));
    assert!(!house.repair().run(true).await.unwrap().is_clean(), "a repair says what it found");
    house.idle().await;
    assert!(house.repair().run(false).await.unwrap().is_clean());
    assert_eq!(house.indexed().await.into_keys().collect::<std::collections::BTreeSet<_>>(), [kept, lost].into());
}

#[tokio::test]
async fn at_start_bytes_that_no_file_ever_had_are_removed_and_uploads_that_came_since_are_left_alone() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let kept = house.upload(&alice, "kept.txt", "kept words").await.id;
    house.objects.put(&"orphan".into(), "bytes".into()).await.unwrap();
    let before = house.repair().objects().await.unwrap();
    house.objects.put(&"upload-under-way".into(), "bytes".into()).await.unwrap();
    let later = house.upload(&alice, "later.txt", "later words").await.id;
    house.repair().at_start(&before).await.unwrap();
    let expected = [kept.to_string(), later.to_string(), "upload-under-way".to_owned()];
    assert_eq!(house.stored().await.into_iter().collect::<std::collections::BTreeSet<_>>(), expected.into());
}

#[tokio::test]
async fn a_lost_vector_space_is_made_again_at_start() {
    let (house, _workers) = House::at_work().await;
    let alice = house.user("alice").await;
    let id = house.upload(&alice, "a.txt", "words").await.id;
    let replaced = house.upload(&alice, "b.txt", "first text").await.id;
    house.files.replace_text(&alice, &replaced, "second text".into()).await.unwrap();
    house.vectors.drop_space(&house.space().await).await.unwrap();
    house.repair().at_start(&Objects::default()).await.unwrap();
    house.idle().await;
    assert_eq!(house.indexed().await.len(), 2);
    assert!(house.files.get(&alice, &id).await.unwrap().status.is_final());
    assert_eq!(
        house.files.text(&alice, &replaced).await.unwrap().unwrap(),
        "second text",
        "replaced text is not read from the bytes again"
    );
}
