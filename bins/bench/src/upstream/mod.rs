//! An upstream that costs little: OpenAI's and Ollama's shapes over ready-made bytes.
//!
//! A model's name says what it answers: `tokens-100-at-50` is a hundred tokens, fifty a second where they are streamed, and as fast
//! as they go with `at-0`. A number in front of the path (`/500/v1`) is how many models are listed there.

mod answers;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::time::{Instant, Sleep};

pub use answers::{BRISK, EMBEDDER, PACED, SHORT};
use answers::{Model, Shape};

type Answer = Response<Either<Full<Bytes>, Paced>>;

/// Serves until the process ends. The address is printed once it can be asked.
#[expect(clippy::print_stdout, reason = "the bench that started it reads the address")]
pub async fn serve(port: u16) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the upstream cannot listen on port {port}: {error}");
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await.map_err(failed)?;
    println!("{}", listener.local_addr().map_err(failed)?);
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let _ = socket.set_nodelay(true);
        tokio::spawn(async move {
            // A client that breaks off is none of our business.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service_fn(answer)).await;
        });
    }
}

/// What is read of a request's body.
#[derive(Deserialize)]
struct Asked<'a> {
    model: Option<std::borrow::Cow<'a, str>>,
    stream: Option<bool>,
    #[serde(default)]
    input: serde_json::Value,
}

async fn answer(request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let (listed, path) = listed_at(parts.uri.path());
    let Ok(body) = body.collect().await else { return Ok(whole(StatusCode::BAD_REQUEST, Bytes::new())) };
    let body = body.to_bytes();
    let asked: Asked<'_> = serde_json::from_slice(&body).unwrap_or(Asked { model: None, stream: None, input: serde_json::Value::Null });
    let model = Model::named(asked.model.as_deref().unwrap_or_default());
    Ok(match path {
        "/v1/models" => whole(StatusCode::OK, answers::models(Shape::OpenAi, listed)),
        "/api/tags" => whole(StatusCode::OK, answers::models(Shape::Ollama, listed)),
        "/api/version" => whole(StatusCode::OK, Bytes::from_static(br#"{"version":"0.12.0"}"#)),
        "/api/ps" => whole(StatusCode::OK, Bytes::from_static(br#"{"models":[]}"#)),
        "/v1/embeddings" | "/api/embed" => {
            let inputs = asked.input.as_array().map_or(1, Vec::len);
            whole(StatusCode::OK, answers::embeddings(if path.starts_with("/v1") { Shape::OpenAi } else { Shape::Ollama }, inputs))
        }
        // Ollama streams unless it is told not to, OpenAI the other way round.
        "/v1/chat/completions" => chat(Shape::OpenAi, &model, asked.stream.unwrap_or(false)),
        "/api/chat" => chat(Shape::Ollama, &model, asked.stream.unwrap_or(true)),
        _ => whole(StatusCode::NOT_FOUND, Bytes::from_static(br#"{"error":{"message":"nothing here"}}"#)),
    })
}

/// How many models are listed below this path, and the path without the number.
fn listed_at(path: &str) -> (usize, &str) {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let (first, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match first.parse() {
        Ok(listed) => (listed, if after.is_empty() { "/" } else { after }),
        Err(_) => (0, path),
    }
}

fn chat(shape: Shape, model: &Model, stream: bool) -> Answer {
    if !stream {
        return whole(StatusCode::OK, answers::whole(shape, model));
    }
    let gap = (model.pace > 0).then(|| Duration::from_secs(1) / model.pace);
    let body = Paced { frames: answers::frames(shape, model), next: 0, gap, start: Instant::now(), wait: None };
    let mut response = Response::new(Either::Right(body));
    let media = if shape == Shape::OpenAi { "text/event-stream" } else { "application/x-ndjson" };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

fn whole(status: StatusCode, json: Bytes) -> Answer {
    let mut response = Response::new(Either::Left(Full::new(json)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Frames at their times: the first at once, each further one a gap later. A late one does not move those after it.
struct Paced {
    frames: answers::Frames,
    next: u32,
    gap: Option<Duration>,
    start: Instant,
    wait: Option<Pin<Box<Sleep>>>,
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let (Some(gap), 1..) = (self.gap, self.next) {
            let due = self.start + gap * self.next;
            let wait = self.wait.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            if wait.deadline() != due {
                wait.as_mut().reset(due);
            }
            if wait.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
        let frame = self.frames.at(self.next);
        self.next += 1;
        Poll::Ready(frame.map(|frame| Ok(Frame::data(frame))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_before_the_path_says_how_many_models_there_are() {
        assert_eq!(listed_at("/v1/models"), (0, "/v1/models"));
        assert_eq!(listed_at("/500/v1/models"), (500, "/v1/models"));
        assert_eq!(listed_at("/500"), (500, "/"));
    }
}
