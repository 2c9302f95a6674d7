//! The port's behaviours, and what a store that keeps owes beyond them.

mod damage;
mod keeping;
mod tidying;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use transom_vector::suite::{chunk, file};
use transom_vector::{Space, VectorStore};

use crate::{LanceConfig, LanceStore};

transom_vector::behaviours!(fresh);

async fn fresh() -> (Arc<dyn VectorStore>, TempDir) {
    let folder = TempDir::new().expect("there is a temporary folder");
    (Arc::new(open(folder.path()).await), folder)
}

async fn open(folder: &Path) -> LanceStore {
    open_with(folder, |_| {}).await
}

async fn open_with(folder: &Path, change: impl FnOnce(&mut LanceConfig)) -> LanceStore {
    let mut config = LanceConfig::new(folder.to_str().expect("the path is text"));
    change(&mut config);
    LanceStore::open(config).await.expect("the store opens")
}

async fn put(store: &LanceStore, space: &Space, of: &str, vectors: &[Vec<f32>]) {
    let chunks = (0..).zip(vectors).map(|(ordinal, vector)| chunk(of, ordinal, vector)).collect();
    store.replace(space, &file(of), chunks).await.expect("the file is replaced");
}

/// Every file below a folder whose name ends so, oldest name first.
fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            found.extend(files_below(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}
