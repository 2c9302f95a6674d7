//! Connections that are held and not used, against the server with its settings.

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{Client, PASSWORD};
use crate::place::{PATIENCE, Place};

async fn sending(client: &Client, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(client.base().trim_start_matches("http://")).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// A connection that is kept after its first answer.
async fn answered(client: &Client) -> TcpStream {
    let mut stream = sending(client, b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let mut answer = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("an answer").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    stream
}

/// What comes until the server closes; a reset is a close too.
async fn until_closed(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn three_hundred_bodies_that_never_come_are_let_go_while_an_honest_sign_in_is_answered() {
    let server = Place::bare().with("TRANSOM_BODY_SECONDS", "2").with("TRANSOM_STALL_SECONDS", "2").into_server().await;
    server.client.sign_up().await;
    let head = b"POST /api/v1/auths/signin HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let silent = join_all((0..300).map(|_| sending(&server.client, head))).await;
    assert!(server.client.sign_in(crate::client::EMAIL, PASSWORD).await.is_some());
    for answer in join_all(silent.into_iter().map(until_closed)).await {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

#[tokio::test]
async fn the_limit_of_connections_is_the_one_that_is_set() {
    let server = Place::bare().with("TRANSOM_MAX_CONNECTIONS", "2").with("TRANSOM_KEEP_ALIVE_SECONDS", "3600").into_server().await;
    // A connection that was answered has been admitted.
    let _held = join_all((0..2).map(|_| answered(&server.client))).await;
    let refused =
        until_closed(sending(&server.client, b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await).await;
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 503 "), "{refused}");
}
