//! Who asks: extractors that turn a request's credential into a caller, or refuse it.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use transom_domain::Caller;

use crate::ApiError;

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// A caller with a good credential and a role that is not pending.
pub struct SignedIn(pub Caller);

/// A caller who is an administrator.
pub struct Admin(pub Caller);

/// A caller with a good credential, pending ones included.
pub struct Visitor(pub Caller);

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(_request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        todo!()
    }
}

impl FromRequest for Admin {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(_request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        todo!()
    }
}

impl FromRequest for Visitor {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(_request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        todo!()
    }
}
