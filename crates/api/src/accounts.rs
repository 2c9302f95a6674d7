//! `/api/v1/auths/…`: signing up, in and out, one's own account, and its API key.

use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use transom_app::accounts::{NewAccount, NewSession, Presented, SameSite as Site};
use transom_app::{App, Error};
use transom_domain::{Permissions, Role, Timestamp, User, UserId, now};

use crate::body::{Authorized, Json};
use crate::credentials::{COOKIE, Current};
use crate::{Admin, ApiError, SignedIn, auth_config};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource(["/api/v1/auths", "/api/v1/auths/"]).route(web::get().to(get_session)))
        .service(web::resource("/api/v1/auths/signup").route(web::post().to(sign_up)))
        .service(web::resource("/api/v1/auths/signin").route(web::post().to(sign_in)))
        .service(web::resource("/api/v1/auths/signout").route(web::post().to(sign_out)))
        .service(web::resource("/api/v1/auths/add").route(web::post().to(add_account)))
        .service(web::resource("/api/v1/auths/update/password").route(web::post().to(update_password)))
        .service(web::resource("/api/v1/auths/update/profile").route(web::post().to(update_profile)))
        .service(
            web::resource("/api/v1/auths/api_key")
                .route(web::get().to(get_api_key))
                .route(web::post().to(create_api_key))
                .route(web::delete().to(delete_api_key)),
        )
        .service(web::resource("/api/v1/auths/admin/details").route(web::get().to(auth_config::get_admin_details)))
        .service(
            web::resource("/api/v1/auths/admin/config")
                .route(web::get().to(auth_config::get_config))
                .route(web::post().to(auth_config::set_config)),
        );
}

#[derive(Deserialize)]
struct SignUpRequest {
    name: String,
    email: String,
    password: String,
    profile_image_url: Option<String>,
}

#[derive(Deserialize)]
struct AddRequest {
    #[serde(flatten)]
    account: SignUpRequest,
    role: Option<String>,
}

#[derive(Deserialize)]
struct SignInRequest {
    email: String,
    password: String,
}

#[derive(Deserialize)]
struct PasswordRequest {
    password: String,
    new_password: String,
}

#[derive(Deserialize)]
struct ProfileRequest {
    name: String,
    profile_image_url: String,
}

/// A session that was just opened.
#[derive(Serialize)]
struct SessionResponse {
    #[serde(flatten)]
    user: Face,
    token: String,
    token_type: &'static str,
    expires_at: Option<Timestamp>,
    permissions: Permissions,
}

/// The caller's own account, as `GET /api/v1/auths/` shows it.
#[derive(Serialize)]
struct OwnResponse {
    status_emoji: Option<String>,
    status_message: Option<String>,
    status_expires_at: Option<Timestamp>,
    #[serde(flatten)]
    user: Face,
    token: String,
    token_type: &'static str,
    expires_at: Option<Timestamp>,
    permissions: Permissions,
    bio: Option<String>,
    gender: Option<String>,
    date_of_birth: Option<String>,
}

/// What every answer about one's own account begins with.
#[derive(Serialize)]
struct Face {
    id: UserId,
    name: String,
    role: Role,
    email: String,
    profile_image_url: String,
}

impl Face {
    /// With the picture as it is stored.
    fn stored(user: User) -> Self {
        Self { id: user.id, name: user.name, role: user.role, email: user.email, profile_image_url: user.profile_image_url }
    }

    /// With the path that serves the picture, which may be large.
    fn linked(user: User) -> Self {
        Self { profile_image_url: format!("/api/v1/users/{}/profile/image", user.id), ..Self::stored(user) }
    }
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

async fn sign_up(app: Data<App>, Json(request): Json<SignUpRequest>) -> Result<HttpResponse, ApiError> {
    let session = app.accounts.sign_up(request.into()).await?;
    Ok(opened(&app, session))
}

async fn sign_in(app: Data<App>, Json(request): Json<SignInRequest>) -> Result<HttpResponse, ApiError> {
    let session = app.accounts.sign_in(&request.email, &request.password).await?;
    Ok(opened(&app, session))
}

/// Signing out is done where nobody is signed in.
async fn sign_out(app: Data<App>, current: Result<Current, ApiError>) -> Result<HttpResponse, ApiError> {
    match current {
        Ok(current) => app.accounts.sign_out(&current.session).await?,
        Err(refused) if refused.is_unauthorized() => {}
        Err(refused) => return Err(refused),
    }
    Ok(HttpResponse::Ok().cookie(cookie(&app, String::new(), Some(0))).json(json!({"status": true})))
}

async fn get_session(app: Data<App>, current: Current) -> HttpResponse {
    let session = &current.session;
    let expires_at = match &session.presented {
        Presented::Token(claims) => claims.exp,
        Presented::ApiKey => None,
    };
    let body = OwnResponse {
        status_emoji: None,
        status_message: None,
        status_expires_at: None,
        user: Face::stored(session.user.clone()),
        token: current.text.clone(),
        token_type: "Bearer",
        expires_at,
        permissions: Permissions::clone(&session.caller.permissions),
        bio: None,
        gender: None,
        date_of_birth: None,
    };
    let mut answer = HttpResponse::Ok();
    if session.presented != Presented::ApiKey {
        answer.cookie(cookie(&app, current.text, expires_at.map(|end| end - now())));
    }
    answer.json(body)
}

async fn add_account(
    app: Data<App>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<AddRequest>>,
) -> Result<HttpResponse, ApiError> {
    let session = app.accounts.add(&caller, request.account.into(), role(request.role.as_deref().unwrap_or("pending"))?).await?;
    let mut body = json!(Face::linked(session.user));
    body["token"] = Value::String(session.token);
    body["token_type"] = Value::String("Bearer".to_owned());
    Ok(HttpResponse::Ok().json(body))
}

async fn update_password(
    app: Data<App>,
    Authorized(SignedIn(caller), Json(request)): Authorized<SignedIn, Json<PasswordRequest>>,
) -> Result<HttpResponse, ApiError> {
    app.accounts.update_password(&caller, &request.password, &request.new_password).await?;
    Ok(HttpResponse::Ok().json(true))
}

async fn update_profile(
    app: Data<App>,
    Authorized(SignedIn(caller), Json(request)): Authorized<SignedIn, Json<ProfileRequest>>,
) -> Result<HttpResponse, ApiError> {
    let user = app.accounts.update_profile(&caller, &request.name, &request.profile_image_url).await?;
    Ok(HttpResponse::Ok().json(Face::stored(user)))
}

async fn get_api_key(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(json!({"api_key": app.accounts.api_key(&caller).await?})))
}

async fn create_api_key(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(json!({"api_key": app.accounts.create_api_key(&caller).await?})))
}

async fn delete_api_key(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(app.accounts.delete_api_key(&caller).await?))
}

pub(crate) fn role(text: &str) -> Result<Role, Error> {
    text.parse().map_err(|error: transom_domain::UnknownRole| Error::Invalid(error.to_string()))
}

fn opened(app: &App, session: NewSession) -> HttpResponse {
    let cookie = cookie(app, session.token.clone(), session.expires_at.map(|end| end - now()));
    HttpResponse::Ok().cookie(cookie).json(SessionResponse::from(session))
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
