//! Clients of HTTP/1.0, such as proxies with their usual settings: they know no chunks.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use transom_testkit::Script;

use crate::gateway::{Gateway, chat};

const EVENTS: [&str; 2] = ["data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n", "data: [DONE]\n\n"];

async fn ask(gateway: &Gateway, stream: bool) -> TcpStream {
    let credential = gateway.admin.request(reqwest::Method::GET, "/").build().unwrap().headers()["authorization"].clone();
    let mut body = chat("gpt-4-turbo");
    body["stream"] = stream.into();
    let body = body.to_string();
    let request = format!(
        "POST /api/chat/completions HTTP/1.0\r\nconnection: keep-alive\r\ncontent-type: application/json\r\nauthorization: {}\r\n\
         content-length: {}\r\n\r\n{body}",
        credential.to_str().unwrap(),
        body.len()
    );
    let mut socket = TcpStream::connect(gateway.server.base.trim_start_matches("http://")).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

/// Reads until this has come, which must be before the connection ends.
async fn read_until(socket: &mut TcpStream, text: &mut String, end: &str) {
    while !text.contains(end) {
        let mut buffer = [0; 4096];
        let count = socket.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the connection ended after {text}");
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
}

#[actix_web::test]
async fn an_http_1_0_client_gets_a_stream_as_it_comes_without_chunks_ended_by_the_connection() {
    let gateway = Gateway::start().await;
    gateway.upstream.script(Script::raw(200, "text/event-stream", &EVENTS).stepped());
    let mut socket = ask(&gateway, true).await;
    let mut text = String::new();
    gateway.upstream.step(1);
    read_until(&mut socket, &mut text, EVENTS[0]).await;
    assert!(!text.contains("[DONE]"), "{text}");
    gateway.upstream.step(1);
    socket.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 "), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(!head.contains("transfer-encoding") && !head.contains("keep-alive"), "{head}");
    assert_eq!(body, EVENTS.concat());
}

#[actix_web::test]
async fn an_http_1_0_client_gets_a_whole_answer_without_chunks() {
    let gateway = Gateway::start().await;
    let whole = r#"{"id":"x","choices":[]}"#;
    gateway.upstream.script(Script::raw(200, "application/json", &[whole]));
    let mut socket = ask(&gateway, false).await;
    let mut text = String::new();
    read_until(&mut socket, &mut text, whole).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
    assert_eq!(body, whole);
}
