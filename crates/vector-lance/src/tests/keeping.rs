//! Over restarts.

use tempfile::TempDir;
use transom_domain::Fingerprint;
use transom_vector::suite::{at, file, space};
use transom_vector::{Query, Space, VectorStore};

use super::{open, open_with, put};

#[tokio::test]
async fn chunks_survive_a_restart() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let other = Space { fingerprint: Fingerprint("other/model \"2\"".to_owned()), dimension: 3 };
    {
        let store = open(folder.path()).await;
        put(&store, &space(2), "a", &[at(0.0), at(50.0)]).await;
        put(&store, &space(2), "b", &[at(20.0)]).await;
        put(&store, &other, "a", &[vec![0.0, 0.0, 1.0]]).await;
        store.delete(&[file("b")]).await.expect("a file is deleted");
    }
    let store = open(folder.path()).await;
    store.ensure(&space(2)).await.expect("the space is there");
    let mut spaces = store.spaces().await.expect("spaces are listed");
    spaces.sort();
    assert_eq!(spaces, [other.clone(), space(2)]);
    let query = Query { vector: at(0.0), files: vec![file("a"), file("b")], limit: 10 };
    let hits = store.search(&space(2), &query).await.expect("the search succeeds");
    assert_eq!(hits.iter().map(|hit| hit.chunk.text.as_str()).collect::<Vec<_>>(), ["a#0", "a#1"]);
    assert_eq!(store.files(&other).await.expect("files are counted")[&file("a")], 1);
}

#[tokio::test]
async fn a_missing_folder_is_made() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let deep = folder.path().join("data dir/vectörs");
    put(&open(&deep).await, &space(2), "a", &[at(0.0)]).await;
    assert_eq!(open(&deep).await.spaces().await.expect("spaces are listed"), [space(2)]);
}

#[tokio::test]
async fn what_others_keep_in_the_folder_is_left_alone() {
    let folder = TempDir::new().expect("there is a temporary folder");
    std::fs::create_dir_all(folder.path().join("theirs.lance")).expect("a folder is made");
    std::fs::create_dir_all(folder.path().join("chunks_without_a_table.lance")).expect("a folder is made");
    std::fs::write(folder.path().join("notes.txt"), "keep").expect("a file is written");
    let store = open(folder.path()).await;
    put(&store, &space(2), "a", &[at(0.0)]).await;
    store.delete(&[file("b")]).await.expect("nothing is deleted");
    store.optimize().await.expect("the store is tidied");
    assert_eq!(store.spaces().await.expect("spaces are listed"), [space(2)]);
    store.drop_space(&space(2)).await.expect("the space is dropped");
    assert!(folder.path().join("theirs.lance").exists() && folder.path().join("notes.txt").exists());
}

#[tokio::test]
async fn a_write_ends_even_if_the_caller_leaves() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = open(folder.path()).await;
    put(&store, &space(2), "a", &[at(0.0)]).await;
    {
        let (space, vectors) = (space(2), [at(1.0), at(2.0)]);
        let mut left = Box::pin(put(&store, &space, "a", &vectors));
        assert!(futures_util::poll!(&mut left).is_pending());
    }
    // Writes come one after the other, so the one that was left is done when this one is.
    put(&store, &space(2), "b", &[at(0.0)]).await;
    assert_eq!(store.files(&space(2)).await.expect("files are counted")[&file("a")], 2);
}

#[tokio::test]
async fn vectors_without_a_direction_are_not_found_and_hide_no_others() {
    let folder = TempDir::new().expect("there is a temporary folder");
    let store = open_with(folder.path(), |_| {}).await;
    put(&store, &space(2), "a", &[vec![0.0, 0.0], at(180.0), vec![3.0, 0.0]]).await;
    let query = Query { vector: at(0.0), files: vec![file("a")], limit: 10 };
    let hits = store.search(&space(2), &query).await.expect("the search succeeds");
    let found: Vec<_> = hits.iter().map(|hit| (hit.chunk.text.as_str(), hit.score.value().round())).collect();
    assert_eq!(found, [("a#2", 1.0), ("a#1", -1.0)]);
    let nowhere = Query { vector: vec![0.0, 0.0], ..query };
    assert!(store.search(&space(2), &nowhere).await.expect("the search succeeds").is_empty());
}
