//! What writing owes.

use std::sync::Arc;

use tokio::task::JoinSet;
use transom_domain::Chunk;

use super::{at, chunk, counted, counts, file, find, found, put, similarity, space};
use crate::{EmbeddedChunk, VectorError, VectorStore};

/// What a call wrote is found by the next one.
pub async fn a_replaced_file_is_found(store: Arc<dyn VectorStore>) {
    let space = space(2);
    store.ensure(&space).await.expect("the space is made");
    put(&*store, &space, "a", &[at(0.0), at(90.0)]).await;
    assert_eq!(found(&*store, &space, &at(10.0), &["a"], 10).await, ["a#0", "a#1"]);
    assert_eq!(counts(&*store, &space).await, counted([("a", 2)]));
}

/// Nothing of the file's former chunks stays.
pub async fn replacing_again_leaves_only_the_new_chunks(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "a", &[at(0.0), at(10.0), at(20.0)]).await;
    put(&*store, &space, "a", &[at(90.0)]).await;
    assert_eq!(counts(&*store, &space).await, counted([("a", 1)]));
    let hits = find(&*store, &space, &at(90.0), &["a"], 10).await;
    assert_eq!(hits.len(), 1);
    assert!((similarity(&hits[0]) - 1.0).abs() < 1e-5, "the new vector is compared: {hits:?}");
}

/// Doing a file's work again changes nothing.
pub async fn the_same_content_twice_is_there_once(store: Arc<dyn VectorStore>) {
    let space = space(2);
    for _ in 0..2 {
        put(&*store, &space, "a", &[at(0.0), at(90.0)]).await;
    }
    assert_eq!(counts(&*store, &space).await, counted([("a", 2)]));
    assert_eq!(found(&*store, &space, &at(0.0), &["a"], 10).await, ["a#0", "a#1"]);
}

/// A file whose text became empty has no chunks.
pub async fn replacing_with_nothing_removes_the_file(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "a", &[at(0.0)]).await;
    put(&*store, &space, "a", &[]).await;
    assert_eq!(counts(&*store, &space).await, counted([]));
    assert!(found(&*store, &space, &at(0.0), &["a"], 10).await.is_empty());
    put(&*store, &space, "never-there", &[]).await;
}

/// Files are replaced one by one.
pub async fn replacing_one_file_leaves_the_others(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "a", &[at(0.0)]).await;
    put(&*store, &space, "b", &[at(0.0), at(5.0)]).await;
    put(&*store, &space, "a", &[at(1.0), at(2.0), at(3.0)]).await;
    assert_eq!(counts(&*store, &space).await, counted([("a", 3), ("b", 2)]));
}

/// A job may write before anyone ensured the space, or after it was dropped.
pub async fn a_replace_makes_a_missing_space(store: Arc<dyn VectorStore>) {
    put(&*store, &space(2), "a", &[at(0.0)]).await;
    assert_eq!(store.spaces().await.expect("spaces are listed"), [space(2)]);
    assert_eq!(counts(&*store, &space(2)).await, counted([("a", 1)]));
}

/// The others stay.
pub async fn deleting_removes_only_the_named_files(store: Arc<dyn VectorStore>) {
    let space = space(2);
    for id in ["a", "b", "c"] {
        put(&*store, &space, id, &[at(0.0)]).await;
    }
    store.delete(&[file("a"), file("c")]).await.expect("files are deleted");
    assert_eq!(counts(&*store, &space).await, counted([("b", 1)]));
    assert_eq!(found(&*store, &space, &at(0.0), &["a", "b", "c"], 10).await, ["b#0"]);
    store.delete(&[]).await.expect("nothing is deleted");
    assert_eq!(counts(&*store, &space).await, counted([("b", 1)]));
}

/// Deleting can always be done again.
pub async fn deleting_what_is_missing_succeeds(store: Arc<dyn VectorStore>) {
    store.delete(&[file("a")]).await.expect("there is no space at all");
    store.ensure(&space(2)).await.expect("the space is made");
    store.delete(&[file("a")]).await.expect("the space is empty");
    put(&*store, &space(2), "b", &[at(0.0)]).await;
    store.delete(&[file("a")]).await.expect("the space has another file");
    assert_eq!(counts(&*store, &space(2)).await, counted([("b", 1)]));
}

/// A deleted file is nowhere.
pub async fn deleting_reaches_every_space(store: Arc<dyn VectorStore>) {
    let (flat, deep) = (space(2), space(3));
    for id in ["a", "b"] {
        put(&*store, &flat, id, &[at(0.0)]).await;
        put(&*store, &deep, id, &[vec![1.0, 0.0, 0.0]]).await;
    }
    store.delete(&[file("a")]).await.expect("the file is deleted");
    assert_eq!(counts(&*store, &flat).await, counted([("b", 1)]));
    assert_eq!(counts(&*store, &deep).await, counted([("b", 1)]));
}

