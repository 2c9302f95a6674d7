//! A server with its workers, and clients with their credentials.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App as HttpApp, HttpServer};
use futures_util::TryStreamExt;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use transom_app::accounts::{Accounts, AccountsConfig};
use transom_app::files::{Files, FilesConfig};
use transom_app::groups::Groups;
use transom_app::intake::Intake;
use transom_app::jobs::{Pipeline, PipelineConfig, Signals, WorkerConfig, Workers};
use transom_app::knowledge::KnowledgeBases;
use transom_app::models::{Connection, Models, ModelsConfig};
use transom_app::retrieval::{Retrieval, RetrievalSettings};
use transom_app::status::{Folders, Status};
use transom_app::{About, App};
use transom_auth::Secret;
use transom_fetch::{FetchSettings, Fetcher, Reach};
use transom_index::Index;
use transom_ingest::{InProcess, SplitBy, SplitConfig, Splitter};
use transom_store::{Store, StoreConfig};
use transom_testkit::BagOfWords;
use transom_vector::MemoryStore;

const PASSWORD: &str = "Passw0rd!Passw0rd!";

pub struct House {
    pub address: SocketAddr,
    pub objects: Arc<dyn ObjectStore>,
    pub admin: Client,
    server: actix_web::dev::ServerHandle,
    _workers: Workers,
    _folder: tempfile::TempDir,
}

impl House {
    pub async fn new() -> Self {
        Self::with(FilesConfig::default()).await
    }

    pub async fn with(config: FilesConfig) -> Self {
        Self::build(config, Vec::new(), Reach::Local).await
    }

    /// A house with models.
    pub async fn asking(connections: Vec<Connection>) -> Self {
        Self::build(FilesConfig::default(), connections, Reach::Local).await
    }

    /// A house that fetches nothing but the public internet.
    pub async fn closed() -> Self {
        Self::build(FilesConfig::default(), Vec::new(), Reach::Public).await
    }

    async fn build(config: FilesConfig, connections: Vec<Connection>, reach: Reach) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("transom.db").display());
        let store = Store::open(&StoreConfig { url, pool_size: 4 }).await.unwrap();
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let (vectors, embedder, signals) = (Arc::new(MemoryStore::new()), Arc::new(BagOfWords::new("http")), Signals::default());
        let files = Files::new(store.clone(), objects.clone(), signals.clone(), config);
        let secret = Secret::new("a secret of a test that is long enough to be one");
        let mut accounts_config = AccountsConfig { remember_seconds: 0, ..AccountsConfig::default() };
        accounts_config
            .permissions
            .add(&serde_json::from_value(json!({"workspace": {"knowledge": true}, "sharing": {"knowledge": true}})).unwrap());
        let accounts = Accounts::open(store.clone(), &secret, accounts_config).await.unwrap();
        let models = Models::with_records(ModelsConfig::default(), connections, store.clone());
        let settings = RetrievalSettings { wait: Duration::from_secs(30), ..RetrievalSettings::default() };
        let split = SplitConfig {
            splitter: SplitBy::Characters,
            chunk_size: 200,
            chunk_overlap: 20,
            encoding: "cl100k_base".into(),
            markdown_headers: false,
        };
        let index = Index::new(vectors, embedder).with_splitter(Splitter::new(split).unwrap());
        let retrieval = Retrieval::new(store.clone(), files.clone(), index.clone(), settings);
        let knowledge = KnowledgeBases::new(store.clone(), files.clone());
        let fetcher = Fetcher::new(FetchSettings { reach, ..FetchSettings::default() }).unwrap();
        let app = Data::new(App {
            intake: Intake::new(files.clone(), knowledge.clone(), fetcher, Arc::new(InProcess::default())),
            status: Status::new(store.clone(), Folders::default()),
            about: About { name: "Transom".to_owned(), version: "0.12.4".to_owned() },
            groups: Groups::new(&accounts),
            accounts,
            chat: transom_app::chat::Chat::new(models.clone()).with_documents(retrieval.clone()),
            functions: transom_app::functions::Functions::new(store.clone(), models.clone(), &secret, None, None).expect("functions"),
            models,
            knowledge,
            files,
            retrieval,
        });
        let pipeline = Pipeline {
            store,
            objects: objects.clone(),
            index,
            reader: Arc::new(InProcess::default()),
            signals,
            config: PipelineConfig::default(),
        };
        let workers = Workers::start(pipeline, WorkerConfig { poll: Duration::from_millis(20), ..WorkerConfig::default() }).await.unwrap();
        let server = HttpServer::new(move || {
            HttpApp::new()
                .wrap(from_fn(transom_api::answer))
                .configure(transom_api::limits(1024 * 1024))
                .configure(transom_api::configure(app.clone()))
        })
        .workers(1)
        .disable_signals()
        .h1_allow_half_closed(false)
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        let visitor = Client { address, token: None };
        let who = json!({"name": "Admin", "email": "admin@example.com", "password": PASSWORD});
        let signed_up = visitor.post("/api/v1/auths/signup", who).await;
        let admin = Client { address, token: Some(signed_up["token"].as_str().unwrap().to_owned()) };
        Self { address, objects, admin, server: handle, _workers: workers, _folder: folder }
    }

    /// A plain account's client.
    pub async fn user(&self, name: &str) -> Client {
        let email = format!("{name}@example.com");
        let who = json!({"name": name, "email": email, "password": PASSWORD, "role": "user"});
        let added = self.admin.post("/api/v1/auths/add", who).await;
        Client { address: self.address, token: Some(added["token"].as_str().unwrap().to_owned()) }
    }

    pub fn visitor(&self) -> Client {
        Client { address: self.address, token: None }
    }

    pub async fn stored(&self) -> usize {
        self.objects.list(None).try_collect::<Vec<_>>().await.unwrap().len()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // The future only says when the stop is over.
        drop(self.server.stop(false));
    }
}

