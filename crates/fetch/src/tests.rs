//! Against real connections: servers on the loopback, names that a table resolves, and a judge to whom 127.0.0.1 is the public
//! internet and everything else what it is.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{FetchError, FetchSettings, Fetcher, Reach};

/// 64 MiB of zeros.
const BROTLI_BOMB: &str = "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3ffeffffc13f0110870500baf77ffcffff837f02200e0b0074effff8ffff07ff04401c1600e8defff1ffff0ffe0980382c00d0bdffe3ffff1ffc1300715800a07bff37";

/// A server that answers each path with bytes from a table, and keeps what it was asked.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answers: &[(&'static str, String)]) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST, answers).await
    }

    async fn start_at(ip: Ipv4Addr, answers: &[(&'static str, String)]) -> Self {
        let answers = answers.iter().map(|(path, answer)| (*path, answer.clone().into_bytes())).collect();
        Self::serve(TcpListener::bind((ip, 0)).await.unwrap(), answers)
    }

    fn serve(listener: TcpListener, answers: HashMap<&'static str, Vec<u8>>) -> Self {
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let (answers, log) = (Arc::new(answers), asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, answers.clone(), log.clone()));
            }
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, answers: Arc<HashMap<&'static str, Vec<u8>>>, asked: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    asked.lock().unwrap().push(head);
    if let Some(answer) = answers.get(path.as_str()) {
        let _ = stream.write_all(answer).await;
    }
    if path.starts_with("/drip") {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    if path.starts_with("/silent") {
        std::future::pending::<()>().await;
    }
}

fn ok(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

fn to(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
}

/// Resolves names from a table; counts how often it was asked.
#[derive(Default)]
struct Table {
    names: HashMap<&'static str, Vec<&'static str>>,
    asked: AtomicUsize,
}

impl Resolve for Table {
    fn resolve(&self, name: Name) -> Resolving {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found =
            self.names.get(name.as_str()).map(|found| found.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect::<Vec<_>>());
        Box::pin(async move {
            let found = found.ok_or_else(|| std::io::Error::other("the name is not known"))?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A fetcher to which 127.0.0.1 is public, and names are what the table says.
fn outside(settings: FetchSettings, names: &[(&'static str, &[&'static str])]) -> Fetcher {
    let names = names.iter().map(|(name, found)| (*name, found.to_vec())).collect();
    let judge = |address: IpAddr| address == IpAddr::V4(Ipv4Addr::LOCALHOST) || Reach::Public.admits(address);
    Fetcher::with(settings, Arc::new(Table { names, ..Table::default() }), Arc::new(judge)).unwrap()
}

fn opened(settings: FetchSettings) -> Fetcher {
    Fetcher::new(FetchSettings { reach: Reach::Local, ..settings }).unwrap()
}

fn is_forbidden(result: &Result<crate::Document, FetchError>) -> bool {
    matches!(result, Err(FetchError::Forbidden { .. }))
}

#[tokio::test]
async fn a_page_comes_with_its_bytes_media_type_and_charset() {
    let server = Server::start(&[("/page", ok("Content-Type: text/HTML; charset=ISO-8859-2\r\n", "<p>hello"))]).await;
    let document = opened(FetchSettings::default()).fetch(&server.url("/page#top")).await.unwrap();
    assert_eq!(&document.bytes[..], b"<p>hello");
    assert_eq!((document.media_type.as_deref(), document.charset.as_deref()), (Some("text/html"), Some("iso-8859-2")));
    assert_eq!(document.url.as_str(), server.url("/page#top"));
}

#[tokio::test]
async fn closed_addresses_are_refused_in_every_spelling_and_nobody_is_asked() {
    let server = Server::start(&[("/", ok("", "secret"))]).await;
    let port = server.address.port();
    let fetcher = Fetcher::new(FetchSettings::default()).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "localhost",
        "LOCALHOST",
        "10.0.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00::1]",
    ] {
        let result = fetcher.fetch(&format!("http://{host}:{port}/")).await;
        assert!(is_forbidden(&result), "{host}: {result:?}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn metadata_stays_closed_where_private_addresses_are_opened() {
    let fetcher = opened(FetchSettings::default());
    for host in ["169.254.169.254", "0xa9fea9fe", "[::ffff:169.254.169.254]", "168.63.129.16", "[fd00:ec2::254]", "0.0.0.0", "224.0.0.1"] {
        let result = fetcher.fetch(&format!("http://{host}/latest/meta-data/")).await;
        assert!(is_forbidden(&result), "{host}: {result:?}");
    }
}

#[tokio::test]
async fn what_is_no_web_address_is_refused() {
    let fetcher = opened(FetchSettings::default());
    for address in [
        "",
        "example.com",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://127.0.0.1:70/",
        "data:text/plain,x",
        "unix:/run/docker.sock",
        "http://",
        "http://user@example.com/",
        "http://user:pass@example.com/",
        "http://:pass@example.com/",
    ] {
        let result = fetcher.fetch(address).await;
        assert!(matches!(result, Err(FetchError::Address(_))), "{address}: {result:?}");
    }
}

#[tokio::test]
async fn a_name_is_asked_at_the_address_that_was_judged() {
    let server = Server::start(&[("/", ok("", "hello"))]).await;
    let fetcher = outside(FetchSettings::default(), &[("site.test", &["127.0.0.1"])]);
    let document = fetcher.fetch(&format!("http://site.test:{}/", server.address.port())).await.unwrap();
    assert_eq!(&document.bytes[..], b"hello");
    assert!(server.asked()[0].contains(&format!("host: site.test:{}", server.address.port())));
}

#[tokio::test]
async fn a_name_with_one_closed_address_among_its_addresses_is_refused() {
    let server = Server::start(&[("/", ok("", "hello"))]).await;
    for (first, second) in [("127.0.0.1", "10.0.0.1"), ("10.0.0.1", "127.0.0.1"), ("127.0.0.1", "::1"), ("127.0.0.1", "::ffff:10.0.0.1")] {
        let fetcher = outside(FetchSettings::default(), &[("mixed.test", &[first, second])]);
        let result = fetcher.fetch(&format!("http://mixed.test:{}/", server.address.port())).await;
        assert!(is_forbidden(&result), "{first} {second}: {result:?}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_name_nobody_knows_and_a_port_nobody_listens_on_are_said_to_be_unreachable() {
    // Bound, so that no other test gets the port, and without a listener.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let closed = held.local_addr().unwrap();
    let fetcher = outside(FetchSettings::default(), &[]);
    for address in ["http://nobody.test/".to_owned(), format!("http://{closed}/")] {
        let result = fetcher.fetch(&address).await;
        assert!(matches!(result, Err(FetchError::Unreachable { .. })), "{address}: {result:?}");
    }
}

#[tokio::test]
async fn redirects_are_followed_without_cookies_or_referer() {
    let server = Server::start(&[("/a", to("/b?x=1")), ("/b?x=1", to("c")), ("/c", ok("", "there"))]).await;
    let document = opened(FetchSettings::default()).fetch(&server.url("/a")).await.unwrap();
    assert_eq!((&document.bytes[..], document.url.path()), (&b"there"[..], "/c"));
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    for head in asked {
        let head = head.to_lowercase();
        assert!(!head.contains("cookie") && !head.contains("referer") && !head.contains("authorization"), "{head}");
    }
}

#[tokio::test]
async fn a_redirect_to_a_closed_address_is_refused_and_nobody_is_asked() {
    let inside = Server::start_at(Ipv4Addr::new(127, 0, 0, 2), &[("/", ok("", "secret"))]).await;
    let port = inside.address.port();
    let targets = [
        format!("http://127.0.0.2:{port}/"),
        format!("http://0x7f000002:{port}/"),
        format!("//127.0.0.2:{port}/"),
        format!("http://[::ffff:127.0.0.2]:{port}/"),
        format!("http://inside.test:{port}/"),
        format!("http://mixed.test:{port}/"),
        "http://169.254.169.254/latest/".to_owned(),
    ];
    for target in targets {
        let server = Server::start(&[("/", to(&target))]).await;
        let names: [(&str, &[&str]); 2] = [("inside.test", &["127.0.0.2"]), ("mixed.test", &["127.0.0.1", "127.0.0.2"])];
        let result = outside(FetchSettings::default(), &names).fetch(&server.url("/")).await;
        assert!(is_forbidden(&result), "{target}: {result:?}");
        assert_eq!(server.asked().len(), 1);
    }
    assert!(inside.asked().is_empty());
}

#[tokio::test]
async fn a_redirect_away_from_the_web_or_with_a_password_is_refused() {
    for target in ["file:///etc/passwd", "ftp://127.0.0.1/", "http://user:pass@127.0.0.1/"] {
        let server = Server::start(&[("/", to(target))]).await;
        let result = opened(FetchSettings::default()).fetch(&server.url("/")).await;
        assert!(matches!(result, Err(FetchError::Address(_))), "{target}: {result:?}");
    }
}

#[tokio::test]
async fn redirects_without_an_end_are_cut() {
    let server = Server::start(&[("/", to("/"))]).await;
    let result = opened(FetchSettings { redirects: 3, ..FetchSettings::default() }).fetch(&server.url("/")).await;
    assert!(matches!(result, Err(FetchError::Broken { .. })), "{result:?}");
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status() {
    let server = Server::start(&[("/", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno".to_owned())]).await;
    let result = opened(FetchSettings::default()).fetch(&server.url("/")).await;
    assert!(matches!(result, Err(FetchError::Status { status: 404, .. })), "{result:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_cut_whether_it_says_so_or_not() {
    let honest = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1_u64 << 40);
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(3000));
    let server = Server::start(&[("/honest", honest), ("/endless", endless), ("/fits", ok("", &"x".repeat(1000)))]).await;
    let fetcher = opened(FetchSettings { max_size: 1000, ..FetchSettings::default() });
    for path in ["/honest", "/endless"] {
        assert_eq!(fetcher.fetch(&server.url(path)).await.unwrap_err(), FetchError::TooLarge { limit: 1000 }, "{path}");
    }
    assert_eq!(fetcher.fetch(&server.url("/fits")).await.unwrap().bytes.len(), 1000);
}

#[tokio::test]
async fn a_decompression_bomb_is_cut() {
    let bomb = hex::decode(BROTLI_BOMB).unwrap();
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: {}\r\n\r\n", bomb.len()).into_bytes();
    answer.extend_from_slice(&bomb);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let server = Server::serve(listener, HashMap::from([("/bomb", answer)]));
    let limit = 1024 * 1024;
    let fetcher = opened(FetchSettings { max_size: limit, ..FetchSettings::default() });
    assert_eq!(fetcher.fetch(&server.url("/bomb")).await.unwrap_err(), FetchError::TooLarge { limit });
    let whole = opened(FetchSettings::default());
    assert_eq!(whole.fetch(&server.url("/bomb")).await.unwrap_err(), FetchError::TooLarge { limit: FetchSettings::default().max_size });
}

#[tokio::test]
async fn a_compression_that_was_not_asked_for_or_is_damaged_is_refused() {
    let server =
        Server::start(&[("/zstd", ok("Content-Encoding: zstd\r\n", "x")), ("/gzip", ok("Content-Encoding: gzip\r\n", "no gzip"))]).await;
    for path in ["/zstd", "/gzip"] {
        let result = opened(FetchSettings::default()).fetch(&server.url(path)).await;
        assert!(matches!(result, Err(FetchError::Broken { .. })), "{path}: {result:?}");
    }
}

#[tokio::test]
async fn a_slow_drip_and_a_silent_server_are_ended() {
    let head = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
    let server = Server::start(&[("/drip", head.clone()), ("/silent", head), ("/silent-from-the-start", String::new())]).await;
    let fetcher = opened(FetchSettings { timeout: Duration::from_millis(300), ..FetchSettings::default() });
    for path in ["/drip", "/silent", "/silent-from-the-start"] {
        let result = fetcher.fetch(&server.url(path)).await;
        assert!(matches!(result, Err(FetchError::TimedOut { .. })), "{path}: {result:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let server = Server::start(&[("/", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort".to_owned())]).await;
    let result = opened(FetchSettings::default()).fetch(&server.url("/")).await;
    assert!(result.is_err(), "{result:?}");
}