/// A whole knowledge collection goes in one call.
pub async fn deleting_many_files_at_once_works(store: Arc<dyn VectorStore>) {
    let space = space(2);
    for id in ["file-7", "file-9999", "kept"] {
        put(&*store, &space, id, &[at(0.0)]).await;
    }
    let many: Vec<_> = (0..10_000).map(|n| file(&format!("file-{n}"))).collect();
    store.delete(&many).await.expect("many files are deleted");
    assert_eq!(counts(&*store, &space).await, counted([("kept", 1)]));
}

/// Two jobs on one file do not add up.
pub async fn concurrent_replaces_of_a_file_leave_one(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let mut jobs = JoinSet::new();
    for _ in 0..8 {
        let (store, space) = (store.clone(), space.clone());
        jobs.spawn(async move { put(&*store, &space, "a", &[at(0.0), at(45.0), at(90.0)]).await });
    }
    jobs.join_all().await;
    assert_eq!(counts(&*store, &space).await, counted([("a", 3)]));
    assert_eq!(found(&*store, &space, &at(0.0), &["a"], 10).await, ["a#0", "a#1", "a#2"]);
}

/// Jobs on different files do not undo each other.
pub async fn concurrent_replaces_of_many_files_leave_all(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let mut jobs = JoinSet::new();
    for n in 0..12 {
        let (store, space) = (store.clone(), space.clone());
        jobs.spawn(async move { put(&*store, &space, &format!("file-{n}"), &[at(0.0), at(1.0)]).await });
    }
    jobs.join_all().await;
    let counts = counts(&*store, &space).await;
    assert_eq!(counts.len(), 12);
    assert!(counts.values().all(|chunks| *chunks == 2), "{counts:?}");
}

/// A citation needs page, headings and offset.
pub async fn every_field_of_a_chunk_comes_back(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let full = Chunk {
        file_id: file("a"),
        ordinal: 3,
        text: "Grüße aus 東京 🚆\n\t\"zitiert\" \\ 'o''brien' {{QUERY}} \u{0}".to_owned(),
        start_index: 5_000_000_000,
        page: Some(12),
        headings: vec!["1, \"Überblick\"".to_owned(), String::new(), "[b]".to_owned()],
    };
    let bare = Chunk { ordinal: 4, text: String::new(), start_index: 0, page: None, headings: Vec::new(), ..full.clone() };
    let chunks =
        [&full, &bare].map(|chunk| EmbeddedChunk { chunk: chunk.clone(), vector: at(chunk.ordinal as f32), terms: "word".to_owned() });
    store.replace(&space, &file("a"), chunks.to_vec()).await.expect("the file is replaced");
    let hits = find(&*store, &space, &at(3.0), &["a"], 10).await;
    assert_eq!(hits.into_iter().map(|hit| hit.chunk).collect::<Vec<_>>(), [full, bare]);
}

/// An id that looks like a query is an id.
pub async fn ids_are_data_and_never_syntax(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let odd = ["o'brien\"; --", "' OR 1=1 --", "`file_id`", "日本語 📄", "%", "a\\", "", "NULL", "X'00'", "a\nb"];
    for id in odd {
        put(&*store, &space, id, &[at(0.0)]).await;
    }
    assert_eq!(counts(&*store, &space).await.len(), odd.len());
    for id in odd {
        assert_eq!(found(&*store, &space, &at(0.0), &[id], 100).await, [format!("{id}#0")]);
    }
    for (gone, id) in (1..).zip(odd) {
        put(&*store, &space, id, &[at(0.0), at(1.0)]).await;
        store.delete(&[file(id)]).await.expect("the file is deleted");
        let counts = counts(&*store, &space).await;
        assert_eq!(counts.len(), odd.len() - gone, "deleting {id:?} took {counts:?}");
    }
}

/// The error tells both numbers.
pub async fn a_vector_of_another_dimension_is_refused(store: Arc<dyn VectorStore>) {
    let refused = store.replace(&space(2), &file("a"), vec![chunk("a", 0, &[1.0, 0.0, 0.0])]).await;
    assert!(matches!(refused, Err(VectorError::Dimension { expected: 2, got: 3 })), "{refused:?}");
}

/// All of a file's chunks are looked at before the first is written.
pub async fn a_refused_replace_changes_nothing(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "a", &[at(0.0)]).await;
    let chunks = vec![chunk("a", 0, &at(90.0)), chunk("a", 1, &[1.0])];
    store.replace(&space, &file("a"), chunks).await.expect_err("the second vector does not fit");
    assert_eq!(counts(&*store, &space).await, counted([("a", 1)]));
    assert!(similarity(&find(&*store, &space, &at(0.0), &["a"], 10).await[0]) > 0.99);
}
