//! `/api/v1/auths/admin/…`: what an administrator changes about accounts while the server runs.

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use transom_app::accounts::AuthSettings;
use transom_app::{App, Error};
use transom_domain::Role;
use utoipa::ToSchema;

use crate::accounts::role;
use crate::body::{Authorized, Json};
use crate::description::shapes::RoleShape;
use crate::reply::Reply;
use crate::{Admin, AdminInSession, ApiError, SignedIn, unchanged};

/// Settings that are changed; those that are left out stay, and others may only be sent as they are shown.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) struct AuthConfigRequest {
    show_admin_details: Option<bool>,
    enable_signup: Option<bool>,
    enable_api_keys: Option<bool>,
    enable_api_keys_endpoint_restrictions: Option<bool>,
    api_keys_allowed_endpoints: Option<String>,
    #[schema(value_type = Option<RoleShape>)]
    default_user_role: Option<String>,
    jwt_expires_in: Option<String>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// How accounts are handled. What this server does not do is off.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) struct AuthConfig {
    show_admin_details: bool,
    admin_email: Option<String>,
    webui_url: &'static str,
    enable_login_form: bool,
    enable_signup: bool,
    enable_api_keys: bool,
    enable_api_keys_endpoint_restrictions: bool,
    api_keys_allowed_endpoints: String,
    #[schema(value_type = RoleShape)]
    default_user_role: Role,
    default_group_id: &'static str,
    jwt_expires_in: String,
    enable_community_sharing: bool,
    enable_message_rating: bool,
    enable_folders: bool,
    folder_max_file_count: Option<u64>,
    enable_automations: bool,
    enable_channels: bool,
    enable_calendar: bool,
    enable_memories: bool,
    enable_memory_system_context: bool,
    enable_notes: bool,
    enable_user_webhooks: bool,
    enable_user_status: bool,
}

/// Whom to ask about this server.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminDetails {
    name: String,
    email: String,
}

/// Whom to ask about this server
#[api_v2_operation]
pub(crate) async fn get_admin_details(app: Data<App>, _caller: SignedIn) -> Result<Reply<AdminDetails>, ApiError> {
    let admin = app.accounts.admin_details().await?;
    let admin = admin.ok_or_else(|| Error::Invalid("whom to ask is not told here".to_owned()))?;
    Ok(Reply::of(&AdminDetails { name: admin.name, email: admin.email }))
}

/// Shows how accounts are handled
#[api_v2_operation]
pub(crate) async fn get_config(app: Data<App>, _admin: Admin) -> Reply<AuthConfig> {
    Reply::of(&shown(&app.accounts.settings()))
}

/// Changes how accounts are handled
///
/// It needs a session token.
#[api_v2_operation]
pub(crate) async fn set_config(
    app: Data<App>,
    Authorized(AdminInSession(session), Json(request)): Authorized<AdminInSession, Json<AuthConfigRequest>>,
) -> Result<Reply<AuthConfig>, ApiError> {
    let current = serde_json::to_value(shown(&app.accounts.settings())).map_err(Error::internal)?;
    for (name, value) in &request.more {
        unchanged::check(name, value, &current)?;
    }
    let settings = app.accounts.change_settings(&session, |settings| changed(settings, request)).await?;
    Ok(Reply::of(&shown(&settings)))
}

fn changed(mut settings: AuthSettings, request: AuthConfigRequest) -> Result<AuthSettings, Error> {
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

fn shown(settings: &AuthSettings) -> AuthConfig {
    AuthConfig {
        show_admin_details: settings.show_admin_details,
        admin_email: None,
        webui_url: "",
        enable_login_form: true,
        enable_signup: settings.enable_signup,
        enable_api_keys: settings.enable_api_keys,
        enable_api_keys_endpoint_restrictions: settings.api_keys_only.is_some(),
        api_keys_allowed_endpoints: settings.api_keys_only.as_ref().map(|paths| paths.join(",")).unwrap_or_default(),
        default_user_role: settings.default_user_role,
        default_group_id: "",
        jwt_expires_in: settings.session_lifetime.to_string(),
        enable_community_sharing: false,
        enable_message_rating: false,
        enable_folders: false,
        folder_max_file_count: None,
        enable_automations: false,
        enable_channels: false,
        enable_calendar: false,
        enable_memories: false,
        enable_memory_system_context: false,
        enable_notes: false,
        enable_user_webhooks: false,
        enable_user_status: false,
    }
}
