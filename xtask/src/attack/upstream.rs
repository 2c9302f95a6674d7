//! An upstream that says back what it was told, and watches for what must never reach it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// The models that it has.
pub const MODEL: &str = "gpt-4-turbo";
const OLLAMA_MODEL: &str = "llama3.1:latest";
pub const EMBEDDER: &str = "nomic-embed-text:latest";

/// Every text's vector.
const VECTOR: [f64; 8] = [1.0; 8];

/// What is served to whoever can reach this address, which users of the server cannot.
pub const INTRANET: &str = "/intranet.txt";

/// Paths that a user with a model may cause to be asked; an upstream's other functions are its operator's.
const ORDINARY: [&str; 22] = [
    "/v1/models",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/messages",
    "/v1/moderations",
    "/v1/rerank",
    "/v1/audio/speech",
    "/v1/audio/transcriptions",
    "/v1/audio/translations",
    "/v1/images/generations",
    "/v1/images/edits",
    "/v1/images/variations",
    "/api/tags",
    "/api/ps",
    "/api/version",
    "/api/chat",
    "/api/generate",
    "/api/show",
    "/api/embed",
    "/api/embeddings",
];

/// A server on the loopback that lives as long as this program.
#[derive(Clone)]
pub struct Upstream {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    secrets: Vec<String>,
    intranet: String,
    /// What was wrong with requests, since it was last asked for.
    complaints: Vec<String>,
}

impl Upstream {
    /// Starts one that has `intranet` at an address of its own network.
    pub fn start(intranet: &str) -> Result<Self, String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let state = Arc::new(Mutex::new(State { intranet: intranet.to_owned(), ..State::default() }));
        let upstream = Self { address, state };
        let own = upstream.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || while own.serve(&stream).is_some() {});
            }
        });
        Ok(upstream)
    }

    /// What must never be in a request to it: other upstreams' keys, and the credentials of the server's own users.
    pub fn must_not_see(&self, secrets: impl IntoIterator<Item = String>) {
        self.state().secrets.extend(secrets.into_iter().filter(|secret| !secret.is_empty()));
    }

    /// What was wrong with requests since this was last called.
    pub fn complaints(&self) -> Vec<String> {
        std::mem::take(&mut self.state().complaints)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request of a connection; nothing once it has ended.
    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let (first, headers, body) = read(&mut reader)?;
        let (method, target) = (first.split(' ').next()?.to_owned(), first.split(' ').nth(1)?.to_owned());
        let path = target.split('?').next()?.to_owned();
        let seen = [first.as_bytes(), headers.as_bytes(), &body].concat();
        let mut state = self.state();
        let leaked = state.secrets.iter().any(|secret| contains(&seen, secret.as_bytes()));
        if leaked {
            state.complaints.push(format!("a secret that is not its own reached an upstream, by {method} {target}"));
        }
        if !ORDINARY.contains(&path.as_str()) {
            state.complaints.push(format!("an upstream was asked for {method} {target}"));
        }
        let intranet = state.intranet.clone();
        drop(state);
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let (media, text) = answer(&path, &body, &intranet);
        let length = text.len();
        let text = if method == "HEAD" { String::new() } else { text };
        let mut stream = stream;
        stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n{text}").as_bytes()).ok()
    }
}

/// A request's first line, its other headers and its body.
fn read(reader: &mut impl BufRead) -> Option<(String, String, Vec<u8>)> {
    let (mut first, mut headers) = (String::new(), String::new());
    reader.read_line(&mut first).ok().filter(|count| *count > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim_end().is_empty() {
            break;
        }
        headers.push_str(&line);
    }
    let lower = headers.to_ascii_lowercase();
    let value = |name: &str| lower.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
    let mut body = Vec::new();
    if value("transfer-encoding:").is_some() {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let begin = body.len();
            body.resize(begin + size, 0);
            reader.read_exact(&mut body[begin..]).ok()?;
            reader.read_line(&mut String::new()).ok()?;
            if size == 0 {
                break;
            }
        }
    } else {
        body.resize(value("content-length:").and_then(|length| length.parse().ok()).unwrap_or(0), 0);
        reader.read_exact(&mut body).ok()?;
    }
    Some((first, headers, body))
}

/// Whether a text is in bytes.
pub fn contains(bytes: &[u8], text: &[u8]) -> bool {
    !text.is_empty() && bytes.windows(text.len()).any(|window| window == text)
}

fn answer(path: &str, body: &Value, intranet: &str) -> (&'static str, String) {
    let said = body["messages"].to_string() + &body["prompt"].to_string() + &body["input"].to_string();
    let inputs = body["input"].as_array().map_or(1, Vec::len);
    let streams = body["stream"] == true;
    let json = |value: Value| ("application/json", value.to_string());
    let tag = |name: &str| json!({"name": name, "model": name, "size": 1, "digest": "0".repeat(64), "details": {"family": "llama"}});
    match path {
        "/v1/models" => json(json!({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1, "owned_by": "upstream"}]})),
        "/v1/embeddings" => {
            let data: Vec<Value> = (0..inputs).map(|index| json!({"object": "embedding", "index": index, "embedding": VECTOR})).collect();
            json(json!({"object": "list", "model": body["model"], "data": data}))
        }
        "/api/tags" => json(json!({"models": [tag(OLLAMA_MODEL), tag(EMBEDDER)]})),
        "/api/ps" => json(json!({"models": []})),
        "/api/version" => json(json!({"version": "0.12.6"})),
        "/api/embed" => json(json!({"model": body["model"], "embeddings": vec![VECTOR; inputs]})),
        "/api/embeddings" => json(json!({"embedding": VECTOR})),
        "/api/chat" | "/api/generate" => {
            let message = json!({"role": "assistant", "content": said});
            let line =
                json!({"model": body["model"], "created_at": "2026-01-01T00:00:00Z", "message": message, "response": said, "done": true});
            ("application/x-ndjson", format!("{line}\n"))
        }
        _ if path == INTRANET => ("text/plain", intranet.to_owned()),
        _ if path.starts_with("/v1/") && streams => {
            let chunk = json!({"id": "1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": said}}]});
            ("text/event-stream", format!("data: {chunk}\n\ndata: [DONE]\n\n"))
        }
        _ if path.starts_with("/v1/") => {
            let choice = json!({"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"});
            json(json!({"id": "1", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]}))
        }
        _ => json(json!({"status": "success"})),
    }
}
