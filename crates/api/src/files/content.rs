//! A file's bytes, served so that no browser runs them under our name. Nothing else serves users' bytes.

use actix_web::HttpResponse;
use actix_web::http::header::{
    self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue, HeaderName, HeaderValue,
};
use actix_web::web::Data;
use futures_util::TryStreamExt;
use paperclip::actix::api_v2_operation;
use serde::Deserialize;
use transom_app::App;
use transom_app::files::Content;
use transom_domain::FileId;
use utoipa::ToSchema;

use super::switch;
use crate::params::{Path, Query};
use crate::reply::Download;
use crate::{ApiError, SignedIn};

/// What browsers show without running anything in it. Everything else is downloaded: HTML and SVG above all.
const SHOWN: [&str; 7] = ["text/plain", "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];

#[derive(Deserialize, ToSchema)]
pub(super) struct ContentRequest {
    /// Whether browsers keep it as a file instead of showing it
    #[serde(default, deserialize_with = "switch")]
    attachment: Option<bool>,
}

/// A file's bytes
#[api_v2_operation]
pub(super) async fn get_content(
    app: Data<App>,
    caller: SignedIn,
    id: Path<FileId>,
    request: Query<ContentRequest>,
) -> Result<Download, ApiError> {
    let content = app.files.content(&caller.0, &id).await?;
    Ok(serve(content, request.attachment == Some(true)))
}

/// A file's bytes, under a name of the client's own
///
/// A file is found by its id alone.
#[api_v2_operation]
pub(super) async fn get_named_content(app: Data<App>, caller: SignedIn, path: Path<(FileId, String)>) -> Result<Download, ApiError> {
    let (id, _) = &path.0;
    Ok(serve(app.files.content(&caller.0, id).await?, true))
}

fn serve(content: Content, download: bool) -> Download {
    let essence = content.file.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let shown = SHOWN.contains(&essence.as_str()) && !download;
    let content_type = if essence == "text/plain" { "text/plain; charset=utf-8" } else { content.file.content_type.as_str() };
    let content_type = HeaderValue::from_str(content_type).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    let answer = HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        .insert_header(disposition(&content.file.filename, shown))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
        .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .no_chunking(content.size)
        .streaming(content.bytes.map_err(std::io::Error::other));
    Download(answer)
}

fn disposition(filename: &str, shown: bool) -> ContentDisposition {
    let mut parameters = Vec::with_capacity(2);
    if filename.is_ascii() {
        parameters.push(DispositionParam::Filename(filename.to_owned()));
    }
    parameters.push(DispositionParam::FilenameExt(ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: filename.as_bytes().to_vec(),
    }));
    let disposition = if shown { DispositionType::Inline } else { DispositionType::Attachment };
    ContentDisposition { disposition, parameters }
}
