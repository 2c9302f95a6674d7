//! Answers that say in their type what is in them.

use std::marker::PhantomData;

use actix_web::body::BoxBody;
use actix_web::cookie::Cookie;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

/// An answer in JSON, of the shape `T`.
pub(crate) struct Reply<T>(HttpResponse, PhantomData<T>);

/// An answer in JSON: an array of the shape `T`.
pub(crate) struct List<T>(HttpResponse, PhantomData<T>);

/// An answer in JSON of the shape `T`, or Server-Sent Events where the client asked for a stream.
pub(crate) struct Streamed<T>(pub(crate) HttpResponse, pub(crate) PhantomData<T>);

/// An upstream's own answer, in whatever media type it has.
pub(crate) struct Relayed(pub(crate) HttpResponse);

/// Bytes of a media type of their own.
pub(crate) struct Download(pub(crate) HttpResponse);

impl<T: Serialize> Reply<T> {
    pub(crate) fn of(value: &T) -> Self {
        Self(HttpResponse::Ok().json(value), PhantomData)
    }

    /// With a cookie beside it.
    pub(crate) fn with_cookie(value: &T, cookie: Cookie<'_>) -> Self {
        Self(HttpResponse::Ok().cookie(cookie).json(value), PhantomData)
    }
}

impl<T> Reply<T> {
    /// What is written as JSON already.
    pub(crate) fn written(json: Bytes) -> Self {
        Self(written(json), PhantomData)
    }

    /// Of another type that is written in this shape.
    pub(crate) fn shaped(value: &impl Serialize) -> Self {
        Self(HttpResponse::Ok().json(value), PhantomData)
    }
}

impl<T: Serialize> List<T> {
    pub(crate) fn of(items: &[T]) -> Self {
        Self(HttpResponse::Ok().json(items), PhantomData)
    }
}

impl<T> List<T> {
    /// Of another type that is written in this shape.
    pub(crate) fn shaped(items: &[impl Serialize]) -> Self {
        Self(HttpResponse::Ok().json(items), PhantomData)
    }
}

impl<T> Streamed<T> {
    pub(crate) fn new(answer: HttpResponse) -> Self {
        Self(answer, PhantomData)
    }
}

impl<T: Serialize> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::of(&items.into_iter().collect::<Vec<_>>())
    }
}

/// JSON that is written already.
pub(crate) fn written(json: Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(json)
}

macro_rules! responds {
    ($($name:ident $(<$type:ident>)?),+) => { $(
        impl $(<$type>)? Responder for $name $(<$type>)? {
            type Body = BoxBody;

            fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
                self.0
            }
        }
    )+ };
}

responds!(Reply<T>, List<T>, Streamed<T>, Relayed, Download);
