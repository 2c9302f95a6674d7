//! Repeats the pieces of the hot path, so that `cargo xtask instructions` can count what each takes.
//!
//! Nothing here opens a socket, and nothing waits: the same piece takes the same instructions on any machine.
#![allow(clippy::unwrap_used, reason = "a piece that fails must end the count")]
#![allow(clippy::print_stdout, reason = "who counts reads what was repeated, and how often")]

mod ready;

use actix_web::dev::Service;
use actix_web::middleware::from_fn;
use actix_web::{App as Web, test};
use bytes::Bytes;
use transom_app::models::Kind;
use transom_domain::{Caller, Role};
use transom_llm::Body;

use ready::{CHAT, House, MODEL};

const PATH: &str = "/api/chat/completions";

/// The pieces, and how often each is repeated.
const PIECES: [(&str, usize); 8] =
    [("principal", 200), ("read", 200), ("rewrite", 200), ("model", 200), ("offered", 10), ("list", 10), ("pieces", 200), ("chat", 20)];

#[actix_web::main]
async fn main() {
    let house = House::build().await;
    // The routes and what surrounds them, without a socket.
    let routes = Web::new()
        .wrap(transom_api::cors(&[]))
        .wrap(from_fn(transom_api::answer))
        .wrap(transom_api::request_log())
        .configure(transom_api::limits(1 << 20))
        .configure(transom_api::configure(house.app.clone()));
    let server = test::init_service(routes).await;
    // One call, from its head to the last byte of its answer.
    let answer = async |body: &str| {
        let request = test::TestRequest::post().uri(PATH).insert_header(("authorization", format!("Bearer {}", house.key)));
        let request = request.insert_header(("content-type", "application/json")).set_payload(body.to_owned()).to_request();
        let response = server.call(request).await.unwrap();
        assert!(response.status().is_success(), "{}", response.status());
        assert!(!test::read_body(response).await.is_empty());
    };
    for (name, count) in PIECES {
        // What is done once for all is done before the count.
        piece(&house, &answer, name, 1).await;
        the_mark_between_pieces();
        piece(&house, &answer, name, count).await;
        the_mark_between_pieces();
        println!("{name} {count}");
    }
}

/// Callgrind writes what it has counted where this is called.
#[inline(never)]
fn the_mark_between_pieces() {
    std::hint::black_box(());
}

async fn piece(house: &House, answer: &impl AsyncFn(&str), name: &str, count: usize) {
    let user = Caller::new("somebody".into(), Role::User);
    let (app, body) = (&house.app, Bytes::from_static(CHAT));
    match name {
        "principal" => {
            for _ in 0..count {
                app.accounts.authenticate(&house.key, PATH).await.unwrap();
            }
        }
        "read" => {
            for _ in 0..count {
                let body = Body::parse(body.clone()).unwrap();
                body.text("model").unwrap().unwrap();
                body.get::<bool>("stream").unwrap();
            }
        }
        "rewrite" => {
            let read = Body::parse(body).unwrap();
            for _ in 0..count {
                let mut body = read.clone();
                body.remove("files");
                body.set("model", MODEL);
                body.to_bytes();
            }
        }
        "model" => {
            for _ in 0..count {
                app.models.resolve(&user, MODEL).await.unwrap().unwrap();
            }
        }
        "offered" => {
            for _ in 0..count {
                app.models.offered(&user, Kind::OpenAi).await.unwrap();
            }
        }
        "list" => {
            for _ in 0..count {
                app.models.list(&user, false).await.unwrap();
            }
        }
        // One call, of whose stream that many pieces are passed on.
        "pieces" => {
            let call = format!(r#"{{"model":"{MODEL}","stream":true,"max_tokens":{count},"messages":[]}}"#);
            answer(&call).await;
        }
        "chat" => {
            for _ in 0..count {
                answer(std::str::from_utf8(CHAT).unwrap()).await;
            }
        }
        other => panic!("there is no piece {other}"),
    }
}
