//! `/api/v1/auths/…`: signing up, in and out, one's own account, and its API key.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Serialize};
use transom_app::accounts::{NewAccount, NewSession, Presented, Profile, SameSite as Site};
use transom_app::{App, Error};
use transom_domain::{Permissions, Role, now};
use utoipa::ToSchema;

use crate::body::{Authorized, Json};
use crate::credentials::{AdminSession, COOKIE, Current};
use crate::description::shapes::{PermissionsShape, RoleShape, Status};
use crate::params::given;
use crate::public::Public;
use crate::reply::Reply;
use crate::table::Table;
use crate::user_shapes::Face;
use crate::{ApiError, InSession, auth_config};

pub(crate) fn routes(table: &mut Table) {
    table.at(["/api/v1/auths/", "/api/v1/auths"]).get(get_session);
    table.at("/api/v1/auths/signup").post(sign_up).or([429]);
    table.at("/api/v1/auths/signin").post(sign_in).or([401, 429]);
    table.at("/api/v1/auths/signout").post(sign_out).or([403]);
    table.at("/api/v1/auths/add").post(add_account).or([429]);
    table.at("/api/v1/auths/update/password").post(update_password).or([409, 429]);
    table.at("/api/v1/auths/update/profile").post(update_profile);
    table.at("/api/v1/auths/api_key").get(get_api_key).or([404]).post(create_api_key).delete(delete_api_key);
    table.at("/api/v1/auths/admin/details").get(auth_config::get_admin_details).or([400]);
    table.at("/api/v1/auths/admin/config").get(auth_config::get_config).post(auth_config::set_config);
}

/// A new account.
#[derive(Deserialize, ToSchema)]
struct SignUpRequest {
    name: String,
    email: String,
    #[schema(format = Password)]
    password: String,
    #[schema(pattern = r"^(/([^/\\][^\\]*)?|data:image/(png|jpeg|gif|webp);base64,.*)?$")]
    profile_image_url: Option<String>,
}

/// A new account for somebody else.
#[derive(Deserialize, ToSchema)]
struct AddRequest {
    #[serde(flatten)]
    account: SignUpRequest,
    #[schema(value_type = Option<RoleShape>)]
    role: Option<String>,
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
struct SignInRequest {
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
struct PasswordRequest {
    /// The present one.
    #[schema(format = Password)]
    password: String,
    #[schema(format = Password)]
    new_password: String,
}

/// What an account shows of itself.
#[derive(Deserialize, ToSchema)]
struct ProfileRequest {
    name: String,
    #[schema(pattern = r"^(/([^/\\][^\\]*)?|data:image/(png|jpeg|gif|webp);base64,.*)?$")]
    profile_image_url: String,
    /// A text about oneself. Like the members below, it stays where it is left out, and null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    bio: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 255)]
    gender: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Date)]
    date_of_birth: Option<Option<String>>,
}

/// A session that was just opened.
#[derive(Serialize, ToSchema)]
struct SessionResponse {
    #[serde(flatten)]
    user: Face,
    token: String,
    token_type: &'static str,
    expires_at: Option<i64>,
    #[schema(value_type = PermissionsShape)]
    permissions: Permissions,
}

/// The caller's own account, as `GET /api/v1/auths/` shows it.
#[derive(Serialize, ToSchema)]
struct OwnResponse {
    status_emoji: Option<String>,
    status_message: Option<String>,
    status_expires_at: Option<i64>,
    #[serde(flatten)]
    user: Face,
    token: String,
    token_type: &'static str,
    expires_at: Option<i64>,
    #[schema(value_type = PermissionsShape)]
    permissions: Permissions,
    bio: Option<String>,
    gender: Option<String>,
    date_of_birth: Option<String>,
}

/// An account that was just made, with a first session of its own.
#[derive(Serialize, ToSchema)]
struct AddedResponse {
    #[serde(flatten)]
    user: Face,
    token: String,
    token_type: &'static str,
}

/// An API key.
#[derive(Serialize, ToSchema)]
struct KeyResponse {
    #[schema(examples("sk-0123456789abcdef0123456789abcdef"))]
    api_key: String,
}

impl From<SignUpRequest> for NewAccount {
    fn from(request: SignUpRequest) -> Self {
        Self {
            name: request.name,
            email: request.email,
            password: request.password,
            profile_image_url: request.profile_image_url.unwrap_or_else(|| "/user.png".to_owned()),
        }
    }
}

impl From<NewSession> for SessionResponse {
    fn from(session: NewSession) -> Self {
        Self {
            user: Face::linked(session.user),
            token: session.token,
            token_type: "Bearer",
            expires_at: session.expires_at,
            permissions: session.permissions,
        }
    }
}

/// Makes an account and signs it in
///
/// The first account is the administrator's. Later ones have the role that the settings say, and may have to wait for approval.
#[api_v2_operation]
async fn sign_up(app: Data<App>, caller: HttpRequest, Public(request): Public<SignUpRequest>) -> Result<Reply<SessionResponse>, ApiError> {
    let session = app.accounts.sign_up(request.into(), address(&caller)).await?;
    Ok(opened(&app, session))
}

/// Opens a session
#[api_v2_operation]
async fn sign_in(app: Data<App>, caller: HttpRequest, Public(request): Public<SignInRequest>) -> Result<Reply<SessionResponse>, ApiError> {
    let session = app.accounts.sign_in(&request.email, &request.password, address(&caller)).await?;
    Ok(opened(&app, session))
}

