//! Pictures of accounts.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paperclip::actix::api_v2_operation;
use transom_app::App;
use transom_domain::UserId;

use crate::params::Path;
use crate::reply::Download;
use crate::{ApiError, SignedIn};

const DEFAULT: &str = include_str!("assets/user.svg");

/// An account's picture, or the default one where it has none of its own
#[api_v2_operation]
pub(crate) async fn get_picture(app: Data<App>, _caller: SignedIn, id: Path<UserId>) -> Result<Download, ApiError> {
    let user = app.accounts.user(&id).await?;
    let own = user.profile_image_url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let own = own.and_then(|(media_type, data)| Some((media_type.to_owned(), STANDARD.decode(data).ok()?)));
    Ok(match own {
        Some((media_type, bytes)) => answer(&media_type, bytes),
        None => answer("image/svg+xml", DEFAULT.as_bytes().to_vec()),
    })
}

/// The picture of accounts that have none of their own
#[api_v2_operation]
pub(crate) async fn get_default_picture() -> Download {
    answer("image/svg+xml", DEFAULT.as_bytes().to_vec())
}

/// A browser that opens it as a page runs nothing of it.
fn answer(media_type: &str, bytes: Vec<u8>) -> Download {
    let answer = HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((header::CACHE_CONTROL, "private, max-age=300"))
        .body(bytes);
    Download(answer)
}
