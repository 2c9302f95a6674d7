//! The page for people: a console in the browser, which uses the public API alone.
//!
//! [`configure`] puts the page at `/` and what it loads below `/console/`; every other path stays the API's.
//! Its files are in `assets` and part of the program; a debug build reads them from there at each request, so that a change
//! shows when the page is loaded again. There is no build step: browsers load the modules as they are written.
//!
//! ```
//! use actix_web::{App, test};
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let application = test::init_service(App::new().configure(transom_console::configure)).await;
//! let page = test::call_service(&application, test::TestRequest::get().uri("/").to_request()).await;
//! assert_eq!(page.status(), 200);
//! # }
//! ```
//!
//! It knows neither accounts nor the application: all that it shows comes from calls that the browser makes.

use actix_web::http::header::{self, EntityTag, HeaderName};
use actix_web::middleware::Compress;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "assets"]
struct Assets;

/// What the page may load and be part of. Nothing is from elsewhere, nothing is inline, and no other page may show this one in a frame.
/// Images may be `data:` and `blob:`, as pictures of accounts are.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Puts the page at `/` and its files below `/console/`.
pub fn configure(config: &mut ServiceConfig) {
    let page = web::resource("/").wrap(Compress::default());
    let files = web::resource("/console/{path:.+}").wrap(Compress::default());
    config.service(page.route(web::get().to(page_itself)).route(web::head().to(page_itself)));
    config.service(files.route(web::get().to(file)).route(web::head().to(file)));
}

/// Every file that a browser may load, by its path below `/console/`; the page itself is `index.html`.
pub fn files() -> impl Iterator<Item = String> {
    Assets::iter().map(Into::into)
}

async fn page_itself(request: HttpRequest) -> HttpResponse {
    answer(&request, "index.html")
}

async fn file(request: HttpRequest, path: Path<String>) -> HttpResponse {
    answer(&request, &path)
}

fn answer(request: &HttpRequest, path: &str) -> HttpResponse {
    let Some(file) = Assets::get(path) else { return HttpResponse::NotFound().finish() };
    // Weak, because the body may be compressed or not.
    let tag = EntityTag::new_weak(hex(&file));
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    let fresh = known.split(',').any(|known| known.trim().parse::<EntityTag>().is_ok_and(|known| known.weak_eq(&tag)));
    let mut answer = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header(header::ETag(tag))
        // Asked again at each load: after an update of the server no page may mix old modules with new ones.
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((HeaderName::from_static("cross-origin-opener-policy"), "same-origin"));
    if fresh {
        return answer.finish();
    }
    answer.content_type(media_type(path)).body(file.data.into_owned())
}

/// The beginning of the file's digest.
fn hex(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
