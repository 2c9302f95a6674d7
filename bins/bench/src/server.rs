//! The servers that the bench starts: its own upstream, Transom, and nginx where it is installed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::sample::Processes;
use crate::target::{Call, Target};

/// Who signs up, and signs in.
pub const EMAIL: &str = "bench@example.com";
/// With what.
pub const PASSWORD: &str = "a measured amount of words";

/// How long a server may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process of ours, ended when this goes.
pub struct Running(Child);

impl Running {
    pub fn processes(&self) -> Processes {
        Processes(self.0.id())
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) -> Result<(), String> {
        if let Ok(Some(ended)) = self.0.try_wait() {
            return Err(format!("a server had ended by itself with {ended}"));
        }
        self.ask_to_end();
        self.0.wait().map(|_| ()).map_err(|error| error.to_string())
    }

    /// With a signal that it can catch: nginx's children would outlive one that is just killed.
    fn ask_to_end(&self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).stderr(Stdio::null()).status();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            self.ask_to_end();
            let _ = self.0.wait();
        }
    }
}

/// This program again, as the upstream.
pub fn upstream(port: u16) -> Result<(Running, String), String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(own);
    let mut child = start(command.args(["upstream", "--port", &port.to_string()]).stdout(Stdio::piped()))?;
    let mut address = String::new();
    let output = child.0.stdout.take().ok_or("the upstream has no output")?;
    BufReader::new(output).read_line(&mut address).map_err(|error| error.to_string())?;
    if address.trim().is_empty() {
        return Err("the upstream did not start; is its port taken?".to_owned());
    }
    Ok((child, address.trim().to_owned()))
}

/// Transom on a data folder.
pub struct Transom {
    process: Running,
    authority: String,
    /// From the start of the process to the first answer of `/health`.
    pub started_in: Duration,
}

/// Where it finds what it needs.
#[derive(Clone)]
pub struct Setting {
    pub binary: PathBuf,
    pub folder: PathBuf,
    /// Of the upstream.
    pub upstream: String,
    /// What stands before `/v1` in the upstream's path.
    pub listing: &'static str,
    /// Further variables.
    pub more: Vec<(&'static str, String)>,
}

impl Setting {
    pub fn new(binary: &Path, folder: &Path, upstream: &str) -> Self {
        Self { binary: binary.to_owned(), folder: folder.to_owned(), upstream: upstream.to_owned(), listing: "", more: Vec::new() }
    }
}

impl Transom {
    /// Starts it with the settings that it has by itself, and waits until it answers.
    pub async fn start(setting: &Setting) -> Result<Self, String> {
        let port = free_port()?;
        let log = File::create(setting.folder.join("server.log")).map_err(|error| error.to_string())?;
        let mut command = Command::new(&setting.binary);
        command.arg("serve").env_clear().stderr(log.try_clone().map_err(|error| error.to_string())?).stdout(log);
        command.env("HOST", "127.0.0.1").env("PORT", port.to_string()).env("DATA_DIR", setting.folder.join("data"));
        command.env("OPENAI_API_BASE_URL", format!("http://{}{}/v1", setting.upstream, setting.listing)).env("OPENAI_API_KEY", "none");
        command.env("OLLAMA_BASE_URL", format!("http://{}", setting.upstream)).envs(setting.more.iter().cloned());
        let begin = Instant::now();
        let process = start(&mut command)?;
        let authority = format!("127.0.0.1:{port}");
        answers(&authority, "/health", Duration::from_micros(500)).await?;
        Ok(Self { process, authority, started_in: begin.elapsed() })
    }

    pub fn target(&self) -> Target {
        let target = Target { name: "Transom".into(), authority: self.authority.clone(), base: "/api".into(), key: None, processes: None };
        target.with_processes(Some(self.process.processes()))
    }

    pub fn processes(&self) -> Processes {
        self.process.processes()
    }

    /// Makes the first account; with a session token.
    pub async fn sign_up(&self) -> Result<Target, String> {
        let account = json!({"name": "Bench", "email": EMAIL, "password": PASSWORD});
        let answer = self.target().json(&Call::post("/v1/auths/signup", &account)).await?;
        self.with(&answer["token"])
    }

    /// Makes an API key for that account.
    pub async fn key(&self, session: &Target) -> Result<Target, String> {
        let answer = session.json(&Call::post("/v1/auths/api_key", &json!({}))).await?;
        self.with(&answer["api_key"])
    }

    fn with(&self, credential: &Value) -> Result<Target, String> {
        Ok(self.target().with_key(credential.as_str().ok_or("the server gave no credential")?))
    }

    pub fn stop(self) -> Result<(), String> {
        self.process.stop()
    }
}

/// nginx as a plain reverse proxy before the upstream; `None` where it is not installed.
pub async fn nginx(folder: &Path, upstream: &str) -> Result<Option<(Running, Target)>, String> {
    if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
        return Ok(None);
    }
    let (port, folder) = (free_port()?, folder.join("nginx"));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let (place, file) = (folder.display(), folder.join("nginx.conf"));
    let settings = format!(
        "daemon off; worker_processes auto; worker_rlimit_nofile 16384; pid {place}/pid; error_log {place}/error.log;\n\
         events {{ worker_connections 8192; }}\n\
         http {{\n\
         access_log {place}/access.log; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;\n\
         fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;\n\
         keepalive_requests 1000000000;\n\
         upstream bench {{ server {upstream}; keepalive 128; keepalive_requests 1000000000; }}\n\
         server {{ listen 127.0.0.1:{port}; client_max_body_size 64m;\n\
         location / {{ proxy_pass http://bench; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; }} }}\n\
         }}\n"
    );
    std::fs::write(&file, settings).map_err(|error| error.to_string())?;
    let process = start(Command::new("nginx").arg("-c").arg(&file).arg("-p").arg(&folder).stdout(Stdio::null()).stderr(Stdio::null()))?;
    let authority = format!("127.0.0.1:{port}");
    answers(&authority, "/api/version", Duration::from_millis(5)).await?;
    let target = Target { name: "nginx".into(), authority, base: "/v1".into(), key: None, processes: Some(process.processes()) };
    Ok(Some((process, target)))
}

fn start(command: &mut Command) -> Result<Running, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).spawn().map(Running).map_err(|error| format!("{name} cannot be started: {error}"))
}

async fn answers(authority: &str, path: &str, every: Duration) -> Result<(), String> {
    let target = Target::at("a server", &format!("http://{authority}"))?;
    let begin = Instant::now();
    loop {
        let answered = match target.connect().await {
            Ok(mut connection) => connection.whole(&Call::get(path)).await.map(|_| ()),
            Err(error) => Err(error),
        };
        match answered {
            Ok(()) => return Ok(()),
            Err(error) if begin.elapsed() > PATIENCE => return Err(error),
            Err(_) => sleep(every).await,
        }
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    Ok(listener.local_addr().map_err(|error| error.to_string())?.port())
}
