//! The server under attack.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::upstream::{EMBEDDER, Upstream};
use crate::walkthrough::processes::{Running, free_port, start, wait_for};

/// How long a body may take here; the server's own default is longer.
pub const BODY_SECONDS: u64 = 3;

/// A running server, and what it logs.
pub struct Server {
    pub address: SocketAddr,
    running: Running,
    log: PathBuf,
}

impl Server {
    /// Starts it on an empty folder, with two upstreams that have a key each.
    pub fn start(binary: &Path, folder: &Path, upstreams: &[(Upstream, String)]) -> Result<Self, String> {
        let (port, log) = (free_port()?, folder.join("server.log"));
        let file = File::create(&log).map_err(|error| error.to_string())?;
        let list = |each: fn(&(Upstream, String)) -> String| upstreams.iter().map(each).collect::<Vec<_>>().join(";");
        let first = upstreams.first().map(|(upstream, _)| format!("http://{}", upstream.address)).unwrap_or_default();
        let mut command = Command::new(binary);
        command.arg("serve").env_clear().stdout(Stdio::null()).stderr(file);
        // Functions need a Python, which is looked for along the path.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOST", "127.0.0.1").env("PORT", port.to_string()).env("DATA_DIR", folder.join("data"));
        command.env("OPENAI_API_BASE_URLS", list(|(upstream, _)| format!("http://{}/v1", upstream.address)));
        command.env("OPENAI_API_KEYS", list(|(_, key)| key.clone()));
        command.env("OLLAMA_BASE_URL", &first).env("RAG_OLLAMA_BASE_URL", &first);
        command.env("RAG_EMBEDDING_ENGINE", "ollama").env("RAG_EMBEDDING_MODEL", EMBEDDER);
        // Everything here comes from one address.
        command.env("TRANSOM_MAX_CONNECTIONS_PER_ADDRESS", "0");
        for seconds in ["TRANSOM_BODY_SECONDS", "TRANSOM_STALL_SECONDS", "TRANSOM_HEAD_SECONDS"] {
            command.env(seconds, BODY_SECONDS.to_string());
        }
        let mut running = start(&mut command)?;
        wait_for(&format!("http://127.0.0.1:{port}/health"), Duration::from_secs(180), running.process())?;
        Ok(Self { address: ([127, 0, 0, 1], port).into(), running, log })
    }

    /// Whether the process still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.running.process().try_wait(), Ok(None))
    }

    /// Lines of the log that tell of a panic.
    pub fn panics(&self) -> Vec<String> {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        log.lines().filter(|line| line.contains("panicked at") || line.contains("a handler panicked")).map(str::to_owned).collect()
    }

    /// Resident memory at its peak, in MB; 0 where the system does not say.
    pub fn peak_memory(&mut self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.running.process().id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
    }
}
