//! Receiving an upload, part by part.

use actix_multipart::{Field, Multipart};
use actix_web::HttpResponse;
use actix_web::http::header::ContentDisposition;
use actix_web::web::{Bytes, Data, Query};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Map, Value};
use transom_app::files::{Upload, UploadOptions};
use transom_app::{App, Error};
use transom_domain::Caller;

use super::response::{Parts, file_json};
use super::{Answer, switch};
use crate::body::Authorized;
use crate::{ApiError, SignedIn};

/// Bytes of the `metadata` field at most.
const METADATA: usize = 1024 * 1024;

#[derive(Deserialize)]
pub(super) struct UploadRequest {
    #[serde(default, deserialize_with = "switch")]
    process: Option<bool>,
    #[serde(default, deserialize_with = "switch")]
    process_in_background: Option<bool>,
}

pub(super) async fn upload_file(
    app: Data<App>,
    Authorized(caller, form): Authorized<SignedIn, Form>,
    request: Query<UploadRequest>,
) -> Answer {
    let process = request.process.unwrap_or(true);
    let (upload, metadata) = receive(&app, &caller.0, form.0).await?;
    let options = UploadOptions { metadata, process, wait: !request.process_in_background.unwrap_or(true) };
    let file = upload.finish(&caller.0, options).await?;
    let mut answer = file_json(&file, Parts { content: None, path: true });
    answer["status"] = true.into();
    Ok(HttpResponse::Ok().json(answer))
}

/// Reads the whole form. An error drops the upload, which leaves nothing behind; so does a client that breaks off.
async fn receive(app: &App, caller: &Caller, mut form: Multipart) -> Result<(Upload, Map<String, Value>), ApiError> {
    let (mut upload, mut metadata) = (None, Map::new());
    while let Some(field) = form.next().await {
        let mut field = field.map_err(broken)?;
        match field.name() {
            Some("file") if upload.is_some() => return Err(Error::Invalid("a form brings one file, and here are two".to_owned()).into()),
            Some("file") => upload = Some(receive_file(app, caller, &mut field).await?),
            Some("metadata") => metadata = read_metadata(&mut field).await?,
            _ => while field.next().await.transpose().map_err(broken)?.is_some() {},
        }
    }
    let upload = upload.ok_or_else(|| Error::Malformed("the form has no field `file` with a file in it".to_owned()))?;
    Ok((upload, metadata))
}

async fn receive_file(app: &App, caller: &Caller, field: &mut Field) -> Result<Upload, ApiError> {
    let name = field.content_disposition().map(file_name).unwrap_or_default();
    let content_type = field.content_type().map(ToString::to_string);
    let content_type = content_type.unwrap_or_else(|| mime_guess::from_path(&name).first_or_octet_stream().to_string());
    let mut upload = app.files.begin(caller, &name, &content_type)?;
    while let Some(bytes) = field.next().await.transpose().map_err(broken)? {
        upload.write(bytes).await?;
    }
    Ok(upload)
}

/// The extended form says its characters exactly, so it goes first where a client sends both.
fn file_name(disposition: &ContentDisposition) -> String {
    let extended = disposition.get_filename_ext().and_then(|name| String::from_utf8(name.value.clone()).ok());
    extended.or_else(|| disposition.get_filename().map(str::to_owned)).unwrap_or_default()
}

async fn read_metadata(field: &mut Field) -> Result<Map<String, Value>, ApiError> {
    let too_long = |_| Error::TooLarge(format!("the field `metadata` may have {METADATA} bytes"));
    let bytes: Bytes = field.bytes(METADATA).await.map_err(too_long)?.map_err(broken)?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(metadata)) => Ok(metadata),
        Ok(Value::Null) => Ok(Map::new()),
        _ => Err(Error::Invalid("the field `metadata` is a JSON object".to_owned()).into()),
    }
}

fn broken(error: actix_multipart::MultipartError) -> ApiError {
    use actix_multipart::MultipartError::{BoundaryMissing, ContentTypeIncompatible, ContentTypeMissing};
    let reason = match error {
        BoundaryMissing | ContentTypeIncompatible | ContentTypeMissing | actix_multipart::MultipartError::ContentTypeParse => {
            "an upload is a multipart/form-data request with a field `file`".to_owned()
        }
        other => format!("the form cannot be read: {other}"),
    };
    Error::Malformed(reason).into()
}

/// A form that is read part by part, after the credential has been judged.
pub(super) struct Form(Multipart);

impl actix_web::FromRequest for Form {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &actix_web::HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(Ok(Self(Multipart::new(request.headers(), payload.take()))))
    }
}
