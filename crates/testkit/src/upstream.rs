//! A scripted upstream.

mod answers;
mod play;
mod script;

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

pub use script::Script;

/// How long a test waits for what must happen, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call that the upstream received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path, with the query where there is one.
    pub path: String,
    /// Headers by their names in lower case.
    pub headers: HashMap<String, String>,
    /// The body where it is JSON; null otherwise.
    pub body: Value,
    /// The body's bytes.
    pub raw: web::Bytes,
}

/// A real HTTP server on the loopback, which ends with this value.
pub struct Upstream {
    base_url: String,
    stage: Arc<State>,
    handle: ServerHandle,
}

/// What the server's threads and the test share.
pub(crate) struct State {
    received: Mutex<Vec<Received>>,
    /// By path; the empty path is for all chat routes.
    scripts: Mutex<HashMap<String, Script>>,
    openai_models: Mutex<Vec<String>>,
    ollama_models: Mutex<Vec<String>>,
    /// Pieces that stepped scripts may send.
    steps: Semaphore,
    calls: watch::Sender<usize>,
    left: watch::Sender<usize>,
}

impl Upstream {
    /// Starts one on a free port, with the models `gpt-4-turbo`, `gpt-4o-mini`, `llama3.1:latest`, `llama3.2:latest` and
    /// `nomic-embed-text:latest`.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let names = |names: &[&str]| Mutex::new(names.iter().map(|name| (*name).to_owned()).collect());
        let stage = Arc::new(State {
            received: Mutex::default(),
            scripts: Mutex::default(),
            openai_models: names(&["gpt-4-turbo", "gpt-4o-mini"]),
            ollama_models: names(&["llama3.1:latest", "llama3.2:latest", "nomic-embed-text:latest"]),
            steps: Semaphore::new(0),
            calls: watch::Sender::new(0),
            left: watch::Sender::new(0),
        });
        let shared = stage.clone();
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let app = move || {
                let app = App::new().app_data(web::Data::from(shared.clone())).app_data(web::PayloadConfig::new(256 << 20));
                app.default_service(web::to(answers::answer))
            };
            // A client that closes its side has left; without this the server goes on until it writes.
            let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(0).h1_allow_half_closed(false);
            let server = server.listen(listener).unwrap();
            actix_web::rt::System::new().block_on(async move {
                let server = server.run();
                let _ = tell.send(server.handle());
                let _ = server.await;
            });
        });
        Self { base_url, stage, handle: told.await.unwrap() }
    }

    /// `http://127.0.0.1:PORT`: an Ollama's address; OpenAI's API is below `/v1` of it.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address of its OpenAI API.
    pub fn openai_url(&self) -> String {
        format!("{}/v1", self.base_url)
    }

    /// Answers chat calls by this script from now on, and `/api/generate` too.
    pub fn script(&self, script: Script) {
        self.script_path("", script);
    }

    /// Answers a path by this script from now on.
    pub fn script_path(&self, path: &str, script: Script) {
        lock(&self.stage.scripts).insert(path.to_owned(), script);
    }

    /// Answers everything deterministically again.
    pub fn unscript(&self) {
        lock(&self.stage.scripts).clear();
    }

    /// Offers these models below `/v1`.
    pub fn offer_openai(&self, models: &[&str]) {
        *lock(&self.stage.openai_models) = models.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Offers these models below `/api`.
    pub fn offer_ollama(&self, models: &[&str]) {
        *lock(&self.stage.ollama_models) = models.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Lets stepped scripts send so many pieces more.
    pub fn step(&self, pieces: usize) {
        self.stage.steps.add_permits(pieces);
    }

    /// All calls so far.
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.stage.received).clone()
    }

    /// The calls of one path, whatever their query.
    pub fn requests_of(&self, path: &str) -> Vec<Received> {
        let mut requests = self.requests();
        requests.retain(|request| request.path.split('?').next() == Some(path));
        requests
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        lock(&self.stage.received).clear();
    }

    /// Returns once it has received `count` calls since its start.
    pub async fn calls(&self, count: usize) {
        wait(self.stage.calls.subscribe(), count, "calls").await;
    }

    /// How many calls it has received since its start.
    pub fn call_count(&self) -> usize {
        *self.stage.calls.borrow()
    }

    /// Returns once `count` clients have left before the end of their answer.
    pub async fn clients_left(&self, count: usize) {
        wait(self.stage.left.subscribe(), count, "clients that left").await;
    }

    /// How many clients have left before the end of their answer.
    pub fn left_count(&self) -> usize {
        *self.stage.left.borrow()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // The command is on its way with the call; nobody needs to wait for the end.
        drop(self.handle.stop(false));
    }
}

async fn wait(mut counter: watch::Receiver<usize>, count: usize, what: &str) {
    let reached = tokio::time::timeout(PATIENCE, counter.wait_for(|now| *now >= count)).await.is_ok();
    assert!(reached, "{} {what} in {PATIENCE:?}, where {count} were expected", *counter.borrow());
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
