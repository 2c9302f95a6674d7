//! What searching owes.

use std::sync::Arc;

use super::{at, chunk, file, find, found, put, similarity, space};
use crate::{Query, VectorError, VectorStore};

/// However near the others are.
pub async fn a_search_sees_the_named_files_only(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "secret", &[at(0.0), at(1.0), at(2.0)]).await;
    put(&*store, &space, "mine", &[at(120.0), at(170.0)]).await;
    assert_eq!(found(&*store, &space, &at(0.0), &["mine"], 1).await, ["mine#0"]);
    assert_eq!(found(&*store, &space, &at(0.0), &["mine", "unknown"], 10).await, ["mine#0", "mine#1"]);
    assert!(found(&*store, &space, &at(0.0), &["unknown"], 10).await.is_empty());
    assert!(found(&*store, &space, &at(0.0), &["MINE", "min", "mine "], 10).await.is_empty());
}

/// No list is not every file.
pub async fn naming_no_file_finds_nothing(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "a", &[at(0.0)]).await;
    assert!(found(&*store, &space, &at(0.0), &[], 10).await.is_empty());
}

/// The list is a set.
pub async fn a_file_named_twice_is_found_once(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "a", &[at(0.0), at(1.0)]).await;
    assert_eq!(found(&*store, &space, &at(0.0), &["a", "a", "a"], 10).await, ["a#0", "a#1"]);
}

/// A large collection is searched whole.
pub async fn many_files_can_be_named(store: Arc<dyn VectorStore>) {
    let space = space(2);
    for (id, degrees) in [("file-9999", 10.0), ("file-0", 20.0), ("file-5000", 30.0), ("other", 0.0)] {
        put(&*store, &space, id, &[at(degrees)]).await;
    }
    let many: Vec<String> = (0..10_000).map(|n| format!("file-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let expected = ["file-9999#0", "file-0#0", "file-5000#0"];
    assert_eq!(found(&*store, &space, &at(0.0), &many, 10).await, expected);
    assert_eq!(found(&*store, &space, &at(0.0), &many, 2).await, expected[..2]);
}

/// Over several files.
pub async fn the_nearest_come_first(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "a", &[at(80.0), at(20.0), at(180.0)]).await;
    put(&*store, &space, "b", &[at(-30.0), at(10.0)]).await;
    assert_eq!(found(&*store, &space, &at(0.0), &["a", "b"], 10).await, ["b#1", "a#1", "b#0", "a#0", "a#2"]);
}

/// From 1 over 0 to -1.
pub async fn similarity_is_the_cosine(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "a", &[at(0.0), at(60.0), at(90.0), at(180.0)]).await;
    let hits = find(&*store, &space, &at(0.0), &["a"], 10).await;
    for (hit, expected) in hits.iter().zip([1.0, 0.5, 0.0, -1.0]) {
        assert!((similarity(hit) - expected).abs() < 1e-5, "{hit:?} is not at {expected}");
    }
    assert_eq!(hits.len(), 4);
}

/// Those, and as many.
pub async fn the_limit_keeps_the_nearest(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let spread: Vec<Vec<f32>> = (0..40).map(|n| at(((n * 7) % 40) as f32 * 4.0)).collect();
    put(&*store, &space, "a", &spread).await;
    let all = found(&*store, &space, &at(0.0), &["a"], 100).await;
    assert_eq!(all.len(), 40);
    for limit in [1, 3, 11, 39, 40] {
        assert_eq!(found(&*store, &space, &at(0.0), &["a"], limit).await, all[..limit]);
    }
}

/// And does not fail.
pub async fn a_limit_of_nothing_finds_nothing(store: Arc<dyn VectorStore>) {
    put(&*store, &space(2), "a", &[at(0.0)]).await;
    assert!(found(&*store, &space(2), &at(0.0), &["a"], 0).await.is_empty());
}

/// And takes no more memory than there are chunks.
pub async fn a_limit_without_bounds_finds_everything(store: Arc<dyn VectorStore>) {
    put(&*store, &space(2), "a", &[at(0.0), at(1.0)]).await;
    assert_eq!(found(&*store, &space(2), &at(0.0), &["a"], usize::MAX).await.len(), 2);
}

/// The same question gives the same answer, in whatever order files were written; also where the limit cuts.
pub async fn equally_near_chunks_come_by_file_and_ordinal(store: Arc<dyn VectorStore>) {
    let space = space(2);
    for id in ["d", "b", "a", "c"] {
        let chunks = (0..30).rev().map(|ordinal| chunk(id, ordinal, &at(45.0))).collect();
        store.replace(&space, &file(id), chunks).await.expect("the file is replaced");
    }
    put(&*store, &space, "near", &[at(1.0)]).await;
    let files = ["near", "d", "c", "b", "a"];
    let mut expected = vec!["near#0".to_owned()];
    expected.extend(["a", "b", "c", "d"].iter().flat_map(|id| (0..30).map(move |ordinal| format!("{id}#{ordinal}"))));
    for limit in [1, 2, 5, 40, 1000] {
        let kept = limit.min(expected.len());
        assert_eq!(found(&*store, &space, &at(0.0), &files, limit).await, expected[..kept], "with a limit of {limit}");
    }
}

/// Also where there is nothing to compare it with.
pub async fn a_question_of_another_dimension_is_refused(store: Arc<dyn VectorStore>) {
    let query = Query { vector: vec![1.0], files: vec![file("a")], limit: 3 };
    for _ in 0..2 {
        let refused = store.search(&space(2), &query).await;
        assert!(matches!(refused, Err(VectorError::Dimension { expected: 2, got: 1 })), "{refused:?}");
        put(&*store, &space(2), "a", &[at(0.0)]).await;
    }
}
