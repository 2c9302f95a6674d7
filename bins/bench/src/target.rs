//! What is measured: an address, a key, and the processes behind it.

use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::sample::Processes;

/// An OpenAI-compatible address.
#[derive(Clone, Debug)]
pub struct Target {
    /// What the table calls it.
    pub name: String,
    /// Host and port.
    pub authority: String,
    /// What stands before `/chat/completions`, such as `/v1` or `/api`.
    pub base: String,
    /// Sent as `Authorization: Bearer …`.
    pub key: Option<String>,
    /// What its costs are read from; none for the upstream itself.
    pub processes: Option<Processes>,
}

/// A request that is sent again and again.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// Below the target's base.
    pub path: String,
    pub body: Bytes,
    pub media: String,
}

impl Call {
    pub fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), body: Bytes::new(), media: String::new() }
    }

    pub fn post(path: &str, json: &Value) -> Self {
        let (path, body) = (path.to_owned(), json.to_string().into());
        Self { method: Method::POST, path, body, media: "application/json".to_owned() }
    }
}

impl Target {
    /// From an address such as `http://127.0.0.1:8080/api`.
    pub fn at(name: &str, address: &str) -> Result<Self, String> {
        let rest = address.strip_prefix("http://").ok_or_else(|| format!("{address} must begin with http://"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let authority = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        let base = if path.is_empty() { String::new() } else { format!("/{}", path.trim_end_matches('/')) };
        Ok(Self { name: name.to_owned(), authority, base, key: None, processes: None })
    }

    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    pub fn with_processes(mut self, processes: Option<Processes>) -> Self {
        self.processes = processes;
        self
    }

    /// The same server under another path.
    pub fn below(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    pub async fn connect(&self) -> Result<Connection, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{} cannot be reached: {error}", self.name);
        let socket = TcpStream::connect(&self.authority).await.map_err(|error| failed(&error))?;
        socket.set_nodelay(true).map_err(|error| failed(&error))?;
        let (sender, connection) = http1::handshake(TokioIo::new(socket)).await.map_err(|error| failed(&error))?;
        // How the connection ends shows in what is sent over it.
        tokio::spawn(async move { _ = connection.await });
        Ok(Connection { sender, target: self.clone() })
    }

    /// One call on a connection of its own, with JSON for its answer.
    pub async fn json(&self, call: &Call) -> Result<Value, String> {
        let bytes = self.connect().await?.whole(call).await?;
        serde_json::from_slice(&bytes).map_err(|error| format!("{} {}: {error}", self.name, call.path))
    }
}

/// One kept-alive connection.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    target: Target,
}

/// A streamed answer: when each of its frames came, and its bytes.
pub struct Streamed {
    pub frames: Vec<Instant>,
    pub bytes: Vec<u8>,
}

impl Connection {
    /// Sends a call and waits for the answer's head; anything but a success is an error.
    async fn send(&mut self, call: &Call) -> Result<Response<Incoming>, String> {
        if self.sender.is_closed() {
            *self = self.target.connect().await?;
        }
        let Target { name, authority, base, key, .. } = &self.target;
        let mut request = Request::builder().method(&call.method).uri(format!("{base}{}", call.path)).header(HOST, authority);
        if let Some(key) = key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        if !call.media.is_empty() {
            request = request.header(CONTENT_TYPE, &call.media);
        }
        let request = request.body(Full::new(call.body.clone())).map_err(|error| error.to_string())?;
        self.sender.ready().await.map_err(|error| format!("{name}: {error}"))?;
        let response = self.sender.send_request(request).await.map_err(|error| format!("{name} {}: {error}", call.path))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let words = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        Err(format!("{name} {} answered {status}: {}", call.path, String::from_utf8_lossy(&words)))
    }

    /// The whole answer.
    pub async fn whole(&mut self, call: &Call) -> Result<Bytes, String> {
        let response = self.send(call).await?;
        let body = response.into_body().collect().await.map_err(|error| format!("{} {}: {error}", self.target.name, call.path))?;
        Ok(body.to_bytes())
    }

    /// The answer frame by frame, as Server-Sent Events or lines of JSON.
    pub async fn streamed(&mut self, call: &Call, keep: bool) -> Result<Streamed, String> {
        let mut body = self.send(call).await?.into_body();
        let mut out = Streamed { frames: Vec::with_capacity(512), bytes: Vec::new() };
        let mut last = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| format!("{} {}: {error}", self.target.name, call.path))?;
            let Ok(data) = frame.into_data() else { continue };
            let now = Instant::now();
            // A frame of Server-Sent Events ends with an empty line; its end may come in two pieces.
            for byte in &data {
                if *byte == b'\n' && last == b'\n' {
                    out.frames.push(now);
                }
                last = *byte;
            }
            if keep {
                out.bytes.extend_from_slice(&data);
            }
        }
        Ok(out)
    }
}
