//! What searching by words owes.

use std::sync::Arc;

use transom_domain::Chunk;

use super::{asking, at, counted, counts, file, find_words, found, found_words, put, put_words, space, worded};
use crate::{EmbeddedChunk, Score, VectorStore};

/// However well the others answer.
pub async fn a_search_by_words_sees_the_named_files_only(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put_words(&*store, &space, "secret", &["pump pump pump", "pump"]).await;
    put_words(&*store, &space, "mine", &["some pump among other words", "nothing"]).await;
    assert_eq!(found_words(&*store, &space, &["pump"], &["mine"], 1).await, ["mine#0"]);
    assert_eq!(found_words(&*store, &space, &["pump"], &["mine", "unknown"], 10).await, ["mine#0"]);
    assert!(found_words(&*store, &space, &["pump"], &["unknown"], 10).await.is_empty());
    assert!(found_words(&*store, &space, &["pump"], &["MINE", "min", "mine "], 10).await.is_empty());
}

/// An empty list is neither every file nor every word; nor does a missing space fail.
pub async fn naming_no_file_or_no_word_finds_nothing(store: Arc<dyn VectorStore>) {
    let space = space(2);
    assert!(found_words(&*store, &space, &["pump"], &["a"], 10).await.is_empty());
    put_words(&*store, &space, "a", &["pump"]).await;
    for (terms, files, limit) in [(&["pump"][..], &[][..], 10), (&[], &["a"], 10), (&["", " "], &["a"], 10), (&["pump"], &["a"], 0)] {
        assert!(found_words(&*store, &space, terms, files, limit).await.is_empty(), "{terms:?} in {files:?}");
    }
}

/// And are in nobody's way.
pub async fn chunks_without_terms_are_found_by_no_word(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "bare", &[at(0.0), at(1.0)]).await;
    assert!(found_words(&*store, &space, &["pump"], &["bare"], 10).await.is_empty());
    put_words(&*store, &space, "worded", &["", "pump"]).await;
    assert_eq!(found_words(&*store, &space, &["pump"], &["bare", "worded"], 10).await, ["worded#1"]);
    assert_eq!(counts(&*store, &space).await, counted([("bare", 2), ("worded", 2)]));
}

/// A question is not a condition.
pub async fn any_of_the_terms_is_enough_and_more_of_them_are_better(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put_words(&*store, &space, "a", &["pump other other", "pump seal gasket", "seal pump other", "other other other"]).await;
    let found = found_words(&*store, &space, &["gasket", "seal", "pump", "unheard"], &["a"], 10).await;
    assert_eq!(found, ["a#1", "a#2", "a#0"]);
    for hit in find_words(&*store, &space, &["pump"], &["a"], 10).await {
        assert!(matches!(hit.score, Score::Bm25(score) if score > 0.0), "{hit:?}");
    }
}

/// An embedder that sees nothing in a text must not hide it.
pub async fn a_vector_without_direction_is_like_no_other_and_found_by_words_alone(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let nothing = EmbeddedChunk { vector: vec![0.0, 0.0], ..worded("a", 1, "seal") };
    store.replace(&space, &file("a"), vec![worded("a", 0, "pump"), nothing]).await.expect("the file is replaced");
    assert_eq!(found(&*store, &space, &at(0.0), &["a"], 10).await, ["a#0"]);
    assert!(found(&*store, &space, &[0.0, 0.0], &["a"], 10).await.is_empty());
    assert_eq!(found_words(&*store, &space, &["seal"], &["a"], 10).await, ["a#1"]);
}

/// Over the whole space.
pub async fn rare_terms_count_for_more_than_common_ones(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put_words(&*store, &space, "a", &["common one", "common two", "rare three", "common four"]).await;
    put_words(&*store, &space, "b", &["common five", "common six"]).await;
    assert_eq!(found_words(&*store, &space, &["common", "rare"], &["a"], 2).await, ["a#2", "a#0"]);
}

/// What BM25 adds to counting.
pub async fn a_term_that_comes_more_often_counts_for_more_and_a_long_chunk_for_less(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let long = format!("pump {}", "filler ".repeat(60));
    put_words(&*store, &space, "a", &[&long, "pump seal valve", "pump pump valve", "nothing of it"]).await;
    assert_eq!(found_words(&*store, &space, &["pump"], &["a"], 10).await, ["a#2", "a#1", "a#0"]);
}

/// The store folds, stems and leaves out nothing: that is done already.
pub async fn only_whole_terms_are_found(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let long = "x".repeat(200);
    put_words(&*store, &space, "a", &["the Pump", "pumps running", "größe", &long, "é", "東京", "a.b-c/d's"]).await;
    let cases: [(&str, &[&str]); 13] = [
        ("pump", &[]),
        ("Pump", &["a#0"]),
        ("the", &["a#0"]),
        ("pumps", &["a#1"]),
        ("run", &[]),
        ("große", &[]),
        ("größe", &["a#2"]),
        (&long, &["a#3"]),
        ("e", &[]),
        ("é", &["a#4"]),
        ("東京", &["a#5"]),
        ("a.b-c/d's", &["a#6"]),
        ("b", &[]),
    ];
    for (term, expected) in cases {
        assert_eq!(found_words(&*store, &space, &[term], &["a"], 10).await, expected, "{term}");
    }
}

