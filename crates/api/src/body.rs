//! Reading a request's body: never before its credential has been judged.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use transom_app::Error;
use transom_llm::{Body, json};
use utoipa::ToSchema;

use crate::connection::unhurried;
use crate::{ApiError, parts};

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// What can be read of a body. It is no extractor: a handler takes it behind a credential, or as [`Public`] where there is none.
pub trait FromBody: Sized {
    /// The reading.
    type Future: Future<Output = Result<Self, ApiError>> + 'static;

    /// Begins to read.
    fn from_body(request: &HttpRequest, payload: &mut Payload) -> Self::Future;
}

/// A credential, and then a body: nothing of the body is read for a caller who is refused.
pub struct Authorized<C, B>(pub C, pub B);

impl<C, B> FromRequest for Authorized<C, B>
where
    C: FromRequest<Error = ApiError> + 'static,
    B: FromBody + 'static,
{
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let caller = C::from_request(&request, &mut Payload::None).await?;
            let body = B::from_body(&request, &mut payload).await?;
            Ok(Self(caller, body))
        })
    }
}

/// All bytes of a body of the shape `T`, whatever media type the client put on them. Nobody has looked at them.
pub struct Raw<T>(pub web::Bytes, pub PhantomData<T>);

impl<T: 'static> FromBody for Raw<T> {
    type Future = Extraction<Self>;

    fn from_body(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|error| {
                let status = error.as_response_error().status_code();
                ApiError::new(status, "the request's body could not be read; it may be larger than this server takes")
            })?;
            Ok(Self(bytes, PhantomData))
        })
    }
}

/// A JSON object of the shape `T`, of which no more is read than somebody asks for.
pub struct JsonObject<T>(pub Body, pub PhantomData<T>);

impl<T: 'static> FromBody for JsonObject<T> {
    type Future = Extraction<Self>;

    fn from_body(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = Raw::<()>::from_body(request, payload);
        Box::pin(async move { Ok(Self(Body::read(raw.await?.0).await.map_err(Error::from)?, PhantomData)) })
    }
}

/// A JSON body of a known shape. What the shape does not know is passed over.
pub struct Json<T>(pub T);

impl<T: serde::de::DeserializeOwned + Send + 'static> FromBody for Json<T> {
    type Future = Extraction<Self>;

    fn from_body(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = Raw::<()>::from_body(request, payload);
        Box::pin(async move {
            let raw = raw.await?.0;
            json::off_thread(raw.len(), move || read_json(&raw)).await.map(Self)
        })
    }
}

/// A body of a known shape.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    json::read(bytes).map_err(|error| Error::Malformed(format!("the body is not what is expected here: {error}")).into())
}

/// A body that is passed on as it comes.
pub(crate) struct Streaming(pub(crate) Payload);

impl FromBody for Streaming {
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_body(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        unhurried(request);
        std::future::ready(Ok(Self(payload.take())))
    }
}

/// A form that is read part by part, after the credential has been judged.
pub(crate) struct Form(pub(crate) Multipart);

impl FromBody for Form {
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_body(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        unhurried(request);
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        std::future::ready(Ok(Self(match parts::boundary(content_type) {
            Some(boundary) => Multipart::new(request.headers(), parts::repaired(payload.take(), &boundary)),
            None => Multipart::new(request.headers(), payload.take()),
        })))
    }
}

/// A file to keep, with what is to be known of it.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a form is read part by part; only its shape counts")]
pub(crate) struct UploadForm {
    /// The file, with its name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// A JSON object that is kept with the file.
    metadata: Option<String>,
}
