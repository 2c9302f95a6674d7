//! `/api/v1/auths/admin/…`: what an administrator changes about accounts while the server runs.

use actix_web::web::Data;
use actix_web::{HttpResponse, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use transom_app::accounts::AuthSettings;
use transom_app::{App, Error};

use crate::accounts::role;
use crate::body::{Authorized, Json};
use crate::{Admin, ApiError, SignedIn};

/// Settings that are changed; those that are left out, or unknown here, stay.
#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) struct ConfigRequest {
    show_admin_details: Option<bool>,
    enable_signup: Option<bool>,
    enable_api_keys: Option<bool>,
    enable_api_keys_endpoint_restrictions: Option<bool>,
    api_keys_allowed_endpoints: Option<String>,
    default_user_role: Option<String>,
    jwt_expires_in: Option<String>,
}

pub(crate) async fn get_admin_details(app: Data<App>, _caller: SignedIn) -> Result<HttpResponse, ApiError> {
    let admin = app.accounts.admin_details().await?;
    let admin = admin.ok_or_else(|| Error::Invalid("whom to ask is not told here".to_owned()))?;
    Ok(HttpResponse::Ok().json(json!({"name": admin.name, "email": admin.email})))
}

pub(crate) async fn get_config(app: Data<App>, _admin: Admin) -> HttpResponse {
    HttpResponse::Ok().json(shown(&app.accounts.settings()))
}

pub(crate) async fn set_config(
    app: Data<App>,
    Authorized(Admin(caller), Json(request)): Authorized<Admin, Json<ConfigRequest>>,
) -> Result<HttpResponse, ApiError> {
    let settings = changed(app.accounts.settings(), request)?;
    app.accounts.set_settings(&caller, settings.clone()).await?;
    Ok(HttpResponse::Ok().json(shown(&settings)))
}

fn changed(mut settings: AuthSettings, request: ConfigRequest) -> Result<AuthSettings, Error> {
    if let Some(on) = request.show_admin_details {
        settings.show_admin_details = on;
    }
    if let Some(on) = request.enable_signup {
        settings.enable_signup = on;
    }
    if let Some(on) = request.enable_api_keys {
        settings.enable_api_keys = on;
    }
    if let Some(text) = &request.default_user_role {
        settings.default_user_role = role(text)?;
    }
    if let Some(text) = &request.jwt_expires_in {
        settings.session_lifetime = text.parse().map_err(|error| Error::Invalid(format!("JWT_EXPIRES_IN: {error}")))?;
    }
    let restricted = request.enable_api_keys_endpoint_restrictions.unwrap_or(settings.api_keys_only.is_some());
    let paths = match request.api_keys_allowed_endpoints {
        Some(text) => text.split(',').map(str::trim).filter(|path| !path.is_empty()).map(str::to_owned).collect(),
        None => settings.api_keys_only.take().unwrap_or_default(),
    };
    settings.api_keys_only = restricted.then_some(paths);
    Ok(settings)
}

/// In the reference's names; what this server does not do is off.
fn shown(settings: &AuthSettings) -> Value {
    json!({
        "SHOW_ADMIN_DETAILS": settings.show_admin_details,
        "ADMIN_EMAIL": null,
        "WEBUI_URL": "",
        "ENABLE_LOGIN_FORM": true,
        "ENABLE_SIGNUP": settings.enable_signup,
        "ENABLE_API_KEYS": settings.enable_api_keys,
        "ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS": settings.api_keys_only.is_some(),
        "API_KEYS_ALLOWED_ENDPOINTS": settings.api_keys_only.as_ref().map(|paths| paths.join(",")).unwrap_or_default(),
        "DEFAULT_USER_ROLE": settings.default_user_role,
        "DEFAULT_GROUP_ID": "",
        "JWT_EXPIRES_IN": settings.session_lifetime.to_string(),
        "ENABLE_COMMUNITY_SHARING": false,
        "ENABLE_MESSAGE_RATING": false,
        "ENABLE_FOLDERS": false,
        "FOLDER_MAX_FILE_COUNT": null,
        "ENABLE_AUTOMATIONS": false,
        "ENABLE_CHANNELS": false,
        "ENABLE_CALENDAR": false,
        "ENABLE_MEMORIES": false,
        "ENABLE_MEMORY_SYSTEM_CONTEXT": false,
        "ENABLE_NOTES": false,
        "ENABLE_USER_WEBHOOKS": false,
        "ENABLE_USER_STATUS": false,
    })
}
