//! What makes a server busy, with `/health` measured beside it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::health::Health;
use super::http::Request;
use super::report::Report;
use super::rules::Who;
use super::server::{BODY_SECONDS, Server};
use super::upstream::MODEL;
use super::victim::Stage;

/// What a request that is refused by its head may add to the server's memory, in MB.
const MEMORY: u64 = 32;

/// Threads that sign in.
const SIGNING_IN: usize = 32;

/// The cases of one run.
pub struct Pressure<'a> {
    pub server: &'a mut Server,
    pub stage: &'a Stage,
    pub report: &'a mut Report,
    /// How many times as much as in continuous integration.
    pub scale: usize,
}

impl Pressure<'_> {
    pub fn run(mut self) -> Result<(), String> {
        self.bodies_without_a_credential();
        self.silent_bodies();
        self.sign_ins();
        let (file, collection) = (&self.stage.shared.file, &self.stage.shared.collection);
        let same = json!({"type": "file", "id": file});
        let full = json!({"type": "collection", "id": collection, "context": "full"});
        let members: Map<String, Value> = (0..40_000).map(|number| (format!("k{number}"), json!(number))).collect();
        let cases = [
            ("one file 1,000 times", chat(json!({"files": vec![same; 1_000]}))),
            ("one collection whole 300 times", chat(json!({"files": vec![full; 300]}))),
            ("an object of 40,000 members", chat(Value::Object(members))),
            ("arrays in arrays, 10,000 deep", deep_chat()),
        ];
        for (name, body) in cases {
            self.chat(name, body);
        }
        Ok(())
    }

    /// Runs a case, and writes its line.
    fn case(&mut self, name: &str, work: impl FnOnce() -> String) -> String {
        let health = Health::watch(self.server.address);
        let begin = Instant::now();
        let done = work();
        let elapsed = begin.elapsed();
        let times = health.end();
        if times.are_bad() {
            self.report.finding(format!("{name}: other requests wait"), &times);
        }
        self.report.row(name, format!("{done} in {:.1} s", elapsed.as_secs_f64()), times.to_string());
        done
    }

    /// Clients that announce a body, send a byte of it and keep the connection.
    fn silent_bodies(&mut self) {
        let (address, count) = (self.server.address, 300 * self.scale);
        let held = self.case("bodies of one byte", || {
            let head =
                b"POST /api/v1/auths/signin HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
            let open = || {
                let mut stream = TcpStream::connect(address).ok()?;
                stream.write_all(head).ok()?;
                stream.set_read_timeout(Some(Duration::from_secs(10 * BODY_SECONDS))).ok()?;
                Some(stream)
            };
            let streams: Vec<TcpStream> = (0..count).filter_map(|_| open()).collect();
            let opened = streams.len();
            let is_held = |mut stream: TcpStream| stream.read_to_end(&mut Vec::new()).is_err_and(|error| is_timeout(&error));
            // The first that is held costs the whole wait, and the others would too.
            let held = streams.into_iter().find_map(|stream| is_held(stream).then_some(()));
            format!("{opened} connections{}", if held.is_some() { ", held for ever" } else { "" })
        });
        if held.ends_with("held for ever") {
            self.report.finding("a body that never comes holds its connection", "POST /api/v1/auths/signin, content-length: 100, one byte");
        }
    }

    /// Many who sign in with a wrong password, and leave before the answer.
    fn sign_ins(&mut self) {
        let (address, failed) = (self.server.address, Arc::new(AtomicUsize::new(0)));
        let count = 6 * self.scale;
        let wrong = failed.clone();
        self.case("a flood of sign-ins", move || {
            let one = move |thread: usize| {
                for number in 0..count {
                    let account = json!({"email": format!("nobody{thread}-{number}@example.com"), "password": "wrong"});
                    let request = Request::new("POST", "/api/v1/auths/signin").json(&account);
                    if number % 2 == 0 {
                        let _ = TcpStream::connect(address).and_then(|mut stream| stream.write_all(&request.bytes()));
                    } else if request.send(address).map_or(true, |answer| answer.status >= 500) {
                        wrong.fetch_add(1, Ordering::Relaxed);
                    }
                }
            };
            std::thread::scope(|scope| {
                for thread in 0..SIGNING_IN {
                    let one = one.clone();
                    scope.spawn(move || one(thread));
                }
            });
            format!("{} sign-ins", SIGNING_IN * count)
        });
        if failed.load(Ordering::Relaxed) > 0 {
            let count = failed.load(Ordering::Relaxed);
            self.report.finding("a sign-in is not answered, or as the server's own failure", format!("{count} of them in a flood"));
        }
    }

    /// Large bodies for routes that need a credential, or that take small ones only.
    fn bodies_without_a_credential(&mut self) {
        let (address, before) = (self.server.address, self.server.peak_memory());
        for path in ["/api/v1/auths/signin", "/api/chat/completions", "/api/v1/files/"] {
            let done = self.case(&format!("64 MB for {path}, nobody's"), || {
                let body = format!("{{\"email\": \"{}\"}}", "x".repeat((64 << 20) - 16));
                match Request::new("POST", path).body("application/json", body.into_bytes()).send(address) {
                    Ok(answer) => format!("{}", answer.status),
                    // A server that closes before it has read everything may take its answer along.
                    Err(_) => "refused by closing".to_owned(),
                }
            });
            if done.starts_with('2') || done.starts_with('5') {
                self.report.finding("64 MB are taken from nobody", format!("POST {path} → {done}"));
            }
        }
        let grown = self.server.peak_memory().saturating_sub(before);
        self.report.row("memory for 64 MB bodies, nobody's", "3 requests", format!("{grown} MB more at peak"));
        if grown > MEMORY {
            self.report.finding("bodies are kept in memory for whoever has no credential", format!("{grown} MB more for three bodies"));
        }
    }

    /// A conversation that costs the server more than its sender.
    fn chat(&mut self, name: &str, body: Vec<u8>) {
        let request = Request::new("POST", "/api/chat/completions").bearing(self.stage.credential(Who::Reader));
        let request = request.body("application/json", body);
        let address = self.server.address;
        let done = self.case(name, || match request.send(address) {
            Ok(answer) => format!("{}, {} KB", answer.status, answer.body.len() / 1024),
            Err(_) => "no answer".to_owned(),
        });
        if done.starts_with('5') || done.starts_with("no answer") {
            self.report.finding(format!("{name}: {done}"), &request);
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

fn chat(more: Value) -> Vec<u8> {
    let mut body = json!({"model": MODEL, "messages": [{"role": "user", "content": "What is in my documents?"}]});
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body.to_string().into_bytes()
}

fn deep_chat() -> Vec<u8> {
    let (open, close) = ("[".repeat(10_000), "]".repeat(10_000));
    let body = format!("{{\"files\":[{{\"type\":\"file\",\"id\":\"x\"}}],\"deep\":{open}{close},");
    [body.as_bytes(), &chat(json!({}))[1..]].concat()
}
