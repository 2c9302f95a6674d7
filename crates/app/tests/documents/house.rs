//! A server without its HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use serde_json::{Map, json};
use transom_app::Error;
use transom_app::files::{Files, FilesConfig, UploadOptions};
use transom_app::jobs::{Pipeline, PipelineConfig, Repair, Signals, WorkerConfig, Workers};
use transom_app::knowledge::{Described, KnowledgeBases};
use transom_app::retrieval::{Retrieval, RetrievalSettings};
use transom_domain::{Caller, File, FileId, Grant, KnowledgeId, NewUser, Permission, Principal, Role};
use transom_index::Index;
use transom_ingest::{InProcess, SplitBy, SplitConfig, Splitter};
use transom_llm::Embedder;
use transom_store::{Store, StoreConfig};
use transom_testkit::BagOfWords;
use transom_vector::{MemoryStore, Space, VectorStore};

pub struct House {
    pub store: Store,
    pub objects: Arc<dyn ObjectStore>,
    pub vectors: Arc<MemoryStore>,
    pub embedder: Arc<BagOfWords>,
    pub signals: Signals,
    pub files: Files,
    pub knowledge: KnowledgeBases,
    pub retrieval: Retrieval,
    _folder: tempfile::TempDir,
}

impl House {
    pub async fn new() -> Self {
        Self::with(FilesConfig::default(), RetrievalSettings::default(), Arc::new(InMemory::new())).await
    }

    pub async fn with(files: FilesConfig, settings: RetrievalSettings, objects: Arc<dyn ObjectStore>) -> Self {
        // In memory, where the system has such a folder: these tests are not about the disk, and a slow one would make writers wait.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let url = format!("sqlite://{}", folder.path().join("transom.db").display());
        let store = Store::open(&StoreConfig { url, pool_size: 4 }).await.unwrap();
        let (vectors, embedder) = (Arc::new(MemoryStore::new()), Arc::new(BagOfWords::new("one")));
        let signals = Signals::default();
        let files = Files::new(store.clone(), objects.clone(), signals.clone(), files);
        let knowledge = KnowledgeBases::new(store.clone(), files.clone());
        let index = Index::new(vectors.clone(), embedder.clone());
        let retrieval = Retrieval::new(store.clone(), files.clone(), index, settings);
        Self { store, objects, vectors, embedder, signals, files, knowledge, retrieval, _folder: folder }
    }

    /// A house whose workers run.
    pub async fn at_work() -> (Self, Workers) {
        let house = Self::new().await;
        let workers = house.workers().await;
        (house, workers)
    }

    pub fn pipeline(&self) -> Pipeline {
        self.pipeline_with(self.embedder.clone())
    }

    pub fn pipeline_with(&self, embedder: Arc<dyn Embedder>) -> Pipeline {
        let split = SplitConfig {
            splitter: SplitBy::Characters,
            chunk_size: 200,
            chunk_overlap: 20,
            encoding: "cl100k_base".into(),
            markdown_headers: false,
        };
        Pipeline {
            store: self.store.clone(),
            objects: self.objects.clone(),
            index: Index::new(self.vectors.clone(), embedder).with_splitter(Splitter::new(split).unwrap()).with_batch(2),
            reader: Arc::new(InProcess::default()),
            signals: self.signals.clone(),
            config: PipelineConfig::default(),
        }
    }

    /// What retrieval searches.
    pub fn index(&self) -> Index {
        Index::new(self.vectors.clone(), self.embedder.clone())
    }

    /// Retrieval with another embedding model over the same rows and vectors.
    pub fn retrieval_with(&self, embedder: Arc<dyn Embedder>) -> Retrieval {
        self.retrieval_over(Index::new(self.vectors.clone(), embedder))
    }

    /// Retrieval over the same rows and another index.
    pub fn retrieval_over(&self, index: Index) -> Retrieval {
        Retrieval::new(self.store.clone(), self.files.clone(), index, RetrievalSettings::default())
    }

