//! Health, version, and what clients are told of the server before and after signing in.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Result};
use serde_json::{Value, json};
use transom_app::App;
use transom_domain::{Permissions, Role};

use crate::credentials::Current;
use crate::{ApiError, pictures};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/health").route(web::get().to(health)).route(web::head().to(health)))
        .service(web::resource("/health/db").route(web::get().to(database)))
        .service(web::resource("/ready").route(web::get().to(ready)).route(web::head().to(ready)))
        .service(web::resource("/user.png").route(web::get().to(pictures::get_default_picture)))
        .service(web::resource("/api/version").route(web::get().to(version)))
        .service(web::resource("/api/config").route(web::get().to(config_of)));
}

async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": true}))
}

async fn database(app: Data<App>) -> Result<HttpResponse, ApiError> {
    app.accounts.ping().await?;
    Ok(health().await)
}

async fn ready(app: Data<App>) -> Result<HttpResponse, ApiError> {
    app.ready().await?;
    Ok(health().await)
}

async fn version(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"version": app.about.version, "deployment_id": ""}))
}

/// The public part for everybody, the rest for accounts that may use the server.
async fn config_of(app: Data<App>, current: Result<Current, ApiError>) -> Result<HttpResponse, ApiError> {
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
    Ok(HttpResponse::Ok().json(body))
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
