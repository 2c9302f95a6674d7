//! What is read of an address: parts of its path, and its query.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use transom_app::Error;

use crate::ApiError;

/// Parts of the path, in order.
pub(crate) struct Path<T>(pub(crate) T);

/// The query. What is unknown in it is passed over.
pub(crate) struct Query<T>(pub(crate) T);

impl<T> Deref for Path<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Deref for Query<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let path = web::Path::<T>::extract(request).into_inner();
        ready(path.map(|path| Self(path.into_inner())).map_err(|error| malformed("the path", &error)))
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let query = web::Query::<T>::from_query(request.query_string());
        ready(query.map(|query| Self(query.into_inner())).map_err(|error| malformed("the query", &error)))
    }
}

/// The largest number that a query may hold, of a page or of how many.
pub(crate) const LARGEST: u64 = 1_000_000_000;

/// Reads a number of a query.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = u64::deserialize(deserializer)?;
    if number <= LARGEST { Ok(Some(number)) } else { Err(D::Error::custom("the number is too large")) }
}

/// Tells what is null from what is left out.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

fn malformed(what: &str, error: &dyn std::fmt::Display) -> ApiError {
    Error::Malformed(format!("{what} is not what is expected here: {error}")).into()
}
