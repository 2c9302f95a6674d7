//! Folders that something happened to.

use std::fs::{self, File};
use std::path::Path;

use futures_util::future::join_all;
use tempfile::TempDir;
use transom_vector::suite::{at, file, space};
use transom_vector::{Hit, Query, VectorError, VectorStore};

use super::{files_below, open, put};
use crate::LanceStore;

async fn search(store: &LanceStore) -> Result<Vec<Hit>, VectorError> {
    store.search(&space(2), &Query { vector: at(0.0), files: vec![file("a")], limit: 3 }).await
}

async fn filled(folder: &Path) -> LanceStore {
    let store = open(folder).await;
    put(&store, &space(2), "a", &[at(0.0)]).await;
    put(&store, &space(3), "a", &[vec![1.0, 0.0, 0.0]]).await;
    store
}

/// The folder of the plane's table.
fn table(folder: &Path) -> std::path::PathBuf {
    folder.join(format!("{}.lance", crate::rows::table_name(&space(2))))
}

fn truncate(path: &Path, to: u64) {
    File::options().write(true).open(path).and_then(|file| file.set_len(to)).expect("the file is cut");
}

/// The way that the server takes: drop, make again, index again.
async fn assert_can_be_made_again(store: &LanceStore) {
    store.drop_space(&space(2)).await.expect("a damaged space can be dropped");
    store.ensure(&space(2)).await.expect("the space is made again");
    assert!(search(store).await.expect("the new space can be searched").is_empty());
    put(store, &space(2), "a", &[at(0.0)]).await;
    assert_eq!(search(store).await.expect("the new space can be searched").len(), 1);
    assert_eq!(store.files(&space(3)).await.expect("the other space is whole").len(), 1);
}

fn assert_damaged<T: std::fmt::Debug>(outcome: Result<T, VectorError>) {
    assert!(matches!(outcome, Err(VectorError::Damaged(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_cut_manifest_is_damage() {
    for length in [0, 3, 40] {
        let folder = TempDir::new().expect("there is a temporary folder");
        drop(filled(folder.path()).await);
        // Later versions have names that sort first.
        let manifests = files_below(&table(folder.path()), ".manifest");
        assert!(manifests.len() > 1, "{manifests:?}");
        truncate(&manifests[0], length);

        let store = open(folder.path()).await;
        assert_damaged(store.ensure(&space(2)).await);
        assert_damaged(search(&store).await);
        assert_damaged(store.files(&space(2)).await);
        assert_damaged(store.delete(&[file("a")]).await);
        assert_eq!(store.spaces().await.expect("the others are listed"), [space(3)]);
        assert!(store.files(&space(3)).await.expect("the other space is whole").is_empty(), "the delete reached it");
        put(&store, &space(3), "a", &[vec![1.0, 0.0, 0.0]]).await;
        assert_can_be_made_again(&store).await;
    }
}

#[tokio::test]
async fn a_missing_data_file_is_damage() {
    let folder = TempDir::new().expect("there is a temporary folder");
    drop(filled(folder.path()).await);
    for data in files_below(&table(folder.path()).join("data"), ".lance") {
        fs::remove_file(data).expect("the file is removed");
    }
    let store = open(folder.path()).await;
    assert_damaged(search(&store).await);
    assert_damaged(store.files(&space(2)).await);
    assert_can_be_made_again(&store).await;
}

/// The first to notice lets go of the table; the others must not take that for a space that is gone, and thus empty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_that_meet_damage_together_all_say_so() {
    let folder = TempDir::new().expect("there is a temporary folder");
    drop(filled(folder.path()).await);
    for data in files_below(&table(folder.path()).join("data"), ".lance") {
        fs::remove_file(data).expect("the file is removed");
    }
    let store = open(folder.path()).await;
    store.ensure(&space(2)).await.expect("the manifest is whole");
    for outcome in join_all((0..16).map(|_| search(&store))).await {
        assert_damaged(outcome);
    }
}

#[tokio::test]
async fn a_cut_data_file_is_damage() {
    for length in [0, 3, 100] {
        let folder = TempDir::new().expect("there is a temporary folder");
        drop(filled(folder.path()).await);
        for data in files_below(&table(folder.path()).join("data"), ".lance") {
            truncate(&data, length);
        }
        let store = open(folder.path()).await;
        assert_damaged(search(&store).await);
        assert_can_be_made_again(&store).await;
    }
}

/// LanceDB says so in many ways, some of them panics.
#[tokio::test]
async fn files_full_of_something_else_are_damage() {
    for filling in [0_u8, 0x5A, 0xFF] {
        for ending in [".manifest", ".lance"] {
            let folder = TempDir::new().expect("there is a temporary folder");
            drop(filled(folder.path()).await);
            for path in files_below(&table(folder.path()), ending) {
                let length = fs::metadata(&path).expect("the file is there").len() as usize;
                fs::write(&path, vec![filling; length]).expect("the file is overwritten");
            }
            let store = open(folder.path()).await;
            assert_damaged(search(&store).await);
            assert_damaged(store.files(&space(2)).await);
            assert_can_be_made_again(&store).await;
        }
    }
}

#[tokio::test]
async fn a_folder_that_vanishes_under_the_store_is_noticed_and_made_again() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = filled(folder.path()).await;
    fs::remove_dir_all(table(folder.path())).expect("the table is removed");
    // Whether the first search still finds what is in memory is no matter; it must not find what is wrong.
    if let Err(error) = search(&store).await {
        assert!(matches!(error, VectorError::Damaged(_)), "{error:?}");
    }
    assert_can_be_made_again(&store).await;
}
