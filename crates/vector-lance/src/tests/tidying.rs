//! What writing leaves behind, and who cleans it up.

use std::time::Duration;

use tempfile::TempDir;
use transom_vector::suite::{at, file, space, worded};
use transom_vector::{Query, TermQuery, VectorStore};

use super::{files_below, open, open_with, put};

#[tokio::test]
async fn optimizing_merges_pieces_and_removes_old_versions() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = open_with(folder.path(), |config| config.keep_versions = Duration::ZERO).await;
    for n in 0..12 {
        put(&store, &space(2), &format!("file-{}", n % 8), &[at(n as f32)]).await;
    }
    assert_eq!(store.writes_since_optimize().await, 12 + 4, "four files were replaced");
    store.optimize().await.expect("the store is tidied");
    store.optimize().await.expect("the store is tidied");
    assert_eq!(store.writes_since_optimize().await, 0);
    assert_eq!(files_below(folder.path(), ".manifest").len(), 1);
    let data = folder.path().join(format!("{}.lance/data", crate::rows::table_name(&space(2))));
    assert_eq!(files_below(&data, ".lance").len(), 1, "one data file");
    drop(store);
    assert_eq!(open(folder.path()).await.files(&space(2)).await.expect("files are counted").len(), 8);
}

#[tokio::test]
async fn versions_that_were_just_replaced_stay_for_searches_that_run() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = open_with(folder.path(), |config| config.keep_versions = Duration::from_secs(3600)).await;
    for n in 0..3 {
        put(&store, &space(2), "a", &[at(n as f32)]).await;
    }
    let before = files_below(folder.path(), ".lance").len();
    store.optimize().await.expect("the store is tidied");
    assert!(files_below(folder.path(), ".lance").len() >= before);
}

#[tokio::test]
async fn optimizing_with_nothing_to_do_writes_nothing() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = open_with(folder.path(), |config| config.keep_versions = Duration::ZERO).await;
    put(&store, &space(2), "a", &[at(0.0)]).await;
    store.optimize().await.expect("the store is tidied");
    store.optimize().await.expect("the store is tidied");
    let before = files_below(folder.path(), "");
    drop(store);
    let store = open_with(folder.path(), |config| config.keep_versions = Duration::ZERO).await;
    store.optimize().await.expect("the store is tidied");
    assert_eq!(files_below(folder.path(), ""), before);
}

#[tokio::test]
async fn a_long_import_tidies_as_it_goes() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = open_with(folder.path(), |config| {
        config.tidy_after = 5;
        config.keep_versions = Duration::ZERO;
    })
    .await;
    for n in 0..23 {
        put(&store, &space(2), &format!("file-{n}"), &[at(n as f32)]).await;
    }
    eventually(async || store.writes_since_optimize().await < 5 && files_below(folder.path(), ".manifest").len() < 12).await;
    assert_eq!(store.files(&space(2)).await.expect("files are counted").len(), 23);
}

