//! The gateway's routes alone, for an application that has accounts of its own.

use std::future::Future;
use std::rc::Rc;

use actix_web::HttpRequest;
use actix_web::web::{Data, PayloadConfig, ServiceConfig};
use transom_app::Gateway;
use transom_domain::Caller;

use crate::ApiError;
use crate::credentials::Extraction;
use crate::routes::gateway_table;

/// A body's size at most, in bytes, where the application says no other: conversations with pictures are large.
const LARGEST_BODY: usize = 64 << 20;

/// Who calls, by the word of the application around the gateway.
#[derive(Clone)]
pub(crate) struct Callers(Rc<dyn Fn(HttpRequest) -> Extraction<Caller>>);

impl Callers {
    pub(crate) fn ask(&self, request: HttpRequest) -> Extraction<Caller> {
        (self.0)(request)
    }
}

/// Mounts the routes that reach models: `/api/models`, `/api/chat/completions`, `/api/embeddings`, `/openai/…` and `/ollama/…`, below
/// whatever scope they are configured in.
///
/// `who` says for each request who calls, or refuses it; nothing of a body is read before. What administrators alone may do, changing an
/// Ollama's models say, is for callers whose role is `Role::Admin`; a caller whose role is `Role::Pending` may do nothing.
///
/// Bodies may have 64 MiB; a `PayloadConfig` that the scope is given afterwards says otherwise, save for forms.
///
/// ```
/// use actix_web::http::StatusCode;
/// use actix_web::{App, HttpRequest, test, web};
/// use transom_api::ApiError;
/// use transom_app::Gateway;
/// use transom_domain::{Caller, Role};
///
/// async fn who(request: HttpRequest) -> Result<Caller, ApiError> {
///     match request.headers().get("x-badge") {
///         Some(badge) if badge == "ada" => Ok(Caller::new("ada".into(), Role::User)),
///         _ => Err(ApiError::new(StatusCode::UNAUTHORIZED, "show your badge")),
///     }
/// }
///
/// # #[actix_web::main]
/// # async fn main() {
/// let gateway = Gateway::open(Vec::new()); // of no upstream yet
/// let scope = web::scope("/ai").configure(transom_api::gateway(gateway, who));
/// let application = test::init_service(App::new().service(scope)).await;
///
/// let stranger = test::TestRequest::get().uri("/ai/api/models").to_request();
/// assert_eq!(test::call_service(&application, stranger).await.status(), 401);
/// let ada = test::TestRequest::get().uri("/ai/api/models").insert_header(("x-badge", "ada")).to_request();
/// assert_eq!(test::call_and_read_body(&application, ada).await, r#"{"data":[]}"#);
/// # }
/// ```
pub fn gateway<F, A>(gateway: Gateway, who: F) -> impl FnOnce(&mut ServiceConfig)
where
    F: Fn(HttpRequest) -> A + 'static,
    A: Future<Output = Result<Caller, ApiError>> + 'static,
{
    let callers = Callers(Rc::new(move |request| Box::pin(who(request))));
    move |config| {
        config.app_data(Data::new(gateway)).app_data(callers).app_data(PayloadConfig::new(LARGEST_BODY));
        gateway_table().mount(config);
    }
}