    pub fn repair(&self) -> Repair {
        Repair::new(self.pipeline())
    }

    pub async fn workers(&self) -> Workers {
        Workers::start(self.pipeline(), self.worker_config()).await.unwrap()
    }

    pub fn worker_config(&self) -> WorkerConfig {
        WorkerConfig {
            workers: 2,
            attempts: 2,
            backoff: Duration::ZERO,
            poll: Duration::from_millis(20),
            alone: true,
            ..WorkerConfig::default()
        }
    }

    /// An account that may upload files and make collections.
    pub async fn user(&self, name: &str) -> Caller {
        self.account(name, Role::User).await
    }

    pub async fn admin(&self) -> Caller {
        self.account("admin", Role::Admin).await
    }

    async fn account(&self, name: &str, role: Role) -> Caller {
        let new = NewUser {
            email: format!("{name}@example.com"),
            name: name.to_owned(),
            password_hash: "none".to_owned(),
            profile_image_url: String::new(),
        };
        let user = self.store.create_user(new, role).await.unwrap();
        let permissions = json!({
            "chat": {"file_upload": true},
            "workspace": {"knowledge": true},
            "sharing": {"knowledge": true},
            "access_grants": {"allow_users": true, "allow_groups": true},
        });
        let mut caller = Caller::new(user.id, role);
        caller.permissions = Arc::new(serde_json::from_value(permissions).unwrap());
        caller
    }

    /// Uploads a text and returns when it is read.
    pub async fn upload(&self, caller: &Caller, name: &str, text: &str) -> File {
        self.upload_with(caller, name, text, true, true).await.unwrap()
    }

    pub async fn upload_with(&self, caller: &Caller, name: &str, text: &str, process: bool, wait: bool) -> Result<File, Error> {
        let mut upload = self.files.begin(caller, name, "text/plain")?;
        upload.write(Bytes::copy_from_slice(text.as_bytes())).await?;
        upload.finish(caller, UploadOptions { metadata: Map::new(), process, wait, into: None }).await
    }

    /// A collection of the caller's with files in it.
    pub async fn collection(&self, caller: &Caller, files: &[&FileId], grants: Vec<Grant>) -> KnowledgeId {
        let described = Described { name: "History".to_owned(), access_grants: Some(grants), ..Described::default() };
        let id = self.knowledge.create(caller, described).await.unwrap().id;
        let files: Vec<FileId> = files.iter().map(|id| (*id).clone()).collect();
        self.knowledge.add(caller, &id, &files).await.unwrap();
        id
    }

    /// Returns when no job is left.
    pub async fn idle(&self) {
        let mut finished = self.signals.listen();
        while self.store.count_jobs().await.unwrap() > 0 {
            finished.wait_for(&FileId::from("none"), Duration::from_millis(10)).await;
        }
    }

    /// The files that have vectors, and how many.
    pub async fn indexed(&self) -> BTreeMap<FileId, usize> {
        let mut all = BTreeMap::new();
        for space in self.vectors.spaces().await.unwrap() {
            all.extend(self.vectors.files(&space).await.unwrap());
        }
        all
    }

    pub async fn space(&self) -> Space {
        Space { fingerprint: self.embedder.fingerprint().clone(), dimension: self.embedder.dimension().await.unwrap() }
    }

    /// The stored objects.
    pub async fn stored(&self) -> Vec<String> {
        self.objects.list(None).map_ok(|object| object.location.to_string()).try_collect().await.unwrap()
    }
}

pub fn grant(caller: &Caller, permission: Permission) -> Vec<Grant> {
    vec![Grant { principal: Principal::User(caller.id.clone()), permission }]
}

pub fn everyone() -> Vec<Grant> {
    vec![Grant { principal: Principal::User(Grant::EVERYONE.into()), permission: Permission::Read }]
}
