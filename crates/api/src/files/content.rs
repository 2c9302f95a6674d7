//! A file's bytes, served so that no browser runs them under our name. Nothing else serves users' bytes.

use actix_web::HttpResponse;
use actix_web::http::header::{
    self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue, HeaderName, HeaderValue,
};
use actix_web::web::{Data, Path, Query};
use futures_util::TryStreamExt;
use serde::Deserialize;
use transom_app::App;
use transom_app::files::Content;
use transom_domain::FileId;

use super::{Answer, switch};
use crate::SignedIn;

/// What browsers show without running anything in it. Everything else is downloaded: HTML and SVG above all.
const SHOWN: [&str; 7] = ["text/plain", "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];

#[derive(Deserialize)]
pub(super) struct ContentRequest {
    #[serde(default, deserialize_with = "switch")]
    attachment: Option<bool>,
}

pub(super) async fn get_content(app: Data<App>, caller: SignedIn, id: Path<FileId>, request: Query<ContentRequest>) -> Answer {
    let content = app.files.content(&caller.0, &id).await?;
    Ok(serve(content, request.attachment == Some(true)))
}

/// The name in the path is for the client's own use: a file is found by its id alone.
pub(super) async fn get_named_content(app: Data<App>, caller: SignedIn, path: Path<(FileId, String)>) -> Answer {
    Ok(serve(app.files.content(&caller.0, &path.0).await?, true))
}

fn serve(content: Content, download: bool) -> HttpResponse {
    let essence = content.file.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let shown = SHOWN.contains(&essence.as_str()) && !download;
    let content_type = if essence == "text/plain" { "text/plain; charset=utf-8" } else { content.file.content_type.as_str() };
    let content_type = HeaderValue::from_str(content_type).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        .insert_header(disposition(&content.file.filename, shown))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
        .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .no_chunking(content.size)
        .streaming(content.bytes.map_err(std::io::Error::other))
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
