//! The body of a call that names a model: JSON, or a form with a field `model`.

use std::future::Future;
use std::pin::Pin;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_TYPE, ContentDisposition};
use actix_web::web::Bytes;
use futures_util::StreamExt;
use transom_app::Error;
use transom_app::chat::FormPart;

use crate::ApiError;
use crate::body::{Form, FromBody, Raw};

/// A form's size at most, in bytes, where nothing says another.
const LARGEST_FORM: usize = 64 << 20;

/// Fields of a form at most.
const MOST_PARTS: usize = 128;

/// How many bytes a body may have that is read whole.
#[derive(Clone, Copy)]
pub(crate) struct BodyLimit(pub usize);

/// All of a body, whichever of the two it is. Nobody has looked at it.
pub(crate) enum ModelCallBody {
    /// Whatever is no form, most likely JSON.
    Json(Bytes),
    /// The parts of a form.
    Form(Vec<FormPart>),
}

impl FromBody for ModelCallBody {
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_body(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("multipart/form-data") {
            let raw = Raw::<()>::from_body(request, payload);
            return Box::pin(async move { Ok(Self::Json(raw.await?.0)) });
        }
        let limit = request.app_data::<BodyLimit>().map_or(LARGEST_FORM, |limit| limit.0);
        let form = Form::from_body(request, payload);
        Box::pin(async move { Ok(Self::Form(parts(form.await?.0, limit).await?)) })
    }
}

async fn parts(mut form: Multipart, limit: usize) -> Result<Vec<FormPart>, ApiError> {
    let (mut parts, mut left) = (Vec::new(), limit);
    while let Some(field) = form.next().await {
        if parts.len() == MOST_PARTS {
            return Err(Error::Malformed(format!("a form may have {MOST_PARTS} fields")).into());
        }
        parts.push(part(field.map_err(unreadable)?, &mut left).await?);
    }
    Ok(parts)
}

async fn part(mut field: Field, left: &mut usize) -> Result<FormPart, ApiError> {
    let mut body = Vec::new();
    while let Some(piece) = field.next().await.transpose().map_err(unreadable)? {
        *left = left
            .checked_sub(piece.len())
            .ok_or_else(|| Error::TooLarge("the request's body is larger than this server takes".to_owned()))?;
        body.push(piece);
    }
    Ok(FormPart {
        name: field.name().unwrap_or_default().to_owned(),
        filename: field.content_disposition().and_then(file_name),
        content_type: field.content_type().map(ToString::to_string),
        body,
    })
}

/// The extended form says its characters exactly, so it goes first where a client sends both.
fn file_name(disposition: &ContentDisposition) -> Option<String> {
    let extended = disposition.get_filename_ext().and_then(|name| String::from_utf8(name.value.clone()).ok());
    extended.or_else(|| disposition.get_filename().map(str::to_owned))
}

fn unreadable(error: MultipartError) -> ApiError {
    Error::Malformed(format!("the form cannot be read: {error}")).into()
}
