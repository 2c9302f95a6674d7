//! What spaces owe.

use std::sync::Arc;

use tokio::task::JoinSet;
use transom_domain::Fingerprint;

use super::{at, counted, counts, file, found, put, space};
use crate::{Space, VectorStore};

/// It is called at every start.
pub async fn ensuring_a_space_twice_keeps_what_is_in_it(store: Arc<dyn VectorStore>) {
    let space = space(2);
    store.ensure(&space).await.expect("the space is made");
    assert_eq!(store.spaces().await.expect("spaces are listed"), std::slice::from_ref(&space));
    put(&*store, &space, "a", &[at(0.0)]).await;
    store.ensure(&space).await.expect("the space is there");
    assert_eq!(counts(&*store, &space).await, counted([("a", 1)]));
    assert_eq!(store.spaces().await.expect("spaces are listed"), [space]);
}

/// Whatever is asked of it, and asking does not make it.
pub async fn a_missing_space_is_empty(store: Arc<dyn VectorStore>) {
    let space = space(2);
    assert!(found(&*store, &space, &at(0.0), &["a"], 10).await.is_empty());
    assert_eq!(counts(&*store, &space).await, counted([]));
    store.delete(&[file("a")]).await.expect("there is nothing to delete");
    store.replace(&space, &file("a"), Vec::new()).await.expect("there is nothing to remove");
    store.optimize().await.expect("there is nothing to tidy");
    store.drop_space(&space).await.expect("there is nothing to drop");
    assert_eq!(store.spaces().await.expect("spaces are listed"), []);
}

/// Neither models of one dimension nor dimensions of one model.
pub async fn spaces_do_not_mix(store: Arc<dyn VectorStore>) {
    let first = space(2);
    let other_model = Space { fingerprint: Fingerprint("suite:model-2:none".to_owned()), dimension: 2 };
    let other_dimension = space(3);
    put(&*store, &first, "a", &[at(0.0)]).await;
    put(&*store, &other_model, "a", &[at(0.0), at(10.0)]).await;
    put(&*store, &other_dimension, "b", &[vec![1.0, 0.0, 0.0]]).await;
    assert_eq!(found(&*store, &first, &at(0.0), &["a", "b"], 10).await, ["a#0"]);
    assert_eq!(found(&*store, &other_model, &at(0.0), &["a", "b"], 10).await, ["a#0", "a#1"]);
    assert_eq!(found(&*store, &other_dimension, &[1.0, 0.0, 0.0], &["a", "b"], 10).await, ["b#0"]);
    let mut spaces = store.spaces().await.expect("spaces are listed");
    spaces.sort();
    let mut expected = vec![first, other_model, other_dimension];
    expected.sort();
    assert_eq!(spaces, expected);
}

/// It comes from model names that administrators write.
pub async fn fingerprints_may_hold_anything(store: Arc<dyn VectorStore>) {
    let long = "x".repeat(3000);
    let odd = ["", "../../etc", "nomic-embed-text:latest/é \"'`;", "A", "a", "line\nbreak", &long];
    let spaces = odd.map(|name| Space { fingerprint: Fingerprint(name.to_owned()), dimension: 2 });
    for (n, space) in spaces.iter().enumerate() {
        put(&*store, space, &format!("file-{n}"), &[at(0.0)]).await;
    }
    let mut listed = store.spaces().await.expect("spaces are listed");
    listed.sort();
    let mut expected = spaces.to_vec();
    expected.sort();
    assert_eq!(listed, expected);
    for (n, space) in spaces.iter().enumerate() {
        assert_eq!(counts(&*store, space).await, counted([(format!("file-{n}").as_str(), 1)]));
    }
}

