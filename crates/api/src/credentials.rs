//! Who asks: extractors that turn a request's credential into a caller, or refuse it.
//!
//! A credential is looked for in `Authorization: Bearer …`, then in the API key's own header (`x-api-key`), then in the cookie `token`.
//! A proxy in front may use other schemes of `Authorization` for itself, so they count only where nothing else is there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HOST, ORIGIN};
use actix_web::http::{Method, StatusCode, header::HeaderMap};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use transom_app::accounts::{AccountsConfig, Session};
use transom_app::{App, Error};
use transom_domain::{Caller, Role};

use crate::ApiError;
use crate::gateway::Callers;

/// The session cookie's name.
pub(crate) const COOKIE: &str = "token";

const NONE: Error = Error::Unauthenticated("Not authenticated");
const UNREADABLE: Error = Error::Unauthenticated("this is no credential; send `Authorization: Bearer` with a session token or an API key");

/// What an extractor gives, in the end.
pub(crate) type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// A caller with a good credential and a role that is not pending.
pub struct SignedIn(pub Caller);

/// A caller who is an administrator.
pub struct Admin(pub Caller);

/// A caller with a good credential, pending ones included.
pub struct Visitor(pub Caller);

/// A caller with a session token and a role that is not pending: an API key is refused.
pub struct InSession(pub Arc<Session>);

/// An administrator with a session token: an API key is refused.
pub struct AdminInSession(pub Arc<Session>);

/// An administrator with whichever credential, for use cases that ask which it was.
pub(crate) struct AdminSession(pub(crate) Arc<Session>);

/// The whole session behind a good credential, pending ones included.
pub(crate) struct Current {
    /// The credential as it was sent.
    pub text: String,
    /// Whose it is.
    pub session: Arc<Session>,
}

/// Who calls: by the word of the application that mounted the gateway, or by the house's own accounts.
async fn caller(request: HttpRequest) -> Result<Caller, ApiError> {
    if let Some(callers) = request.app_data::<Callers>() {
        return callers.ask(request.clone()).await;
    }
    Ok(Current::of(request).await?.session.caller.clone())
}

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let caller = caller(request.clone());
        Box::pin(async move {
            let caller = caller.await?;
            if caller.role == Role::Pending { Err(Error::WrongRole.into()) } else { Ok(Self(caller)) }
        })
    }
}

impl FromRequest for Admin {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let caller = caller(request.clone());
        Box::pin(async move {
            let caller = caller.await?;
            if caller.is_admin() { Ok(Self(caller)) } else { Err(Error::WrongRole.into()) }
        })
    }
}

impl FromRequest for Visitor {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let caller = caller(request.clone());
        Box::pin(async move { Ok(Self(caller.await?)) })
    }
}

impl FromRequest for InSession {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let session = Current::of(request).await?.session;
            if session.caller.role == Role::Pending {
                return Err(Error::WrongRole.into());
            }
            session.claims()?;
            Ok(Self(session))
        })
    }
}

impl FromRequest for AdminInSession {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let admin = AdminSession::from_request(request, payload);
        Box::pin(async move {
            let session = admin.await?.0;
            session.claims()?;
            Ok(Self(session))
        })
    }
}

impl FromRequest for AdminSession {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let session = Current::of(request).await?.session;
            if session.caller.is_admin() { Ok(Self(session)) } else { Err(Error::WrongRole.into()) }
        })
    }
}

impl FromRequest for Current {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        Box::pin(Self::of(request.clone()))
    }
}

impl Current {
    async fn of(request: HttpRequest) -> Result<Self, ApiError> {
        let Some(app) = request.app_data::<Data<App>>() else { return Err(Error::internal("no App is mounted").into()) };
        let text = match presented(request.headers(), &app.accounts.config().api_keys.header)? {
            Some(text) => text,
            None => from_cookie(&request, app.accounts.config())?,
        };
        let session = app.accounts.authenticate(&text, request.path()).await?;
        Ok(Self { text, session })
    }
}

fn presented(headers: &HeaderMap, key_header: &str) -> Result<Option<String>, Error> {
    let authorization = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default().trim());
    let (scheme, rest) = authorization.map(|text| text.split_once(' ').unwrap_or((text, ""))).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim()).filter(|text| !text.is_empty()).map(|text| Some(text.to_owned())).ok_or(UNREADABLE);
    }
    if let Some(key) = headers.get(key_header) {
        return key.to_str().ok().map(str::trim).filter(|key| !key.is_empty()).map(|key| Some(key.to_owned())).ok_or(UNREADABLE);
    }
    if authorization.is_some() && !headers.contains_key("cookie") {
        return Err(UNREADABLE);
    }
    Ok(None)
}

/// Browsers send cookies along unasked: with one, a page of another origin must not be able to change anything.
fn from_cookie(request: &HttpRequest, config: &AccountsConfig) -> Result<String, ApiError> {
    let cookie = request.cookie(COOKIE).filter(|cookie| !cookie.value().is_empty()).ok_or(NONE)?;
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if !reads && is_foreign(request, config) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "a page of another origin may not use this session's cookie; CORS_ALLOW_ORIGIN lists those that may",
        ));
    }
    Ok(cookie.value().to_owned())
}

/// Refuses what a page of another origin sends.
pub(crate) fn check_origin(request: &HttpRequest) -> Result<(), ApiError> {
    let Some(app) = request.app_data::<Data<App>>() else { return Err(Error::internal("no App is mounted").into()) };
    if is_foreign(request, app.accounts.config()) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "a page of another origin has to send `content-type: application/json`; CORS_ALLOW_ORIGIN lists those that need not",
        ));
    }
    Ok(())
}

fn is_foreign(request: &HttpRequest, config: &AccountsConfig) -> bool {
    request.headers().get(ORIGIN).is_some_and(|origin| !is_ours(origin.to_str().unwrap_or_default(), request, config))
}

fn is_ours(origin: &str, request: &HttpRequest, config: &AccountsConfig) -> bool {
    let host = origin.split_once("://").map(|(_, host)| host).unwrap_or_default();
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    // Behind a proxy the browser's own address is in X-Forwarded-Host, which no foreign page can set.
    let same = [named, Some(request.connection_info().host())].into_iter().flatten().any(|ours| ours.eq_ignore_ascii_case(host));
    !host.is_empty() && (same || config.trusted_origins.iter().any(|trusted| trusted.trim_end_matches('/').eq_ignore_ascii_case(origin)))
}
