//! What writing leaves behind, and who cleans it up.

use std::time::Duration;

use tempfile::TempDir;
use transom_vector::suite::{at, chunk, file, space};
use transom_vector::{Query, VectorStore};

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
    assert_eq!(files_below(folder.path(), ".lance").len(), 1, "one data file");
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
    assert!(store.writes_since_optimize().await < 5);
    assert!(files_below(folder.path(), ".manifest").len() < 12);
    assert_eq!(store.files(&space(2)).await.expect("files are counted").len(), 23);
}

#[tokio::test]
async fn a_large_space_gets_an_index_that_finds_old_and_new_files() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = open_with(folder.path(), |config| {
        config.index_from = 100;
        config.keep_versions = Duration::ZERO;
    })
    .await;
    for n in 0..6 {
        let chunks = (0..30).map(|ordinal| chunk(&format!("file-{n}"), ordinal, &at(ordinal as f32))).collect();
        store.replace(&space(2), &file(&format!("file-{n}")), chunks).await.expect("the file is replaced");
    }
    let indices = || files_below(folder.path(), "page_lookup.lance").len();
    assert_eq!(indices(), 0);
    store.optimize().await.expect("the store is tidied");
    assert_eq!(indices(), 1);
    put(&store, &space(2), "new", &[at(0.5)]).await;
    store.delete(&[file("file-2")]).await.expect("a file is deleted");
    put(&store, &space(2), "file-3", &[at(90.0)]).await;
    for _ in 0..3 {
        let files = ["new", "file-1", "file-2", "file-3"].map(file).to_vec();
        let hits = store.search(&space(2), &Query { vector: at(0.0), files, limit: 100 }).await.expect("it searches");
        let of = |id: &str| hits.iter().filter(|hit| hit.chunk.file_id == file(id)).count();
        assert_eq!([of("new"), of("file-1"), of("file-2"), of("file-3")], [1, 30, 0, 1]);
        store.optimize().await.expect("the store is tidied");
    }
    let counts = store.files(&space(2)).await.expect("files are counted");
    assert_eq!((counts.len(), counts.values().sum::<usize>()), (6, 4 * 30 + 1 + 1));
}