/// With nothing of the old one in it.
pub async fn a_dropped_space_is_gone_and_can_be_made_again(store: Arc<dyn VectorStore>) {
    let (dropped, kept) = (space(2), space(3));
    put(&*store, &dropped, "a", &[at(0.0), at(1.0)]).await;
    put(&*store, &kept, "a", &[vec![1.0, 0.0, 0.0]]).await;
    for _ in 0..2 {
        store.drop_space(&dropped).await.expect("the space is dropped");
        assert_eq!(store.spaces().await.expect("spaces are listed"), std::slice::from_ref(&kept));
        assert!(found(&*store, &dropped, &at(0.0), &["a"], 10).await.is_empty());
    }
    store.ensure(&dropped).await.expect("the space is made again");
    assert_eq!(counts(&*store, &dropped).await, counted([]));
    put(&*store, &dropped, "b", &[at(90.0)]).await;
    assert_eq!(found(&*store, &dropped, &at(0.0), &["a", "b"], 10).await, ["b#0"]);
    assert_eq!(counts(&*store, &kept).await, counted([("a", 1)]));
}

/// Whatever their dimensions.
pub async fn spaces_of_other_embedders_can_be_removed_together(store: Arc<dyn VectorStore>) {
    store.retain(&[]).await.expect("there is nothing to remove");
    let former = |dimension| Space { fingerprint: Fingerprint("suite:former".to_owned()), dimension };
    let vectors = [at(0.0), vec![1.0, 0.0, 0.0]];
    for space in [space(2), space(3), former(2), former(3)] {
        put(&*store, &space, "a", &vectors[space.dimension - 2..=space.dimension - 2]).await;
    }
    let kept = [space(2).fingerprint, Fingerprint("suite:not-there".to_owned())];
    for _ in 0..2 {
        store.retain(&kept).await.expect("spaces are removed");
        let mut spaces = store.spaces().await.expect("spaces are listed");
        spaces.sort();
        assert_eq!(spaces, [space(2), space(3)]);
        assert_eq!(counts(&*store, &space(2)).await, counted([("a", 1)]));
    }
    put(&*store, &former(2), "b", &[at(0.0)]).await;
    assert_eq!(counts(&*store, &former(2)).await, counted([("b", 1)]));
    store.retain(&[]).await.expect("spaces are removed");
    assert_eq!(store.spaces().await.expect("spaces are listed"), []);
}

/// Before and after, and again with nothing to do.
pub async fn optimizing_changes_nothing_for_readers(store: Arc<dyn VectorStore>) {
    let space = space(2);
    for n in 0..6 {
        put(&*store, &space, &format!("file-{n}"), &[at(n as f32), at(90.0)]).await;
    }
    put(&*store, &space, "file-3", &[at(3.0)]).await;
    store.delete(&[file("file-0")]).await.expect("a file is deleted");
    let files = ["file-0", "file-1", "file-2", "file-3", "file-4", "file-5"];
    let before = (found(&*store, &space, &at(0.0), &files, 100).await, counts(&*store, &space).await);
    for _ in 0..3 {
        store.optimize().await.expect("the store is tidied");
        let after = (found(&*store, &space, &at(0.0), &files, 100).await, counts(&*store, &space).await);
        assert_eq!(after, before);
    }
    put(&*store, &space, "file-0", &[at(0.0)]).await;
    assert_eq!(found(&*store, &space, &at(0.0), &files, 1).await, ["file-0#0"]);
}

/// It runs while the server works.
pub async fn optimizing_beside_writers_and_readers_loses_nothing(store: Arc<dyn VectorStore>) {
    let space = space(2);
    put(&*store, &space, "steady", &[at(0.0)]).await;
    let mut work = JoinSet::new();
    for n in 0..10 {
        let (store, space) = (store.clone(), space.clone());
        work.spawn(async move { put(&*store, &space, &format!("file-{n}"), &[at(45.0)]).await });
    }
    for reader in 0..4 {
        let (store, space) = (store.clone(), space.clone());
        work.spawn(async move {
            for _ in 0..5 {
                assert_eq!(found(&*store, &space, &at(0.0), &["steady"], 10).await, ["steady#0"]);
            }
            if reader % 2 == 0 {
                store.optimize().await.expect("the store is tidied");
            }
        });
    }
    for _ in 0..3 {
        store.optimize().await.expect("the store is tidied");
    }
    work.join_all().await;
    assert_eq!(counts(&*store, &space).await.len(), 11);
}
