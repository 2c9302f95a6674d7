//! A data folder with its settings, and the processes that run on it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;
use transom_testkit::Upstream;

use crate::client::Client;

/// How long a test waits for what must happen, before it fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder, and the variables that its processes get.
pub struct Place {
    root: TempDir,
    variables: Vec<(String, String)>,
}

impl Place {
    /// A folder that does not exist yet, and no upstream at all.
    pub fn bare() -> Self {
        let place = Self { root: tempfile::tempdir().unwrap(), variables: Vec::new() };
        let folder = place.folder().to_string_lossy().into_owned();
        place.with("DATA_DIR", folder).with("PORT", "0").with("ENABLE_OLLAMA_API", "false")
    }

    /// A place whose models and embeddings are this upstream's.
    pub fn with_upstream(upstream: &Upstream) -> Self {
        Self::bare()
            .with("ENABLE_OLLAMA_API", "true")
            .with("OLLAMA_BASE_URL", upstream.base_url())
            .with("OPENAI_API_BASE_URL", upstream.openai_url())
            .with("RAG_EMBEDDING_ENGINE", "ollama")
            .with("RAG_EMBEDDING_MODEL", "nomic-embed-text")
    }

    /// Sets a variable, for every process from now on.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a variable, for every process from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
    }

    /// The data folder.
    pub fn folder(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Runs a command to its end, with this on its standard input.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that reads nothing may have ended before.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        timeout(PATIENCE, child.wait_with_output()).await.expect("the command ends").unwrap()
    }

    /// Makes an installation, for commands that need one.
    pub async fn init(self) -> Self {
        let made = self.run(&["init"], "").await;
        assert!(made.status.success(), "{:?}", words(&made));
        self
    }

    /// Runs a command that is refused with one sentence. The sentence.
    pub async fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, "Passw0rd!refused").await;
        let (said, complained) = words(&output);
        assert_eq!((output.status.code(), said.as_str(), complained.lines().count()), (Some(1), "", 1), "{arguments:?}: {complained}");
        complained
    }

    /// Starts the server and returns once it listens.
    pub async fn serve(&self) -> Server {
        let mut child = self.command(&["serve"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let (tell, mut address) = watch::channel(None);
        tokio::spawn(follow(lines, log.clone(), tell));
        let heard = timeout(PATIENCE, address.wait_for(Option::is_some)).await;
        let base = heard.ok().and_then(|heard| heard.ok().and_then(|address| address.clone()));
        let base = base.unwrap_or_else(|| panic!("the server does not listen:\n{}", log.lock().unwrap()));
        Server { child, log, client: Client::new(&base), place: None }
    }

    /// Starts the server, which keeps the place for as long as it lives.
    pub async fn into_server(self) -> Server {
        let mut server = self.serve().await;
        server.place = Some(self);
        server
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transom"));
        command.args(arguments).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.root.path()).kill_on_drop(true);
        command
    }
}

async fn follow(
    mut lines: tokio::io::Lines<BufReader<tokio::process::ChildStderr>>,
    log: Arc<Mutex<String>>,
    tell: watch::Sender<Option<String>>,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, address)) = line.split_once("listening on ") {
            tell.send_replace(Some(address.trim().to_owned()));
        }
        let mut log = log.lock().unwrap();
        log.push_str(&line);
        log.push('\n');
    }
}

/// A running server. It is killed where a test ends before it.
pub struct Server {
    child: Child,
    log: Arc<Mutex<String>>,
    /// A client of it without a credential.
    pub client: Client,
    /// Dropped after the process is.
    place: Option<Place>,
}

impl Server {
    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Asks it to end, as a service manager does.
    pub async fn terminate(&self) {
        self.signal("-TERM").await;
    }

    /// Sends it a signal.
    pub async fn signal(&self, signal: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
    }

    /// `kill -9` to one of the processes that read documents for it, where there is one.
    pub async fn kill_a_reader(&self) -> bool {
        let own = self.child.id().expect("it runs");
        let threads = std::fs::read_dir(format!("/proc/{own}/task")).into_iter().flatten().flatten();
        let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok()).collect::<String>();
        let reads = |id: &&str| std::fs::read_to_string(format!("/proc/{id}/cmdline")).is_ok_and(|line| line.ends_with("\0extract\0"));
        let Some(reader) = children.split_whitespace().find(reads) else { return false };
        Command::new("kill").args(["-KILL", reader]).stderr(Stdio::null()).status().await.unwrap().success()
    }

    /// Its status, once it has ended.
    pub async fn ended(&mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.unwrap_or_else(|_| panic!("it does not end:\n{}", self.log())).unwrap().code()
    }

    /// Ends it in good order.
    pub async fn stop(mut self) {
        self.terminate().await;
        assert_eq!(self.ended().await, Some(0), "{}", self.log());
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// What a command wrote to standard output and standard error.
pub fn words(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Every file below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(files_below(&entry.path())),
            false => files.push(entry.path()),
        }
    }
    files
}

/// Looks again and again until there is something, and fails where that takes too long.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("in {PATIENCE:?} it did not happen: {what}"))
}
