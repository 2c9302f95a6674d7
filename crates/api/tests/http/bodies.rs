//! Bodies of callers who have not proved who they are.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::Bytes;
use actix_web::{App, dev::Service};
use futures_util::Stream;
use reqwest::Method;
use serde_json::json;
use transom_app::accounts::AccountsConfig;

use crate::common::{ADMIN, Answer, PASSWORD, Server, Setup, text};

/// A body that notes whether anybody asked for it.
struct Watched(Arc<AtomicBool>);

impl Stream for Watched {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.store(true, Ordering::Relaxed);
        Poll::Ready(None)
    }
}

/// What answers without a credential, and takes no body.
const OPEN: &[&str] =
    &["/api/config", "/api/v1/auths/signout", "/api/version", "/health", "/health/db", "/ollama", "/ollama/", "/ready", "/user.png"];

/// What takes a body without a credential.
const PUBLIC: &[&str] = &["/api/v1/auths/signin", "/api/v1/auths/signup"];

/// A path of a route: `x` for each part that varies, or a number where only that fits.
fn filled(route: &str) -> String {
    let mut path = String::new();
    let mut rest = route;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').expect("a closed part");
        path.push_str(before);
        path.push_str(if name.contains("\\d") { "0" } else { "x" });
        rest = after;
    }
    path + rest
}

#[actix_web::test]
async fn no_route_reads_a_body_before_it_knows_who_sends_it() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (pending, _) = server.account(&admin, "pen", "pending").await;
    let pending = format!("Bearer {}", text(&pending.get("/api/v1/auths/").await.ok()["token"]));
    let routes = App::new().wrap(from_fn(transom_api::answer)).configure(transom_api::limits(1 << 20));
    let routes = init_service(routes.configure(transom_api::configure(server.app.clone()))).await;
    let (mut open, mut public) = (BTreeSet::new(), BTreeSet::new());
    let mut refused = 0;
    for credential in [None, Some("Bearer nonsense"), Some("Bearer sk-00000000000000000000000000000000"), Some(pending.as_str())] {
        for (method, route) in transom_api::routes() {
            let mut request = TestRequest::with_uri(&filled(&route)).method(method.clone());
            request = request.insert_header((CONTENT_TYPE, "multipart/form-data; boundary=x")).insert_header((CONTENT_LENGTH, 100));
            if let Some(credential) = credential {
                request = request.insert_header((AUTHORIZATION, credential));
            }
            let read = Arc::new(AtomicBool::new(false));
            let body: Payload = Payload::Stream { payload: Box::pin(Watched(read.clone())) };
            let (request, _) = request.to_request().replace_payload(body);
            let answer = routes.call(request).await.expect("an answer");
            let status = answer.status().as_u16();
            if read.load(Ordering::Relaxed) {
                public.insert(route);
            } else if status == 401 {
                refused += 1;
            } else if credential.is_none() {
                open.insert(route);
            }
        }
    }
    assert!(refused > 500, "{refused}");
    assert_eq!(public.iter().map(String::as_str).collect::<Vec<_>>(), PUBLIC);
    assert_eq!(open.iter().map(String::as_str).collect::<Vec<_>>(), OPEN);
}

#[actix_web::test]
async fn nobody_signs_in_or_up_with_a_large_body() {
    let server = Server::start().await;
    let routes = init_service(App::new().configure(transom_api::configure(server.app.clone()))).await;
    for path in PUBLIC {
        let read = Arc::new(AtomicBool::new(false));
        let body: Payload = Payload::Stream { payload: Box::pin(Watched(read.clone())) };
        let request =
            TestRequest::post().uri(path).insert_header((CONTENT_LENGTH, 64 << 20)).insert_header((CONTENT_TYPE, "application/json"));
        let answer = routes.call(request.to_request().replace_payload(body).0).await.expect("an answer");
        assert_eq!((answer.status().as_u16(), read.load(Ordering::Relaxed)), (413, false), "{path}");
        // One that does not say how large it is.
        let pieces = (0..64).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024]));
        let endless = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        let request = server.anonymous().request(Method::POST, path).header("content-type", "application/json").body(endless);
        Answer::of(request).await.refused(413);
    }
}

#[actix_web::test]
async fn a_page_of_another_origin_signs_nobody_in_with_a_form() {
    let accounts = AccountsConfig { trusted_origins: vec!["https://app.example".to_owned()], ..AccountsConfig::default() };
    let server = Server::with(Setup { accounts, ..Setup::default() }).await;
    server.admin().await;
    let own = server.base.clone();
    let sign_in = |origin: Option<&str>, media: Option<&str>| {
        let body = json!({"email": ADMIN, "password": PASSWORD}).to_string();
        let mut request = server.anonymous().request(Method::POST, "/api/v1/auths/signin").body(body);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        if let Some(media) = media {
            request = request.header("content-type", media);
        }
        Answer::of(request)
    };
    for media in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("text/plain; a=application/json")] {
        for origin in ["https://evil.example", "null"] {
            let refused = sign_in(Some(origin), media).await;
            refused.refused(403);
            assert!(refused.header("set-cookie").is_none());
        }
        // Programs, and pages that may.
        for origin in [None, Some(own.as_str()), Some("https://app.example")] {
            sign_in(origin, media).await.ok();
        }
    }
    // A browser asks first whether another origin may send this, and CORS_ALLOW_ORIGIN decides.
    sign_in(Some("https://evil.example"), Some("application/json; charset=utf-8")).await.ok();
    let sign_up = server.anonymous().request(Method::POST, "/api/v1/auths/signup").header("origin", "https://evil.example");
    let body = json!({"name": "X", "email": "x@example.com", "password": PASSWORD}).to_string();
    Answer::of(sign_up.header("content-type", "text/plain").body(body)).await.refused(403);
}