/// A client with one credential, or none.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub token: Option<String>,
}

impl Client {
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        #[expect(clippy::disallowed_methods, reason = "a test's client asks the server under test")]
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).redirect(reqwest::redirect::Policy::none()).no_proxy();
        let request = client.build().unwrap().request(method, format!("http://{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Status and body of a call without a body.
    pub async fn call(&self, method: Method, path: &str) -> (u16, Value) {
        read(self.request(method, path)).await
    }

    /// The same with a JSON body.
    pub async fn send(&self, path: &str, body: Value) -> (u16, Value) {
        read(self.request(Method::POST, path).json(&body)).await
    }

    /// What a GET that succeeds answers.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// What a POST that succeeds answers.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(path, body).await;
        assert_eq!(status, 200, "POST {path}: {answer}");
        answer
    }

    /// Uploads a file; `query` as in `?process=false`.
    pub async fn try_upload(&self, name: &str, content_type: &str, bytes: &[u8], query: &str) -> (u16, Value) {
        let part = Part::bytes(bytes.to_vec()).file_name(name.to_owned()).mime_str(content_type).unwrap();
        read(self.request(Method::POST, &format!("/api/v1/files/{query}")).multipart(Form::new().part("file", part))).await
    }

    /// Uploads a text, and returns its id when it is read.
    pub async fn upload(&self, name: &str, text: &str) -> String {
        let (status, body) = self.try_upload(name, "text/plain", text.as_bytes(), "?process_in_background=false").await;
        assert_eq!(status, 200, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    /// A collection with files in it.
    pub async fn collection(&self, files: &[&str], grants: Value) -> String {
        let made = self.post("/api/v1/knowledge/create", json!({"name": "History", "description": "", "access_grants": grants})).await;
        let id = made["id"].as_str().unwrap().to_owned();
        for file in files {
            self.post(&format!("/api/v1/knowledge/{id}/file/add"), json!({"file_id": file})).await;
        }
        id
    }

    pub async fn id(&self) -> String {
        self.get("/api/v1/auths/").await["id"].as_str().unwrap().to_owned()
    }
}

pub async fn read(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

pub fn grant(principal: &str, permission: &str) -> Value {
    json!([{"principal_type": "user", "principal_id": principal, "permission": permission}])
}
