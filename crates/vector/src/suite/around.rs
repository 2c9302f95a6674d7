//! What reading around a chunk owes.

use std::sync::Arc;

use super::{at, chunk, file, put, space};
use crate::VectorStore;

/// Whatever order they were written in; and no other file's.
pub async fn the_chunks_around_one_come_in_their_order(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let chunks = [3, 0, 5, 1, 2].map(|ordinal| chunk("a", ordinal, &at(ordinal as f32)));
    store.replace(&space, &file("a"), chunks.to_vec()).await.expect("the file is replaced");
    put(&*store, &space, "b", &vec![at(0.0); 6]).await;
    for (ordinals, expected) in [(1..4, vec![1, 2, 3]), (0..1, vec![0]), (2..9, vec![2, 3, 5]), (4..5, vec![]), (3..3, vec![])] {
        let around = store.chunks(&space, &file("a"), ordinals).await.expect("the chunks are read");
        let expected: Vec<_> = expected.into_iter().map(|ordinal| chunk("a", ordinal, &[]).chunk).collect();
        assert_eq!(around, expected);
    }
}

/// As every reading of what is missing.
pub async fn chunks_around_what_is_missing_are_none(store: Arc<dyn VectorStore>) {
    assert_eq!(store.chunks(&space(2), &file("a"), 0..9).await.expect("there is no space"), []);
    put(&*store, &space(2), "b", &[at(0.0)]).await;
    assert_eq!(store.chunks(&space(2), &file("a"), 0..9).await.expect("there is no such file"), []);
}
