//! HTTP/1.1 written by hand: an attacker sends what no client library would.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The longest wait for a part of an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The same where Python may have to be set up first.
const LONG_PATIENCE: Duration = Duration::from_secs(300);

/// No answer that is looked at is longer.
const LONGEST: u64 = 64 << 20;

/// One request, as it is sent.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    /// Path and query, escaped already.
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.into(), target: target.into(), ..Self::default() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a credential, where there is one.
    pub fn bearing(self, credential: &str) -> Self {
        if credential.is_empty() { self } else { self.header("authorization", &format!("Bearer {credential}")) }
    }

    pub fn json(self, body: &serde_json::Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    pub fn body(mut self, media: &str, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self.header("content-type", media)
    }

    /// Its head and body.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if let Some(body) = &self.body {
            bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
            bytes.extend_from_slice(body);
        } else {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }

    /// Sends it and reads the whole answer.
    pub fn send(&self, to: SocketAddr) -> Result<Answer, String> {
        exchange(to, &self.bytes(), PATIENCE).map_err(|error| format!("{self}: {error}"))
    }

    /// The same for what may take minutes.
    pub fn send_patiently(&self, to: SocketAddr) -> Result<Answer, String> {
        exchange(to, &self.bytes(), LONG_PATIENCE).map_err(|error| format!("{self}: {error}"))
    }
}

impl std::fmt::Display for Request {
    /// In one line, cut where it is long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut = |bytes: &[u8], most: usize| bytes[..bytes.len().min(most)].escape_ascii().to_string();
        write!(f, "{} {}", self.method, cut(self.target.as_bytes(), 200))?;
        for (name, value) in self.headers.iter().filter(|(name, _)| name != "authorization") {
            write!(f, " {name}: {}", cut(value, 60))?;
        }
        let Some(body) = &self.body else { return Ok(()) };
        write!(f, " | {} bytes: {}", body.len(), cut(body, 400))
    }
}

impl Answer {
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Sends bytes and reads the answer to its end.
fn exchange(to: SocketAddr, bytes: &[u8], patience: Duration) -> Result<Answer, String> {
    let said = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE).map_err(said)?;
    stream.set_read_timeout(Some(patience)).map_err(said)?;
    stream.set_write_timeout(Some(patience)).map_err(said)?;
    // A server that refuses a request by its head may close before it has read the body; its answer counts.
    let sent = stream.write_all(bytes);
    let mut answer = Vec::new();
    let read = stream.take(LONGEST).read_to_end(&mut answer);
    match parse(&answer) {
        Some(answer) => Ok(answer),
        None => Err(format!("no answer: sent {sent:?}, read {read:?}")),
    }
}

/// An answer without interim ones; nothing where it has no whole head.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let body = &bytes[end + 4..];
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    if status == 100 {
        return parse(body);
    }
    let body = if head.contains("\r\ntransfer-encoding: chunked") { unchunked(body) } else { body.to_vec() };
    Some(Answer { status, body })
}

/// The chunks' content, as far as they are whole.
fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let Some(size) = std::str::from_utf8(&bytes[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok()) else { break };
        let Some(chunk) = bytes.get(end + 2..end + 2 + size).filter(|chunk| !chunk.is_empty()) else { break };
        content.extend_from_slice(chunk);
        bytes = bytes.get(end + 2 + size + 2..).unwrap_or_default();
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_interim_answers_are_skipped() {
        let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        let answer = parse(bytes).map(|answer| (answer.status, answer.body));
        assert_eq!(answer, Some((200, b"abcde".to_vec())));
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_none());
    }
}
