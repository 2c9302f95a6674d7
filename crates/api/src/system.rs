//! Health, version, and what clients are told of the server before and after signing in.

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::Serialize;
use serde_json::{Value, json};
use transom_app::App;
use transom_domain::{Permissions, Role};
use utoipa::ToSchema;

use crate::credentials::Current;
use crate::description::shapes::{Object, PermissionsShape, Status};
use crate::reply::Reply;
use crate::table::Table;
use crate::{ApiError, pictures};

pub(crate) fn routes(table: &mut Table) {
    table.at("/health").get(check_health).head(check_health);
    table.at("/health/db").get(check_database).or([503]);
    table.at("/ready").get(check_readiness).or([503]).head(check_readiness).or([503]);
    table.at("/user.png").get(pictures::get_default_picture);
    table.at("/api/version").get(get_version);
    table.at("/api/config").get(get_client_config);
}

/// The version of Open WebUI's API that is spoken.
#[derive(Serialize, ToSchema)]
struct Version {
    #[schema(examples("0.12.4"))]
    version: String,
    deployment_id: &'static str,
}

/// What clients are told of the server. After signing in there is more.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it is put together by hand; only its shape counts")]
struct ClientConfig {
    status: bool,
    name: String,
    version: String,
    default_locale: String,
    i18n: Object,
    oauth: Object,
    /// Switches by their names.
    #[schema(value_type = std::collections::BTreeMap<String, bool>)]
    features: Object,
    /// Whether the first account is still to be made.
    #[schema(required = false)]
    onboarding: bool,
    default_models: Option<String>,
    permissions: Option<PermissionsShape>,
    file: Option<Object>,
    code: Option<Object>,
    audio: Option<Object>,
}

/// Whether the server answers
#[api_v2_operation]
async fn check_health() -> Reply<Status> {
    Reply::of(&Status::GOOD)
}

/// Whether the database answers
#[api_v2_operation]
async fn check_database(app: Data<App>) -> Result<Reply<Status>, ApiError> {
    app.accounts.ping().await?;
    Ok(Reply::of(&Status::GOOD))
}

/// Whether the server can do its work
#[api_v2_operation]
async fn check_readiness(app: Data<App>) -> Result<Reply<Status>, ApiError> {
    app.ready().await?;
    Ok(Reply::of(&Status::GOOD))
}

/// The version of Open WebUI's API that is spoken
#[api_v2_operation]
async fn get_version(app: Data<App>) -> Reply<Version> {
    Reply::of(&Version { version: app.about.version.clone(), deployment_id: "" })
}

/// Shows what clients need to know of the server
///
/// A part is for everybody, the rest for accounts that may use the server.
#[api_v2_operation]
async fn get_client_config(app: Data<App>, current: Result<Current, ApiError>) -> Result<Reply<ClientConfig>, ApiError> {
    let is_new = app.accounts.is_new().await?;
    let settings = app.accounts.settings();
    let mut body = json!({
        "status": true,
        "name": app.about.name,
        "version": app.about.version,
        "default_locale": "",
        "i18n": {},
        "oauth": {"providers": {}, "auto_redirect": false},
        "features": {
            "slim": false,
            "auth": true,
            "auth_trusted_header": false,
            "enable_signup_password_confirmation": false,
            "enable_ldap": false,
            "enable_signup": is_new || settings.enable_signup,
            "enable_login_form": true,
            "enable_websocket": false,
        },
    });
    if is_new {
        body["onboarding"] = Value::Bool(true);
    }
    if let Some(caller) = current.ok().map(|current| current.session.caller.clone()).filter(|caller| caller.role != Role::Pending) {
        add_session_part(&mut body, &app, settings.enable_api_keys, &caller.permissions);
    }
    Ok(Reply::shaped(&body))
}

/// What this server does not do is off.
const ABSENT: [&str; 33] = [
    "enable_version_update_check",
    "enable_pyodide_file_persistence",
    "enable_public_active_users_count",
    "enable_easter_eggs",
    "enable_direct_connections",
    "enable_direct_integrations",
    "enable_tools",
    "enable_tool_servers",
    "enable_terminal_servers",
    "enable_folders",
    "enable_channels",
    "enable_encrypted_channels",
    "enable_apps",
    "enable_calendar",
    "enable_automations",
    "enable_notes",
    "enable_context_compaction",
    "enable_tool_permissions",
    "enable_web_search",
    "enable_web_search_confirmation",
    "enable_code_execution",
    "enable_code_interpreter",
    "enable_image_generation",
    "enable_autocomplete_generation",
    "enable_title_generation",
    "enable_follow_up_generation",
    "enable_tags_generation",
    "enable_community_sharing",
    "enable_message_rating",
    "enable_user_webhooks",
    "enable_user_status",
    "enable_memories",
    "enable_subagents",
];

fn add_session_part(body: &mut Value, app: &App, enable_api_keys: bool, permissions: &Permissions) {
    let features = &mut body["features"];
    features["enable_api_keys"] = Value::Bool(enable_api_keys);
    features["enable_password_change_form"] = Value::Bool(true);
    for name in ["enable_plugins", "enable_functions"] {
        features[name] = Value::Bool(app.functions.are_on());
    }
    for absent in ABSENT {
        features[absent] = Value::Bool(false);
    }
    for absent in [
        "enable_admin_export",
        "enable_admin_chat_access",
        "enable_admin_analytics",
        "enable_google_drive_integration",
        "enable_onedrive_integration",
    ] {
        features[absent] = Value::Bool(false);
    }
    body["default_models"] = json!(app.models.default_models());
    body["default_pinned_models"] = Value::Null;
    body["default_prompt_suggestions"] = Value::Null;
    body["default_prompt_suggestions_i18n"] = json!({});
    body["code"] = json!({"engine": "", "interpreter_engine": ""});
    body["audio"] = json!({"tts": {"engine": "", "voice": "", "split_on": "punctuation"}, "stt": {"engine": ""}});
    let files = app.files.config();
    body["file"] = json!({
        "max_size": files.max_megabytes(),
        "max_count": files.max_count,
        "image_compression": {"width": null, "height": null},
    });
    body["permissions"] = json!(permissions);
}
