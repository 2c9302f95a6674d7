//! What surrounds the routes: cross-origin rules, request ids, one log line a request, and JSON for every refusal.
//!
//! ```no_run
//! use actix_web::{App, middleware::from_fn, web::Data};
//!
//! # fn mount(app: Data<transom_app::App>, origins: Vec<String>) {
//! App::new()
//!     .wrap(transom_api::cors(&origins))
//!     .wrap(from_fn(transom_api::deadlines))
//!     .wrap(from_fn(transom_api::answer))
//!     .wrap(transom_api::request_log())
//!     .configure(transom_api::limits(64 << 20))
//!     .configure(transom_api::configure(app));
//! # }
//! ```

use std::panic::AssertUnwindSafe;

use actix_cors::Cors;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode, Version};
use actix_web::middleware::Next;
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{Error, HttpMessage, HttpResponse};
use futures_util::FutureExt;
use serde_json::json;
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder, TracingLogger};

use crate::ApiError;
use crate::model_call::BodyLimit;

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Cross-origin rules: none but the own origin where `origins` is empty, everybody without cookies for `*`, else those listed, with cookies.
pub fn cors(origins: &[String]) -> Cors {
    let rules = Cors::default()
        .allow_any_method()
        .allow_any_header()
        .expose_headers([REQUEST_ID, header::CONTENT_DISPOSITION])
        .block_on_origin_mismatch(false)
        .max_age(600);
    if origins.iter().any(|origin| origin == "*") {
        return rules.allow_any_origin().send_wildcard();
    }
    origins.iter().fold(rules.supports_credentials(), |rules, origin| rules.allowed_origin(origin.trim_end_matches('/')))
}

/// A span and a log line for each request, with its id. Of the address only the path is logged: queries hold names and e-mail addresses.
pub fn request_log() -> TracingLogger<RequestSpan> {
    TracingLogger::new()
}

/// The span that a request's log lines are in.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        tracing::info_span!("request", request_id = %id, method = %request.method(), path = %request.path())
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        tracing::info!(parent: &span, status = status.as_u16(), "request answered");
    }
}

/// Puts the request's id on the answer, and a JSON body on refusals that actix-web itself makes.
/// A handler that panics is answered with a 500; without this the connection would just close.
pub async fn answer(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = request.extensions().get::<RequestId>().map_or_else(|| uuid::Uuid::new_v4().to_string(), ToString::to_string);
    // Nothing of a handler that panicked is used afterwards.
    let called = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let called = called.unwrap_or_else(|_| Err(ApiError::from(transom_app::Error::internal("a handler panicked")).into()));
    let mut response = called?.map_into_boxed_body();
    if let Some(detail) = unsaid(&response) {
        response = response.map_body(|head, _| {
            head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            BoxBody::new(json!({ "detail": detail }).to_string())
        });
    }
    end_by_close(&mut response);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}

/// HTTP/1.0 knows no chunks: a body of unknown length ends with the connection.
fn end_by_close(response: &mut ServiceResponse<BoxBody>) {
    if response.request().version() < Version::HTTP_11 && response.response().body().size() == BodySize::Stream {
        let head = response.response_mut().head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
}

/// The sentence for a refusal that has no JSON body yet.
fn unsaid(response: &ServiceResponse<BoxBody>) -> Option<&'static str> {
    let status = response.status();
    let from_actix = response.response().error().is_some_and(|error| error.as_error::<ApiError>().is_none());
    let empty = matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    if !(status.is_client_error() || status.is_server_error()) || !(from_actix || empty) {
        return None;
    }
    Some(match status {
        StatusCode::NOT_FOUND => "there is nothing at this address",
        StatusCode::METHOD_NOT_ALLOWED => "Method Not Allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "the request's body is larger than this server takes",
        StatusCode::UNPROCESSABLE_ENTITY => "the request does not have the shape that is expected here",
        StatusCode::BAD_REQUEST => "the request cannot be read",
        status => status.canonical_reason().unwrap_or("the request was refused"),
    })
}

/// Limits of bodies, and the answer where there is nothing. `max_body` is in bytes; uploads have a limit of their own.
pub fn limits(max_body: usize) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(PayloadConfig::new(max_body)).app_data(BodyLimit(max_body)).default_service(web::to(nowhere));
    }
}

async fn nowhere() -> HttpResponse {
    HttpResponse::NotFound().json(json!({"detail": "there is nothing at this address"}))
}
