//! Answers that are not ours, on their way to the client.

use actix_web::HttpResponse;
use actix_web::web::Bytes;

/// JSON that is written already.
pub(crate) fn json(bytes: Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(bytes)
}
