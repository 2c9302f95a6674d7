//! A whole server on the loopback, over a database and files in memory or a folder that is thrown away.

use std::sync::Arc;

use actix_web::App as Web;
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use transom_api::ConnectionLimits;
use transom_app::accounts::{Accounts, AccountsConfig};
use transom_app::chat::Chat;
use transom_app::files::{Files, FilesConfig};
use transom_app::functions::{Functions, LinkedFunction, Registry};
use transom_app::groups::Groups;
use transom_app::intake::Intake;
use transom_app::jobs::Signals;
use transom_app::knowledge::KnowledgeBases;
use transom_app::models::{Connection, Models, ModelsConfig};
use transom_app::retrieval::{Retrieval, RetrievalSettings};
use transom_app::status::{Folders, Status};
use transom_app::{About, App};
use transom_auth::Secret;
use transom_index::Index;
use transom_ingest::InProcess;
use transom_store::{Store, StoreConfig};
use transom_testkit::{BagOfWords, ScriptedFunctions};
use transom_vector::MemoryStore;

pub const ADMIN: &str = "admin@example.com";
pub const PASSWORD: &str = "Passw0rd!";

/// What a test's server differs in from the usual one.
#[derive(Default)]
pub struct Setup {
    pub accounts: AccountsConfig,
    pub files: FilesConfig,
    pub models: ModelsConfig,
    pub connections: Vec<Connection>,
    pub origins: Vec<String>,
    /// Functions that are linked in.
    pub linked: Vec<LinkedFunction>,
    /// Whether administrators may have no functions.
    pub without_plugins: bool,
    /// Where addresses may lead.
    pub fetch: transom_fetch::FetchSettings,
    /// What a connection may take.
    pub limits: ConnectionLimits,
}

/// A server that answers until it is dropped.
pub struct Server {
    pub base: String,
    pub store: Store,
    pub app: Data<App>,
    pub functions: Arc<ScriptedFunctions>,
    handle: ServerHandle,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // The stop is on its way once the future is made.
        drop(self.handle.stop(false));
    }
}

impl Server {
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("transom.db").display());
        let store = Store::open(&StoreConfig { url, pool_size: 4 }).await.expect("a database");
        let secret = Secret::new("a secret of the tests, 0123456789abcdef");
        let accounts = Accounts::open(store.clone(), &secret, setup.accounts).await.expect("accounts");
        let files = Files::new(store.clone(), Arc::new(object_store::memory::InMemory::new()), Signals::default(), setup.files);
        let embedder = Arc::new(BagOfWords::new("tests"));
        let vectors = Arc::new(MemoryStore::new());
        let registry = Arc::new(Registry::with(&setup.linked).await.expect("functions"));
        let models = Models::with_functions(setup.models, setup.connections, registry, store.clone());
        let functions = Arc::new(ScriptedFunctions::default());
        let runtime = (!setup.without_plugins).then(|| functions.clone() as _);
        let fetcher = transom_fetch::Fetcher::new(setup.fetch).expect("a client");
        let retrieval = Retrieval::new(store.clone(), files.clone(), Index::new(vectors, embedder), RetrievalSettings::default());
        let knowledge = KnowledgeBases::new(store.clone(), files.clone());
        let app = Data::new(App {
            intake: Intake::new(files.clone(), knowledge.clone(), fetcher.clone(), Arc::new(InProcess::default())),
            status: Status::new(store.clone(), Folders::default()),
            about: About { name: "Transom".to_owned(), version: "0.12.4".to_owned() },
            groups: Groups::new(&accounts),
            chat: Chat::new(models.clone()).with_documents(retrieval.clone()),
            functions: Functions::new(store.clone(), models.clone(), &secret, runtime, Some(fetcher)).expect("functions"),
            knowledge,
            models,
            retrieval,
            files,
            accounts,
        });
        app.functions.start().await.expect("functions");
        let (shared, origins) = (app.clone(), setup.origins);
        let limits = Data::new(setup.limits.clone());
        let routes = move || {
            Web::new()
                .app_data(limits.clone())
                .wrap(transom_api::cors(&origins))
                .wrap(from_fn(transom_api::deadlines))
                .wrap(from_fn(transom_api::answer))
                .wrap(transom_api::request_log())
                .configure(transom_api::limits(1 << 20))
                .configure(transom_api::configure(shared.clone()))
        };
        let (server, addresses) = transom_api::bind(routes, ("127.0.0.1", 0), &setup.limits).expect("a port");
        let base = format!("http://{}", addresses[0]);
        let server = server.workers(2).disable_signals().run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { base, store, app, functions, handle, _folder: folder }
    }

    /// A client without a credential.
    pub fn anonymous(&self) -> Client {
        Client { base: self.base.clone(), http: http(), headers: Vec::new() }
    }

    pub fn bearer(&self, token: &str) -> Client {
        self.anonymous().with("authorization", &format!("Bearer {token}"))
    }

    /// Signs the administrator up, on a new server.
    pub async fn admin(&self) -> Client {
        let body = json!({"name": "Admin", "email": ADMIN, "password": PASSWORD});
        let session = self.anonymous().post("/api/v1/auths/signup", body).await.ok();
        self.bearer(text(&session["token"]))
    }

    /// Makes an account and signs it in; its id too.
    pub async fn account(&self, admin: &Client, name: &str, role: &str) -> (Client, String) {
        let email = format!("{name}@example.com");
        let body = json!({"name": name, "email": email, "password": PASSWORD, "role": role});
        let session = admin.post("/api/v1/auths/add", body).await.ok();
        (self.sign_in(&email, PASSWORD).await, text(&session["id"]).to_owned())
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Client {
        let session = self.anonymous().post("/api/v1/auths/signin", json!({"email": email, "password": password})).await.ok();
        self.bearer(text(&session["token"]))
    }
}

/// Sends requests with one credential. Keeps no cookies.
#[derive(Clone)]
pub struct Client {
    base: String,
    http: reqwest::Client,
    headers: Vec<(String, String)>,
}

impl Client {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// The same client, at another address of the loopback.
    pub fn coming_from(self, address: &str) -> Self {
        Self { http: http_from(address.parse().ok()), ..self }
    }

    pub async fn post_owned(self, path: &str, body: Value) -> Answer {
        self.post(path, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }
}

/// A client that waits a minute at most, follows nothing, and goes straight to the loopback.
pub fn http() -> reqwest::Client {
    http_from(None)
}

fn http_from(address: Option<std::net::IpAddr>) -> reqwest::Client {
    #[expect(clippy::disallowed_methods, reason = "a test's client asks the server under test")]
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(60)).redirect(reqwest::redirect::Policy::none());
    client.no_proxy().local_address(address).build().expect("a client")
}

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.text().await.expect("a body") }
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.body))
    }

    /// The sentence of a refusal with this status.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.body);
        text(&self.json()["detail"]).to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