/// Ends the caller's session
///
/// Signing out is done where nobody is signed in.
#[api_v2_operation]
async fn sign_out(app: Data<App>, current: Result<Current, ApiError>) -> Result<Reply<Status>, ApiError> {
    match current {
        Ok(current) => app.accounts.sign_out(&current.session).await?,
        Err(refused) if refused.is_unauthorized() => {}
        Err(refused) => return Err(refused),
    }
    Ok(Reply::with_cookie(&Status::GOOD, cookie(&app, String::new(), Some(0))))
}

/// Shows the caller's account and session
#[api_v2_operation]
async fn get_session(app: Data<App>, current: Current) -> Result<Reply<OwnResponse>, ApiError> {
    let session = &current.session;
    let expires_at = match &session.presented {
        Presented::Token(claims) => claims.exp,
        Presented::ApiKey => None,
    };
    let user = app.accounts.user(&session.caller.id).await?;
    let body = OwnResponse {
        status_emoji: None,
        status_message: None,
        status_expires_at: None,
        bio: user.bio.clone(),
        gender: user.gender.clone(),
        date_of_birth: user.date_of_birth.clone(),
        user: Face::stored(user),
        token: current.text.clone(),
        token_type: "Bearer",
        expires_at,
        permissions: Permissions::clone(&session.caller.permissions),
    };
    if session.presented == Presented::ApiKey {
        return Ok(Reply::of(&body));
    }
    Ok(Reply::with_cookie(&body, cookie(&app, current.text, expires_at.map(|end| end - now()))))
}

/// Makes an account for somebody else
///
/// An API key makes no administrators.
#[api_v2_operation]
async fn add_account(
    app: Data<App>,
    Authorized(AdminSession(session), Json(request)): Authorized<AdminSession, Json<AddRequest>>,
) -> Result<Reply<AddedResponse>, ApiError> {
    let session = app.accounts.add(&session, request.account.into(), role(request.role.as_deref().unwrap_or("pending"))?).await?;
    Ok(Reply::of(&AddedResponse { user: Face::linked(session.user), token: session.token, token_type: "Bearer" }))
}

/// Changes the caller's password, which ends every session and the API key
///
/// It needs a session token.
#[api_v2_operation]
async fn update_password(
    app: Data<App>,
    caller: HttpRequest,
    Authorized(InSession(session), Json(request)): Authorized<InSession, Json<PasswordRequest>>,
) -> Result<Reply<bool>, ApiError> {
    app.accounts.update_password(&session.caller, &request.password, &request.new_password, address(&caller)).await?;
    Ok(Reply::of(&true))
}

/// Changes the caller's name, picture and what else it says of itself
///
/// It needs a session token.
#[api_v2_operation]
async fn update_profile(
    app: Data<App>,
    Authorized(InSession(session), Json(request)): Authorized<InSession, Json<ProfileRequest>>,
) -> Result<Reply<Face>, ApiError> {
    let ProfileRequest { name, profile_image_url, bio, gender, date_of_birth } = request;
    let profile = Profile { name, picture: profile_image_url, bio, gender, date_of_birth };
    let user = app.accounts.update_profile(&session.caller, profile).await?;
    Ok(Reply::of(&Face::stored(user)))
}

/// Shows the caller's API key
///
/// It needs a session token.
#[api_v2_operation]
async fn get_api_key(app: Data<App>, InSession(session): InSession) -> Result<Reply<KeyResponse>, ApiError> {
    Ok(Reply::of(&KeyResponse { api_key: app.accounts.api_key(&session).await? }))
}

/// Makes the caller's API key; an earlier one is good no longer
///
/// It needs a session token.
#[api_v2_operation]
async fn create_api_key(app: Data<App>, InSession(session): InSession) -> Result<Reply<KeyResponse>, ApiError> {
    Ok(Reply::of(&KeyResponse { api_key: app.accounts.create_api_key(&session).await? }))
}

/// Deletes the caller's API key
///
/// It needs a session token.
#[api_v2_operation]
async fn delete_api_key(app: Data<App>, InSession(session): InSession) -> Result<Reply<bool>, ApiError> {
    Ok(Reply::of(&app.accounts.delete_api_key(&session).await?))
}

/// Where a request comes from. A proxy in front is one address for all its clients.
fn address(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|peer| peer.ip())
}

pub(crate) fn role(text: &str) -> Result<Role, Error> {
    text.parse().map_err(|error: transom_domain::UnknownRole| Error::Invalid(error.to_string()))
}

fn opened(app: &App, session: NewSession) -> Reply<SessionResponse> {
    let cookie = cookie(app, session.token.clone(), session.expires_at.map(|end| end - now()));
    Reply::with_cookie(&SessionResponse::from(session), cookie)
}

fn cookie(app: &App, token: String, max_age: Option<i64>) -> Cookie<'static> {
    let config = app.accounts.config();
    let same_site = match config.cookie_same_site {
        Site::Lax => SameSite::Lax,
        Site::Strict => SameSite::Strict,
        Site::None => SameSite::None,
    };
    let mut cookie = Cookie::build(COOKIE, token).path("/").http_only(true).same_site(same_site).secure(config.cookie_secure);
    if let Some(seconds) = max_age {
        cookie = cookie.max_age(time::Duration::seconds(seconds.max(0)));
    }
    cookie.finish()
}