/// A term that looks like a query is a term.
pub async fn terms_are_data_and_never_syntax(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let odd =
        ["o'brien\"--", "'OR", "1=1", "+must", "-not", "\"quoted\"", "NOT", "OR", "(a", "b)", "*", "a*", "field:x", "a\\", "{}", "~2"];
    put_words(&*store, &space, "a", &odd).await;
    put_words(&*store, &space, "b", &["plain words"]).await;
    for (n, term) in odd.iter().enumerate() {
        assert_eq!(found_words(&*store, &space, &[term], &["a", "b"], 100).await, [format!("a#{n}")], "{term}");
    }
}

/// The question's terms are a set.
pub async fn a_term_named_twice_counts_once(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put_words(&*store, &space, "a", &["pump other", "seal other", "other other"]).await;
    let once = find_words(&*store, &space, &["pump", "seal"], &["a"], 10).await;
    let twice = find_words(&*store, &space, &["seal", "pump", "seal", "seal"], &["a"], 10).await;
    assert_eq!(once.len(), 2);
    assert_eq!(once, twice);
}

/// Those, and as many; and without bounds all.
pub async fn the_limit_keeps_the_best(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let chunks: Vec<String> = (0..40).map(|n| format!("pump {}", "filler ".repeat((n * 7) % 40))).collect();
    put_words(&*store, &space, "a", &chunks.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let all = found_words(&*store, &space, &["pump"], &["a"], usize::MAX).await;
    assert_eq!(all.len(), 40);
    assert_eq!(all[0], "a#0");
    for limit in [1, 3, 11, 39, 40] {
        assert_eq!(found_words(&*store, &space, &["pump"], &["a"], limit).await, all[..limit]);
    }
}

/// Also where the limit cuts through them.
pub async fn equally_good_chunks_come_by_file_and_ordinal(store: Arc<dyn VectorStore>) {
    let space = space(2);
    for id in ["d", "b", "a", "c"] {
        let chunks = (0..30).rev().map(|ordinal| worded(id, ordinal, "pump other")).collect();
        store.replace(&space, &file(id), chunks).await.expect("the file is replaced");
    }
    put_words(&*store, &space, "best", &["pump pump"]).await;
    // How rare a term is may be taken from before the last writes, and not from the same time for all chunks.
    store.optimize().await.expect("the store is tidied");
    let files = ["best", "d", "c", "b", "a"];
    let mut expected = vec!["best#0".to_owned()];
    expected.extend(["a", "b", "c", "d"].iter().flat_map(|id| (0..30).map(move |ordinal| format!("{id}#{ordinal}"))));
    for limit in [1, 2, 5, 40, 1000] {
        let kept = limit.min(expected.len());
        assert_eq!(found_words(&*store, &space, &["pump"], &files, limit).await, expected[..kept], "with a limit of {limit}");
    }
}

/// A large collection is searched whole.
pub async fn many_files_can_be_named_beside_words(store: Arc<dyn VectorStore>) {
    let space = space(2);
    for (id, words) in [("file-9999", "pump"), ("file-0", "pump two"), ("file-5000", "pump two three"), ("other", "pump")] {
        put_words(&*store, &space, id, &[words]).await;
    }
    let many: Vec<String> = (0..10_000).map(|n| format!("file-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let expected = ["file-9999#0", "file-0#0", "file-5000#0"];
    assert_eq!(found_words(&*store, &space, &["pump"], &many, 10).await, expected);
    assert_eq!(found_words(&*store, &space, &["pump"], &many, 2).await, expected[..2]);
}

/// At once, and after tidying as before it.
pub async fn words_that_were_replaced_or_deleted_are_found_no_more(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put_words(&*store, &space, "a", &["old pump", "old seal"]).await;
    put_words(&*store, &space, "b", &["old valve"]).await;
    for _ in 0..2 {
        store.optimize().await.expect("the store is tidied");
        put_words(&*store, &space, "a", &["new pump"]).await;
        store.delete(&[file("b")]).await.expect("the file is deleted");
        for _ in 0..2 {
            assert!(found_words(&*store, &space, &["old", "valve"], &["a", "b"], 10).await.is_empty());
            assert_eq!(found_words(&*store, &space, &["new"], &["a", "b"], 10).await, ["a#0"]);
            store.optimize().await.expect("the store is tidied");
        }
        put_words(&*store, &space, "b", &["old valve"]).await;
        assert_eq!(found_words(&*store, &space, &["old"], &["a", "b"], 10).await, ["b#0"]);
    }
}

/// A citation needs page, headings and offset, however the chunk was found.
pub async fn a_chunk_found_by_words_comes_back_whole(store: Arc<dyn VectorStore>) {
    let space = space(2);
    let full = Chunk {
        file_id: file("a"),
        ordinal: 7,
        text: "Die Pumpe läuft.\n".to_owned(),
        start_index: 5_000_000_000,
        page: Some(12),
        headings: vec!["1, \"Überblick\"".to_owned(), String::new()],
    };
    let stored = EmbeddedChunk { chunk: full.clone(), vector: at(0.0), terms: "pump lauf".to_owned() };
    store.replace(&space, &file("a"), vec![stored]).await.expect("the file is replaced");
    let hits = store.search_terms(&space, &asking(&["lauf"], &["a"], 3)).await.expect("the search succeeds");
    assert_eq!(hits.into_iter().map(|hit| hit.chunk).collect::<Vec<_>>(), [full]);
}
