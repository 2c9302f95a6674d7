//! A server that is measured, and who uploads to it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;
use ureq::unversioned::multipart::{Form, Part};

use crate::walkthrough::processes::{free_port, wait_for};

/// Memory at peak, in kB.
#[derive(Clone, Copy)]
pub struct Memory {
    /// The server's.
    pub server: u64,
    /// Its children's together.
    pub children: u64,
}

/// A running server on a folder of its own.
pub struct Server {
    process: Child,
    base: String,
    log: PathBuf,
    watch: Arc<Watch>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Watch {
    over: AtomicBool,
    server: AtomicU64,
    children: AtomicU64,
}

/// Someone with a credential.
pub struct Uploader {
    agent: Agent,
    base: String,
    credential: String,
}

impl Server {
    /// Starts it and waits until it answers. In a trial it reads no files that are large for one.
    pub fn start(binary: &Path, folder: &Path, trial: bool) -> Result<Self, String> {
        let (port, log) = (free_port()?, folder.join("server.log"));
        let file = File::create(&log).map_err(|error| error.to_string())?;
        let mut command = Command::new(binary);
        command.arg("serve").env_clear().env("HOST", "127.0.0.1").env("PORT", port.to_string()).env("DATA_DIR", folder.join("data"));
        command.env("ENABLE_OLLAMA_API", "false").env("LOG_FORMAT", "json").stdin(Stdio::null()).stderr(file);
        if trial {
            command.env("TRANSOM_EXTRACT_FILE_MB", "2");
        }
        let process = command.spawn().map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        let base = format!("http://127.0.0.1:{port}");
        let watch = Arc::new(Watch::default());
        let watcher = std::thread::spawn({
            let (watch, id) = (watch.clone(), process.id());
            move || watch.look(id)
        });
        let mut server = Self { process, base, log, watch, watcher: Some(watcher) };
        wait_for(&format!("{}/health", server.base), Duration::from_secs(60), &mut server.process)?;
        Ok(server)
    }

    /// Makes the first account.
    pub fn sign_up(&self) -> Result<Uploader, String> {
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let account = json!({"name": "Measurer", "email": "measure@example.com", "password": "a measured amount of words"});
        let mut answer = agent.post(format!("{}/api/v1/auths/signup", self.base)).send_json(account).map_err(|error| error.to_string())?;
        let body: Value = answer.body_mut().read_json().map_err(|error| error.to_string())?;
        let credential = body["token"].as_str().ok_or_else(|| format!("no account was made: {body}"))?.to_owned();
        Ok(Uploader { agent, base: self.base.clone(), credential })
    }

    /// What came before (the sign-up hashes a password, in 64 MB) is no cost of documents.
    pub fn forget_peaks(&self) {
        self.watch.server.store(0, Ordering::Relaxed);
        self.watch.children.store(0, Ordering::Relaxed);
    }

    /// Ends it; its memory at peak, and its log.
    pub fn stop(mut self) -> Result<(Memory, String), String> {
        self.end();
        let memory = Memory { server: self.watch.server.load(Ordering::Relaxed), children: self.watch.children.load(Ordering::Relaxed) };
        Ok((memory, std::fs::read_to_string(&self.log).map_err(|error| error.to_string())?))
    }

    fn end(&mut self) {
        self.watch.over.store(true, Ordering::Relaxed);
        let _ = self.watcher.take().map(JoinHandle::join);
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl Watch {
    fn look(&self, id: u32) {
        while !self.over.load(Ordering::Relaxed) {
            self.server.fetch_max(resident(id), Ordering::Relaxed);
            self.children.fetch_max(children(id).into_iter().map(resident).sum(), Ordering::Relaxed);
            sleep(Duration::from_millis(20));
        }
    }
}

/// Resident memory in kB.
fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn children(id: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{id}/task")) else { return Vec::new() };
    let of_thread = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
    let all: Vec<String> = threads.flatten().map(of_thread).collect();
    all.iter().flat_map(|ids| ids.split_whitespace()).filter_map(|id| id.parse().ok()).collect()
}

impl Uploader {
    /// Uploads a file; its id once the server has answered.
    pub fn upload(&self, path: &Path) -> Result<String, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mime = if path.extension().is_some_and(|ending| ending == "pdf") { "application/pdf" } else { "text/plain" };
        let part = Part::file(path).map_err(|error| failed(&error))?.mime_str(mime).map_err(|error| failed(&error))?;
        let request = self.agent.post(format!("{}/api/v1/files/", self.base)).header("authorization", self.bearer());
        let mut answer = request.send(Form::new().part("file", part)).map_err(|error| failed(&error))?;
        let body: Value = answer.body_mut().read_json().map_err(|error| failed(&error))?;
        body["id"].as_str().map(str::to_owned).ok_or_else(|| failed(&body))
    }

    /// Waits until nothing is left to do for the files; how many could not be read, and why the first.
    pub fn wait_for(&self, ids: &[String], most: Duration) -> Result<Vec<String>, String> {
        let (begin, mut reasons) = (Instant::now(), Vec::new());
        for id in ids {
            loop {
                let mut answer = self
                    .agent
                    .get(format!("{}/api/v1/files/{id}/process/status", self.base))
                    .header("authorization", self.bearer())
                    .call()
                    .map_err(|error| error.to_string())?;
                let status: Value = answer.body_mut().read_json().map_err(|error| error.to_string())?;
                match status["status"].as_str() {
                    Some("completed") => break,
                    Some("failed") => {
                        reasons.push(status["error"].as_str().unwrap_or_default().to_owned());
                        break;
                    }
                    _ if begin.elapsed() > most => return Err(format!("file {id} is still being processed after {} s", most.as_secs())),
                    _ => sleep(Duration::from_millis(20)),
                }
            }
        }
        Ok(reasons)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.credential)
    }
}
