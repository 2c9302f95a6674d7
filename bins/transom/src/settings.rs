//! `transom settings`: what an administrator changed while a server ran, and the way back to the variables.

use serde_json::Value;
use transom_app::settings::{Boot, Changed, changed, reset};
use transom_config::{Config, VARIABLES};
use transom_store::Store;

use crate::cli::{Settings, SettingsAction};
use crate::doctor::say;
use crate::{house, installation};

/// Lists or resets changed settings. A running server keeps what it has until its next start.
pub async fn run(config: Config, settings: Settings) -> Result<(), String> {
    installation::require_database(&config).await?;
    let store = installation::open(&config).await?;
    match settings.action {
        SettingsAction::List => {
            for Changed { variable, value } in all(&store, &config).await? {
                say(&format!("{variable}\t{}\t{}", shown(&value), otherwise(&config, &variable)));
            }
            Ok(())
        }
        SettingsAction::Reset { name } => {
            let there_was = reset(&store, name.as_deref()).await.map_err(|error| error.to_string())?;
            match (name, there_was) {
                (Some(name), true) => say(&format!("{name} is as the server is started with from its next start on")),
                (None, true) => say("every setting is as the server is started with from its next start on"),
                (Some(name), false) => return Err(format!("{name} was not changed; `transom settings list` shows what was")),
                (None, false) => say("no setting was changed"),
            }
            Ok(())
        }
    }
}

/// Says at start which variables are set in vain, because an administrator changed their settings.
pub async fn say_what_variables_do_not_decide(store: &Store, config: &Config) -> Result<(), String> {
    for Changed { variable, value } in all(store, config).await? {
        if let Some(set) = config.set.get(&variable) {
            tracing::warn!(
                variable,
                set,
                now = shown(&value),
                "a setting that an administrator changed goes before its variable: `transom settings reset` undoes that"
            );
        }
    }
    Ok(())
}

async fn all(store: &Store, config: &Config) -> Result<Vec<Changed>, String> {
    let accounts = house::accounts_config(config)?;
    let boot = Boot { accounts, retrieval: house::retrieval_settings(config), files: house::files_config(config) };
    changed(store, &boot).await.map_err(|error| error.to_string())
}

/// What the server would start with: what is set, or else the default.
fn otherwise(config: &Config, name: &str) -> String {
    let default = || VARIABLES.iter().find(|variable| variable.name == name).map(|variable| variable.default.to_owned());
    config.set.get(name).cloned().or_else(default).unwrap_or_default()
}

/// A value on one line, as one would set it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace(['\n', '\r', '\t'], " "),
        Value::Array(parts) => parts.iter().map(shown).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
