//! The model's server and ours, ended when they go out of scope.

use std::{
    fs::File,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::place;

/// A process that does not outlive this one's use of it.
pub struct Running(Child);

impl Running {
    /// The process itself.
    pub fn process(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the small real model; its first start installs what it needs. What it logs goes into `log`.
pub fn start_model(log: &Path) -> Result<(String, Option<Running>), String> {
    let Some(script) = place::shared("upstreams/llama-server") else {
        return Err("there is no ../shared/upstreams/llama-server; name an upstream with --upstream".into());
    };
    let port = free_port()?;
    let file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut running = start(Command::new("bash").arg(script).arg(port.to_string()).stdout(Stdio::null()).stderr(file))?;
    let base = format!("http://127.0.0.1:{port}/v1");
    wait_for(&format!("{base}/models"), Duration::from_secs(900), &mut running.0)
        .map_err(|error| format!("{error}; {} says more", log.display()))?;
    Ok((base, Some(running)))
}

/// Starts the server on an empty folder, with nothing but the upstream set.
pub fn start_server(binary: &Path, upstream: &str, folder: &Path) -> Result<(String, Running), String> {
    let port = free_port()?;
    let mut command = Command::new(binary);
    command.arg("serve").env("HOST", "127.0.0.1").env("PORT", port.to_string()).env("DATA_DIR", folder);
    command.env("OPENAI_API_BASE_URLS", upstream).env("OPENAI_API_KEYS", "").env("ENABLE_OLLAMA_API", "false");
    for unset in ["DATABASE_URL", "WEBUI_SECRET_KEY", "RAG_EMBEDDING_ENGINE", "RAG_EMBEDDING_MODEL", "ENABLE_API_KEYS"] {
        command.env_remove(unset);
    }
    let mut running = start(command.env("GLOBAL_LOG_LEVEL", "warning"))?;
    let base = format!("http://127.0.0.1:{port}");
    wait_for(&format!("{base}/health"), Duration::from_secs(180), &mut running.0)?;
    Ok((base, running))
}

/// Starts a process that is given nothing to read.
pub fn start(command: &mut Command) -> Result<Running, String> {
    command.stdin(Stdio::null()).spawn().map(Running).map_err(|error| format!("cannot start {command:?}: {error}"))
}

/// A port that nobody listens on.
pub fn free_port() -> Result<u16, String> {
    let taken = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    taken.map(|address| address.port()).map_err(|error| error.to_string())
}

/// Waits until a process answers at an address.
pub fn wait_for(url: &str, most: Duration, process: &mut Child) -> Result<(), String> {
    let start = Instant::now();
    while start.elapsed() < most {
        if ureq::get(url).call().is_ok() {
            return Ok(());
        }
        if let Ok(Some(status)) = process.try_wait() {
            return Err(format!("the process behind {url} ended with {status}"));
        }
        sleep(Duration::from_millis(200));
    }
    Err(format!("no answer at {url} in {} s", most.as_secs()))
}
