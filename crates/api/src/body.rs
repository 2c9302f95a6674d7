//! Reading a request's body: never before its credential has been judged.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use transom_app::Error;
use transom_llm::Body;

use crate::ApiError;

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// A credential, and then a body: nothing of the body is read for a caller who is refused.
pub struct Authorized<C, B>(pub C, pub B);

impl<C, B> FromRequest for Authorized<C, B>
where
    C: FromRequest<Error = ApiError> + 'static,
    B: FromRequest<Error = ApiError> + 'static,
{
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let caller = C::from_request(&request, &mut Payload::None).await?;
            let body = B::from_request(&request, &mut payload).await?;
            Ok(Self(caller, body))
        })
    }
}

/// All bytes of a body, whatever media type the client put on them.
pub struct Raw(pub web::Bytes);

impl FromRequest for Raw {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|error| {
                let status = error.as_response_error().status_code();
                ApiError::new(status, "the request's body could not be read; it may be larger than this server takes")
            })?;
            Ok(Self(bytes))
        })
    }
}

/// A JSON object that is read as far as somebody asks.
pub struct JsonObject(pub Body);

impl FromRequest for JsonObject {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = Raw::from_request(request, payload);
        Box::pin(async move { Ok(Self(Body::parse(raw.await?.0).map_err(Error::from)?)) })
    }
}

/// A JSON body of a known shape. What the shape does not know is passed over.
pub struct Json<T>(pub T);

impl<T: serde::de::DeserializeOwned> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = Raw::from_request(request, payload);
        Box::pin(async move {
            let raw = raw.await?;
            serde_json::from_slice(&raw.0)
                .map(Self)
                .map_err(|error| Error::Malformed(format!("the body is not what is expected here: {error}")).into())
        })
    }
}
