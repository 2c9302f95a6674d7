//! Folders that something happened to.

use std::fs::{self, File};
use std::path::Path;

use futures_util::future::join_all;
use tempfile::TempDir;
use transom_domain::Fingerprint;
use transom_vector::suite::{at, chunk, file, space};
use transom_vector::{Hit, Query, Space, VectorError, VectorStore};

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

/// Damage stays damage until the space is dropped: nothing left is not an empty space.
#[tokio::test]
async fn a_folder_that_vanishes_under_the_store_is_noticed_and_made_again() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = filled(folder.path()).await;
    fs::remove_dir_all(table(folder.path())).expect("the table is removed");
    for _ in 0..2 {
        assert_damaged(store.files(&space(2)).await);
        assert_damaged(search(&store).await);
        assert_damaged(store.replace(&space(2), &file("b"), vec![chunk("b", 0, &at(0.0))]).await);
        assert!(store.spaces().await.expect("spaces are listed").contains(&space(2)));
    }
    assert_can_be_made_again(&store).await;
}

/// Whoever met it: the one who listens makes the space again.
#[tokio::test]
async fn damage_that_a_search_meets_is_told() {
    let folder = TempDir::new().expect("there is a temporary folder");
    drop(filled(folder.path()).await);
    for data in files_below(&table(folder.path()).join("data"), ".lance") {
        truncate(&data, 10);
    }
    let store = open(folder.path()).await;
    assert!(futures_util::poll!(std::pin::pin!(store.damage())).is_pending(), "nobody has met it");
    assert_damaged(search(&store).await);
    store.damage().await;
    assert_damaged(search(&store).await);
    assert!(futures_util::poll!(std::pin::pin!(store.damage())).is_pending(), "it is told once");
    assert_can_be_made_again(&store).await;
}

/// All at once, with everything in it: the store goes on.
#[tokio::test]
async fn a_store_whose_whole_folder_vanishes_can_be_filled_again() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let home = folder.path().join("vectors");
    let store = filled(&home).await;
    fs::remove_dir_all(&home).expect("the folder is removed");
    for space in [space(2), space(3)] {
        assert_damaged(store.files(&space).await);
        store.drop_space(&space).await.expect("a damaged space can be dropped");
        store.ensure(&space).await.expect("the space is made again");
    }
    put(&store, &space(2), "a", &[at(0.0)]).await;
    assert_eq!(search(&store).await.expect("the new space can be searched").len(), 1);
}

/// It cannot say whose it is, so it must go by its name.
#[tokio::test]
async fn a_damaged_space_of_a_former_embedder_goes_with_the_others() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let former = Space { fingerprint: Fingerprint("former".to_owned()), dimension: 2 };
    {
        let store = filled(folder.path()).await;
        put(&store, &former, "a", &[at(0.0)]).await;
    }
    let damaged = folder.path().join(format!("{}.lance", crate::rows::table_name(&former)));
    for manifest in files_below(&damaged, ".manifest") {
        truncate(&manifest, 0);
    }
    let store = open(folder.path()).await;
    store.retain(&[space(2).fingerprint]).await.expect("the former space is removed");
    assert!(!damaged.exists());
    assert_eq!(store.spaces().await.expect("spaces are listed").len(), 2);
    assert_eq!(search(&store).await.expect("the other space is whole").len(), 1);
}

/// Its vectors are made again; what it has is of no use.
#[tokio::test]
async fn a_space_of_an_older_layout_counts_as_lost_and_is_removed() {
    let folder = TempDir::new().expect("there is a temporary folder");
    drop(filled(folder.path()).await);
    let old = folder.path().join(format!("chunks_{}.lance", "0".repeat(32)));
    fs::rename(table(folder.path()), &old).expect("the table is renamed");
    let store = open(folder.path()).await;
    assert!(store.files(&space(2)).await.expect("there is no such space").is_empty());
    assert_eq!(store.spaces().await.expect("spaces are listed"), [space(3)]);
    store.retain(&[space(2).fingerprint]).await.expect("the old space is removed");
    assert!(!old.exists());
    assert_eq!(store.spaces().await.expect("spaces are listed"), [space(3)]);
}
