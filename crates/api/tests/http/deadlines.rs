//! Clients that hold a connection without using it, and the limits on connections.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use transom_api::ConnectionLimits;
use transom_testkit::{Script, Upstream};

use crate::common::{Client, Server, Setup};
use crate::gateway::{chat, settings};
use crate::upstreams::openai;

/// How long a test waits for what must happen, before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

const SECOND: Duration = Duration::from_secs(1);

/// Limits that a test does not wait long for.
fn short() -> ConnectionLimits {
    ConnectionLimits { head: SECOND, keep_alive: SECOND, body: 2 * SECOND, stall: 2 * SECOND, rate: 1, ..ConnectionLimits::default() }
}

async fn server(limits: ConnectionLimits) -> Server {
    Server::with(Setup { limits, ..Setup::default() }).await
}

/// A connection on which this has been sent.
async fn connection(server: &Server, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

/// What comes until the server closes; a reset is a close too.
async fn until_closed(mut stream: TcpStream) -> String {
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    let reading = async {
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            text.extend_from_slice(&buffer[..count]);
        }
    };
    timeout(PATIENCE, reading).await.expect("the server closes the connection");
    String::from_utf8_lossy(&text).into_owned()
}

/// A connection that is kept after its first answer.
async fn answered(server: &Server) -> TcpStream {
    let mut stream = connection(server, "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let mut answer = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("an answer").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    stream
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}\r\n{body}")
}

#[actix_web::test]
async fn clients_that_announce_a_body_and_send_one_byte_are_let_go_while_others_are_answered() {
    let server = server(short()).await;
    let admin = server.admin().await;
    let request = post("/api/v1/auths/signin", "content-length: 100\r\n", "{");
    let silent = join_all((0..300).map(|_| connection(&server, &request))).await;
    assert_eq!(server.anonymous().get("/health").await.status, 200);
    assert_eq!(admin.get("/api/v1/auths/").await.status, 200);
    for answer in join_all(silent.into_iter().map(until_closed)).await {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("connection: close") && answer.contains(r#""detail":"the request's body came too slowly""#), "{answer}");
    }
    assert_eq!(admin.get("/api/v1/auths/").await.status, 200);
}

/// Sends a body a byte at a time, over four times as long as a short body that is buffered may take.
async fn drip(stream: &mut TcpStream, body: &str) {
    let pause = short().body * 4 / u32::try_from(body.len()).unwrap();
    for byte in body.bytes() {
        // A server that has refused the body may have closed its side.
        if stream.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}

#[actix_web::test]
async fn a_body_that_drips_is_refused_and_an_upload_that_goes_on_is_kept() {
    // A byte a minute would do: only the deadline for the whole is tried here.
    let server = server(ConnectionLimits { stall: PATIENCE, ..short() }).await;
    let admin = server.admin().await;

    let body = r#"{"email": "a@b.c", "password": "x"}"#;
    let mut stream = connection(&server, &post("/api/v1/auths/signin", &format!("content-length: {}\r\n", body.len()), "")).await;
    drip(&mut stream, body).await;
    assert!(until_closed(stream).await.starts_with("HTTP/1.1 408 "));

    let token = token(&admin);
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nA heron.\r\n--x--\r\n";
    let head = format!(
        "POST /api/v1/files/?process=false HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: {token}\r\n\
         content-type: multipart/form-data; boundary=x\r\ncontent-length: {}\r\n\r\n",
        form.len()
    );
    let mut stream = connection(&server, &head).await;
    drip(&mut stream, form).await;
    let answer = until_closed(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

fn token(client: &Client) -> String {
    let request = client.request(reqwest::Method::GET, "/").build().unwrap();
    request.headers()["authorization"].to_str().unwrap().to_owned()
}

#[actix_web::test]
async fn an_upload_that_stands_still_is_refused() {
    let server = server(short()).await;
    let token = token(&server.admin().await);
    let head = format!(
        "POST /api/v1/files/ HTTP/1.1\r\nhost: localhost\r\nauthorization: {token}\r\n\
         content-type: multipart/form-data; boundary=x\r\ncontent-length: 1000\r\n\r\n--x\r\n"
    );
    let answer = until_closed(connection(&server, &head).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[actix_web::test]
async fn a_body_of_chunks_that_nobody_reads_and_that_never_ends_does_not_hold_the_connection() {
    let server = server(short()).await;
    // The handler does not look at the body, and the connection waits for its end.
    let request = "GET /health HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n";
    let answer = until_closed(connection(&server, request).await).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[actix_web::test]
async fn every_head_has_a_deadline_not_only_the_first() {
    let server = server(short()).await;
    let head = "GET /health HTTP/1.1\r\nhost: localhost\r\n";
    until_closed(connection(&server, head).await).await;
    let answer = until_closed(connection(&server, &format!("{head}\r\n{head}")).await).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[actix_web::test]
async fn a_client_that_does_not_read_its_answer_is_let_go() {
    let upstream = Upstream::start().await;
    let connections = vec![openai(0, upstream.base_url())];
    let server = Server::with(Setup { limits: short(), connections, models: settings(), ..Setup::default() }).await;
    let admin = server.admin().await;
    admin.get("/api/models").await.ok();
    // More than the buffers of all sockets on the way hold.
    let part = format!("data: {}\n\n", "x".repeat(1 << 20));
    let parts: Vec<&str> = std::iter::repeat_n(part.as_str(), 64).collect();
    upstream.script(Script::raw(200, "text/event-stream", &parts));
    let left = upstream.left_count();
    let mut body = chat("gpt-4-turbo");
    body["stream"] = true.into();
    let body = body.to_string();
    let headers = format!("authorization: {}\r\ncontent-length: {}\r\n", token(&admin), body.len());
    let _unread = connection(&server, &post("/api/chat/completions", &headers, &body)).await;
    upstream.clients_left(left + 1).await;
}

#[actix_web::test]
async fn a_slow_model_does_not_end_the_connection_that_waits_for_it() {
    let upstream = Upstream::start().await;
    let connections = vec![openai(0, upstream.base_url())];
    let server = Server::with(Setup { limits: short(), connections, models: settings(), ..Setup::default() }).await;
    let admin = server.admin().await;
    admin.get("/api/models").await.ok();
    upstream.script(Script::says(&["one ", "two"]).stepped());
    let mut body = chat("gpt-4-turbo");
    body["stream"] = true.into();
    let answer = tokio::spawn(async move { admin.post("/api/chat/completions", body).await });
    let limits = short();
    tokio::time::sleep(3 * (limits.head + limits.keep_alive)).await;
    upstream.step(100);
    let answer = answer.await.unwrap();
    assert!(answer.status == 200 && answer.body.ends_with("data: [DONE]\n\n"), "{}", answer.body);
}

#[actix_web::test]
async fn connections_above_the_limit_of_an_address_are_refused_until_others_end() {
    let limits = ConnectionLimits { keep_alive: PATIENCE, per_address: Some(3), ..short() };
    let server = server(limits).await;
    // A connection that was answered has been admitted.
    let held = join_all((0..3).map(|_| answered(&server))).await;
    let request = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let refused = until_closed(connection(&server, request).await).await;
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 503 "), "{refused}");
    drop(held);
    let answered = async { while !until_closed(connection(&server, request).await).await.starts_with("HTTP/1.1 200 ") {} };
    timeout(PATIENCE, answered).await.expect("a connection is admitted once others have ended");
}