/// Its vectors are spread over the whole plane, so that the index has something to tell apart.
#[tokio::test]
async fn a_large_space_gets_an_index_that_finds_old_and_new_files() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = open_with(folder.path(), |config| {
        config.exact_up_to = 0;
        config.index_from = 600;
        config.keep_versions = Duration::ZERO;
    })
    .await;
    let spread = |n: u32| (0..100).map(|chunk| (chunk * 6 + n) as f32 * 0.6).map(wide).collect::<Vec<_>>();
    for n in 0..6 {
        put(&store, &space(8), &format!("file-{n}"), &spread(n)).await;
    }
    let indexed = async || store.inner.tables.opened().await[0].has_vector_index().await.expect("indexes are listed");
    assert!(!indexed().await);
    store.optimize().await.expect("the store is tidied");
    assert!(indexed().await);
    put(&store, &space(8), "new", &[wide(0.5), wide(90.5)]).await;
    store.delete(&[file("file-2")]).await.expect("a file is deleted");
    put(&store, &space(8), "file-3", &[wide(45.0)]).await;
    for _ in 0..3 {
        for (files, nearest) in
            [(vec!["new", "file-2", "file-3"], "new#0"), (vec!["file-3", "file-2"], "file-3#0"), (vec!["file-1"], "file-1#0")]
        {
            let files = files.into_iter().map(file).collect();
            let hits = store.search(&space(8), &Query { vector: wide(0.5), files, limit: 1 }).await.expect("it searches");
            assert_eq!(hits.iter().map(|hit| hit.chunk.text.as_str()).collect::<Vec<_>>(), [nearest]);
        }
        let files = ["new", "file-1", "file-2", "file-3"].map(file).to_vec();
        let hits = store.search(&space(8), &Query { vector: wide(0.5), files, limit: 1000 }).await.expect("it searches");
        let of = |id: &str| hits.iter().filter(|hit| hit.chunk.file_id == file(id)).count();
        assert_eq!([of("new"), of("file-1"), of("file-2"), of("file-3")], [2, 100, 0, 1]);
        store.optimize().await.expect("the store is tidied");
    }
}

/// The plane in eight dimensions.
fn wide(degrees: f32) -> Vec<f32> {
    at(degrees).into_iter().chain([0.0; 6]).collect()
}

/// Nothing is fresh after tidying, so nothing is looked at one by one.
#[tokio::test]
async fn the_index_of_words_follows_in_a_few_pieces() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = open_with(folder.path(), |config| config.keep_versions = Duration::ZERO).await;
    for n in 0..24 {
        let chunks = vec![worded(&format!("file-{n}"), 0, &format!("common word{n}"))];
        store.replace(&space(2), &file(&format!("file-{n}")), chunks).await.expect("the file is replaced");
        store.optimize().await.expect("the store is tidied");
    }
    let table = &store.inner.tables.opened().await[0].table;
    let index = table.list_indices().await.expect("indexes are listed").remove(0);
    let stats = table.index_stats(&index.name).await.expect("there are numbers").expect("the index is there");
    assert_eq!((stats.num_indexed_rows, stats.num_unindexed_rows), (24, 0));
    assert!(stats.num_indices.is_some_and(|pieces| pieces <= 9), "{stats:?}");
    let files: Vec<_> = (0..24).map(|n| file(&format!("file-{n}"))).collect();
    for n in 0..24 {
        let query = TermQuery { terms: vec![format!("word{n}")], files: files.clone(), limit: 3 };
        let hits = store.search_terms(&space(2), &query).await.expect("it searches");
        assert_eq!(hits.iter().map(|hit| hit.chunk.text.clone()).collect::<Vec<_>>(), [format!("file-{n}#0")]);
    }
}

/// A search reads one version to its end, whatever becomes of the table meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_beside_upkeep_find_every_file() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = open_with(folder.path(), |config| {
        config.tidy_after = 4;
        config.exact_up_to = 0;
    })
    .await;
    let names: Vec<String> = (0..8).map(|n| format!("file-{n}")).collect();
    for name in &names {
        put(&store, &space(2), name, &[at(0.0), at(90.0)]).await;
    }
    let files: Vec<_> = names.iter().map(|name| file(name)).collect();
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (store, files) = (store.clone(), files.clone());
        readers.spawn(async move {
            for _ in 0..15 {
                let hits = store.search(&space(2), &Query { vector: at(0.0), files: files.clone(), limit: 100 }).await;
                assert_eq!(hits.expect("the search succeeds").len(), 16);
            }
        });
    }
    for n in 0..12 {
        put(&store, &space(2), &format!("other-{n}"), &[at(0.0)]).await;
        if n % 4 == 0 {
            store.optimize().await.expect("the store is tidied");
        }
    }
    readers.join_all().await;
}

async fn eventually(true_at_last: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !true_at_last().await {
        assert!(tokio::time::Instant::now() < deadline, "it did not come to that");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
