//! The description over HTTP: `/openapi.json`, and a page to read and try it on, `/docs`.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{self, Bytes, ServiceConfig};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::reply;

/// Made at the first request for it, and kept.
static DESCRIPTION: LazyLock<Bytes> = LazyLock::new(|| super::description().to_string().into());

/// Mounts `/openapi.json` and `/docs`, whose files are all in the binary. Mount it where the description may be seen.
pub fn documentation(config: &mut ServiceConfig) {
    config
        .route("/openapi.json", web::get().to(openapi))
        .route("/docs", web::get().to(page))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json").persist_authorization(true)));
}

async fn openapi() -> HttpResponse {
    reply::written(DESCRIPTION.clone())
}

/// The page's own files are beside it, so its address must end in a slash.
async fn page() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, "docs/")).finish()
}
