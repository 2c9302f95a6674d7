//! Receiving an upload, part by part.

use actix_multipart::{Field, Multipart};
use actix_web::http::header::ContentDisposition;
use actix_web::web::{Bytes, Data};
use futures_util::StreamExt;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use transom_app::files::{Upload, UploadOptions};
use transom_app::{App, Error};
use transom_domain::{Caller, KnowledgeId};
use utoipa::ToSchema;

use super::response::{FileResponse, Parts};
use super::switch;
use crate::body::{Authorized, Form};
use crate::params::Query;
use crate::reply::Reply;
use crate::{ApiError, SignedIn};

/// Bytes of the `metadata` field at most.
const METADATA: usize = 1024 * 1024;

#[derive(Deserialize, ToSchema)]
pub(super) struct UploadRequest {
    /// Whether the file is read and indexed
    #[serde(default, deserialize_with = "switch")]
    process: Option<bool>,
    /// Whether the answer comes before that is done
    #[serde(default, deserialize_with = "switch")]
    process_in_background: Option<bool>,
}

/// A file that was just taken.
#[derive(Serialize, ToSchema)]
pub(super) struct UploadedFile {
    #[serde(flatten)]
    file: FileResponse,
    status: bool,
}

/// Keeps a file, and has it read and indexed
///
/// With `{"knowledge_id": …}` in the metadata, the file is in that collection from the start; the caller has to be one who may change it.
#[api_v2_operation]
pub(super) async fn upload_file(
    app: Data<App>,
    Authorized(caller, form): Authorized<SignedIn, Form>,
    request: Query<UploadRequest>,
) -> Result<Reply<UploadedFile>, ApiError> {
    let process = request.process.unwrap_or(true);
    let (upload, metadata) = receive(&app, &caller.0, form.0).await?;
    let into = collection_of(&metadata)?;
    if let Some(collection) = &into {
        app.knowledge.writable(&caller.0, collection).await?;
    }
    let options = UploadOptions { metadata, process, wait: !request.process_in_background.unwrap_or(true), into };
    let file = upload.finish(&caller.0, options).await?;
    Ok(Reply::of(&UploadedFile { file: FileResponse::new(&file, Parts { content: None, path: true }), status: true }))
}

/// The collection that clients name in the metadata of a file that they upload into it.
fn collection_of(metadata: &Map<String, Value>) -> Result<Option<KnowledgeId>, Error> {
    match metadata.get("knowledge_id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if id.is_empty() => Ok(None),
        Some(Value::String(id)) => Ok(Some(KnowledgeId::from(id.as_str()))),
        Some(_) => Err(Error::Malformed("`knowledge_id` in the metadata is the id of a collection".to_owned())),
    }
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
