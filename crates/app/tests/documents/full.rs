//! A disk without room: nothing is taken in, nothing is lost, and all goes on when there is room.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result as Stored,
};
use transom_app::Error;
use transom_app::files::FilesConfig;
use transom_app::jobs::{Pipeline, Workers};
use transom_app::retrieval::RetrievalSettings;
use transom_domain::{FileId, FileStatus, Fingerprint};
use transom_index::Index;
use transom_vector::{EmbeddedChunk, Hit, Query, Space, TermQuery, VectorError, VectorStore};

use crate::house::House;

/// A store on a disk that can be filled.
#[derive(Debug)]
struct OnDisk<S> {
    inner: S,
    full: AtomicBool,
}

impl<S> OnDisk<S> {
    fn new(inner: S, full: bool) -> Arc<Self> {
        Arc::new(Self { inner, full: AtomicBool::new(full) })
    }

    fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    fn is_full(&self) -> bool {
        self.full.load(Ordering::SeqCst)
    }
}

impl OnDisk<InMemory> {
    fn room(&self) -> Stored<()> {
        let source = std::io::Error::from(ErrorKind::StorageFull);
        if self.is_full() { Err(object_store::Error::Generic { store: "disk", source: source.into() }) } else { Ok(()) }
    }
}

impl std::fmt::Display for OnDisk<InMemory> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a disk")
    }
}

#[async_trait]
impl ObjectStore for OnDisk<InMemory> {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Stored<PutResult> {
        self.room()?;
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Stored<Box<dyn MultipartUpload>> {
        self.room()?;
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Stored<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Stored<Path>>) -> BoxStream<'static, Stored<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Stored<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Stored<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Stored<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[async_trait]
impl VectorStore for OnDisk<Arc<dyn VectorStore>> {
    async fn ensure(&self, space: &Space) -> Result<(), VectorError> {
        self.inner.ensure(space).await
    }

    async fn replace(&self, space: &Space, file: &FileId, chunks: Vec<EmbeddedChunk>) -> Result<(), VectorError> {
        if self.is_full() {
            return Err(VectorError::Full("a disk".to_owned()));
        }
        self.inner.replace(space, file, chunks).await
    }

    async fn delete(&self, files: &[FileId]) -> Result<(), VectorError> {
        self.inner.delete(files).await
    }

    async fn search(&self, space: &Space, query: &Query) -> Result<Vec<Hit>, VectorError> {
        self.inner.search(space, query).await
    }

    async fn search_terms(&self, space: &Space, query: &TermQuery) -> Result<Vec<Hit>, VectorError> {
        self.inner.search_terms(space, query).await
    }

    async fn files(&self, space: &Space) -> Result<BTreeMap<FileId, usize>, VectorError> {
        self.inner.files(space).await
    }

    async fn spaces(&self) -> Result<Vec<Space>, VectorError> {
        self.inner.spaces().await
    }

    async fn drop_space(&self, space: &Space) -> Result<(), VectorError> {
        self.inner.drop_space(space).await
    }

    async fn retain(&self, keep: &[Fingerprint]) -> Result<(), VectorError> {
        self.inner.retain(keep).await
    }

    async fn optimize(&self) -> Result<(), VectorError> {
        self.inner.optimize().await
    }
}

#[tokio::test]
async fn an_upload_to_a_full_disk_says_so_and_leaves_nothing() {
    let objects = OnDisk::new(InMemory::new(), true);
    let house = House::with(FilesConfig::default(), RetrievalSettings::default(), objects.clone()).await;
    let alice = house.user("alice").await;
    for text in ["short".to_owned(), "long enough for several parts ".repeat(400_000)] {
        let refused = house.upload_with(&alice, "a.txt", &text, true, false).await;
        assert!(matches!(refused, Err(Error::Full)), "{refused:?}");
    }
    assert_eq!(house.stored().await, [] as [&str; 0]);
    assert_eq!(house.files.list(&alice, &Default::default()).await.unwrap().1, 0);
    assert_eq!(house.store.count_jobs().await.unwrap(), 0);
    objects.set_full(false);
    house.upload_with(&alice, "a.txt", "short", true, false).await.unwrap();
    assert_eq!(house.stored().await.len(), 1);
}

#[tokio::test]
async fn a_file_that_finds_no_room_waits_until_there_is_and_does_not_fail() {
    let house = House::new().await;
    let alice = house.user("alice").await;
    let vectors = OnDisk::new(house.vectors.clone() as Arc<dyn VectorStore>, true);
    let pipeline = Pipeline { index: Index::new(vectors.clone(), house.embedder.clone()), ..house.pipeline() };
    let config = house.worker_config();
    let tries = config.attempts * 3;
    let _workers = Workers::start(pipeline, config).await.unwrap();
    let id = house.upload_with(&alice, "a.txt", "words about herons", true, false).await.unwrap().id;
    // Each try embeds the text once more.
    while house.embedder.texts() < tries as usize {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(!house.files.get(&alice, &id).await.unwrap().status.is_final());
    vectors.set_full(false);
    assert_eq!(house.files.wait(&alice, &id).await.unwrap().status, FileStatus::Completed);
    assert_eq!(house.indexed().await.len(), 1);
}
