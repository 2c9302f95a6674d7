//! The table of routes. The server is mounted from it and described from it, so that no route can go without a description.

use actix_web::dev::Handler;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, HttpResponse, Resource, Responder, Route};
use paperclip::v2::models::{DefaultOperationRaw, DefaultSchemaRaw};
use paperclip::v2::schema::Apiv2Operation;

use crate::error::Shape;
use crate::{ApiError, shape};

/// Definitions of schemas by their names.
pub(crate) type Definitions = std::collections::BTreeMap<String, DefaultSchemaRaw>;

/// Every route. Requests are compared with the fixed paths first, and then with those that vary, in this order.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) places: Vec<Place>,
    tag: &'static str,
}

/// What is found under one path, or under several that mean the same.
pub(crate) struct Place {
    pub(crate) tag: &'static str,
    pub(crate) paths: Vec<String>,
    pub(crate) operations: Vec<Operation>,
}

/// A method of a place, and what answers it.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// The handler's name, which is the operation's id.
    pub(crate) name: &'static str,
    /// Statuses that are this operation's own, beyond what its extractors and its answer say.
    pub(crate) statuses: Vec<u16>,
    /// The handler as paperclip sees it. Nothing of it is computed for a server that is only mounted.
    pub(crate) describe: fn() -> (DefaultOperationRaw, Definitions),
    route: Box<dyn Fn() -> Route>,
}

/// A handler that `#[api_v2_operation]` stands on.
pub(crate) trait Endpoint<Args>: Handler<Args, Output: Responder + 'static, Future: Apiv2Operation> {}

impl<F, Args> Endpoint<Args> for F where F: Handler<Args, Output: Responder + 'static, Future: Apiv2Operation> {}

/// One path, or several.
pub(crate) trait Paths {
    fn list(self) -> Vec<String>;
}

impl Paths for &str {
    fn list(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl<S: Into<String>, const N: usize> Paths for [S; N] {
    fn list(self) -> Vec<String> {
        self.map(Into::into).into()
    }
}

impl Table {
    /// What the places that follow are about.
    pub(crate) fn about(&mut self, tag: &'static str) -> &mut Self {
        self.tag = tag;
        self
    }

    /// A new place. Of several paths the first is the one that is recommended.
    pub(crate) fn at(&mut self, paths: impl Paths) -> &mut Place {
        self.places.push(Place { tag: self.tag, paths: paths.list(), operations: Vec::new() });
        let last = self.places.len() - 1;
        &mut self.places[last]
    }

    /// Mounts every place, a resource for each path. A path without parts that vary is compared as it is, and those come first; any
    /// other, and a set of several, is an expression that the router tries against each request that comes so far.
    pub(crate) fn mount(self, config: &mut ServiceConfig) {
        let paths = self.places.iter().flat_map(|place| place.paths.iter().map(move |path| (path, place)));
        let (varying, fixed): (Vec<_>, Vec<_>) = paths.partition(|(path, _)| path.contains('{'));
        for (path, place) in fixed.into_iter().chain(varying) {
            let resource = place.resource(path);
            match shape::of(path) {
                Shape::Plain => config.service(resource),
                Shape::OpenAi => config.service(resource.wrap(from_fn(shape::openai))),
                Shape::Anthropic => config.service(resource.wrap(from_fn(shape::anthropic))),
                Shape::Ollama => config.service(resource.wrap(from_fn(shape::ollama))),
            };
        }
    }
}

fn not_allowed(allowed: &str) -> HttpResponse {
    let mut response = HttpResponse::from_error(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"));
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

impl Place {
    fn resource(&self, path: &str) -> Resource {
        let allowed: Vec<&str> = self.operations.iter().map(|operation| operation.method.as_str()).collect();
        let allowed = allowed.join(", ");
        let resource = self.operations.iter().fold(web::resource(path), |resource, operation| resource.route((operation.route)()));
        resource.default_service(web::to(move || std::future::ready(not_allowed(&allowed))))
    }

    pub(crate) fn get<Args: FromRequest + 'static>(&mut self, handler: impl Endpoint<Args>) -> &mut Self {
        self.on(Method::GET, handler)
    }

    pub(crate) fn head<Args: FromRequest + 'static>(&mut self, handler: impl Endpoint<Args>) -> &mut Self {
        self.on(Method::HEAD, handler)
    }

    pub(crate) fn post<Args: FromRequest + 'static>(&mut self, handler: impl Endpoint<Args>) -> &mut Self {
        self.on(Method::POST, handler)
    }

    pub(crate) fn put<Args: FromRequest + 'static>(&mut self, handler: impl Endpoint<Args>) -> &mut Self {
        self.on(Method::PUT, handler)
    }

    pub(crate) fn delete<Args: FromRequest + 'static>(&mut self, handler: impl Endpoint<Args>) -> &mut Self {
        self.on(Method::DELETE, handler)
    }

    /// Statuses that the operation before this call can answer with, besides those that follow from its types.
    pub(crate) fn or<const N: usize>(&mut self, statuses: [u16; N]) -> &mut Self {
        if let Some(operation) = self.operations.last_mut() {
            operation.statuses.extend(statuses);
        }
        self
    }

    fn on<F: Endpoint<Args>, Args: FromRequest + 'static>(&mut self, method: Method, handler: F) -> &mut Self {
        let name = std::any::type_name::<F>();
        let answered = method.clone();
        self.operations.push(Operation {
            name: name.rsplit("::").next().unwrap_or(name),
            statuses: Vec::new(),
            describe: || (F::Future::operation(), F::Future::definitions()),
            route: Box::new(move || Route::new().method(answered.clone()).to(handler.clone())),
            method,
        });
        self
    }
}
