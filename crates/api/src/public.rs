//! Bodies that are read without a credential: signing in and up.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use crate::ApiError;
use crate::body::read_json;
use crate::credentials::{Extraction, check_origin};

/// What somebody without a credential can make the server read. A name, an address and a password are shorter; a picture comes later,
/// with the profile.
const LARGEST: usize = 16 << 10;

/// A JSON body of the shape `T` from anybody.
///
/// A page of another origin can send a body without asking first, as long as it does not say that it is JSON; the answer would sign
/// its visitor in with the page's own account. So such a body is taken only where no foreign page sent it.
pub(crate) struct Public<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Public<T> {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let admitted = if says_json(request) { Ok(()) } else { check_origin(request) };
        let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let body = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            admitted?;
            if announced.is_some_and(|length| length > LARGEST as u64) {
                return Err(too_large());
            }
            let body = body.map_err(|_| unreadable())?;
            let bytes = body.to_bytes_limited(LARGEST).await.map_err(|_| too_large())?.map_err(|_| unreadable())?;
            read_json(&bytes).map(Self)
        })
    }
}

fn says_json(request: &HttpRequest) -> bool {
    let named = request.headers().get(CONTENT_TYPE).and_then(|named| named.to_str().ok()).unwrap_or_default();
    let essence = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

fn too_large() -> ApiError {
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is larger than anybody signs in or up with")
}

fn unreadable() -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "the request's body could not be read")
}
