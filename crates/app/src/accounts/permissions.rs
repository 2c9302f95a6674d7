//! What accounts may do by default: the tree of switches, and the environment's names for them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use transom_domain::{Caller, Permissions};
use transom_store::Store;

use super::{Accounts, admin_only};
use crate::Error;
use crate::settings::Changed;

const SETTING: &str = "permissions.default";

/// The beginning of the switches' variables.
const PREFIX: &str = "USER_PERMISSIONS_";

/// Section, switch, whether it is on, and the rest of its name after `USER_PERMISSIONS_`.
#[rustfmt::skip]
const SWITCHES: &[(&str, &str, bool, &str)] = &[
    ("workspace", "models", false, "WORKSPACE_MODELS_ACCESS"),
    ("workspace", "knowledge", false, "WORKSPACE_KNOWLEDGE_ACCESS"),
    ("workspace", "prompts", false, "WORKSPACE_PROMPTS_ACCESS"),
    ("workspace", "tools", false, "WORKSPACE_TOOLS_ACCESS"),
    ("workspace", "skills", false, "WORKSPACE_SKILLS_ACCESS"),
    ("workspace", "models_import", false, "WORKSPACE_MODELS_IMPORT"),
    ("workspace", "models_export", false, "WORKSPACE_MODELS_EXPORT"),
    ("workspace", "models_hidden", false, "WORKSPACE_MODELS_HIDDEN"),
    ("workspace", "prompts_import", false, "WORKSPACE_PROMPTS_IMPORT"),
    ("workspace", "prompts_export", false, "WORKSPACE_PROMPTS_EXPORT"),
    ("workspace", "tools_import", false, "WORKSPACE_TOOLS_IMPORT"),
    ("workspace", "tools_export", false, "WORKSPACE_TOOLS_EXPORT"),
    ("workspace", "skills_import", false, "WORKSPACE_SKILLS_IMPORT"),
    ("workspace", "skills_export", false, "WORKSPACE_SKILLS_EXPORT"),
    ("sharing", "models", false, "WORKSPACE_MODELS_ALLOW_SHARING"),
    ("sharing", "public_models", false, "WORKSPACE_MODELS_ALLOW_PUBLIC_SHARING"),
    ("sharing", "knowledge", false, "WORKSPACE_KNOWLEDGE_ALLOW_SHARING"),
    ("sharing", "public_knowledge", false, "WORKSPACE_KNOWLEDGE_ALLOW_PUBLIC_SHARING"),
    ("sharing", "prompts", false, "WORKSPACE_PROMPTS_ALLOW_SHARING"),
    ("sharing", "public_prompts", false, "WORKSPACE_PROMPTS_ALLOW_PUBLIC_SHARING"),
    ("sharing", "tools", false, "WORKSPACE_TOOLS_ALLOW_SHARING"),
    ("sharing", "public_tools", false, "WORKSPACE_TOOLS_ALLOW_PUBLIC_SHARING"),
    ("sharing", "skills", false, "WORKSPACE_SKILLS_ALLOW_SHARING"),
    ("sharing", "public_skills", false, "WORKSPACE_SKILLS_ALLOW_PUBLIC_SHARING"),
    ("sharing", "notes", false, "NOTES_ALLOW_SHARING"),
    ("sharing", "public_notes", false, "NOTES_ALLOW_PUBLIC_SHARING"),
    ("sharing", "folders", false, "FOLDERS_ALLOW_SHARING"),
    ("sharing", "public_chats", false, "CHAT_ALLOW_PUBLIC_SHARING"),
    ("sharing", "open_chats", false, "CHAT_ALLOW_OPEN_SHARING"),
    ("sharing", "public_calendars", false, "CALENDAR_ALLOW_PUBLIC_SHARING"),
    ("access_grants", "allow_users", true, "ACCESS_GRANTS_ALLOW_USERS"),
    ("access_grants", "allow_groups", true, "ACCESS_GRANTS_ALLOW_GROUPS"),
    ("chat", "controls", true, "CHAT_CONTROLS"),
    ("chat", "valves", true, "CHAT_VALVES"),
    ("chat", "system_prompt", true, "CHAT_SYSTEM_PROMPT"),
    ("chat", "params", true, "CHAT_PARAMS"),
    ("chat", "file_upload", true, "CHAT_FILE_UPLOAD"),
    ("chat", "web_upload", true, "CHAT_WEB_UPLOAD"),
    ("chat", "delete", true, "CHAT_DELETE"),
    ("chat", "delete_message", true, "CHAT_DELETE_MESSAGE"),
    ("chat", "continue_response", true, "CHAT_CONTINUE_RESPONSE"),
    ("chat", "regenerate_response", true, "CHAT_REGENERATE_RESPONSE"),
    ("chat", "rate_response", true, "CHAT_RATE_RESPONSE"),
    ("chat", "edit", true, "CHAT_EDIT"),
    ("chat", "share", true, "CHAT_SHARE"),
    ("chat", "export", true, "CHAT_EXPORT"),
    ("chat", "import", true, "CHAT_IMPORT"),
    ("chat", "stt", true, "CHAT_STT"),
    ("chat", "tts", true, "CHAT_TTS"),
    ("chat", "call", true, "CHAT_CALL"),
    ("chat", "multiple_models", true, "CHAT_MULTIPLE_MODELS"),
    ("chat", "temporary", true, "CHAT_TEMPORARY"),
    ("chat", "temporary_enforced", false, "CHAT_TEMPORARY_ENFORCED"),
    ("features", "api_keys", false, "FEATURES_API_KEYS"),
    ("features", "notes", true, "FEATURES_NOTES"),
    ("features", "folders", true, "FEATURES_FOLDERS"),
    ("features", "channels", true, "FEATURES_CHANNELS"),
    ("features", "encrypted_channels", false, "FEATURES_ENCRYPTED_CHANNELS"),
    ("features", "direct_tool_servers", false, "FEATURES_DIRECT_TOOL_SERVERS"),
    ("features", "web_search", true, "FEATURES_WEB_SEARCH"),
    ("features", "image_generation", true, "FEATURES_IMAGE_GENERATION"),
    ("features", "code_interpreter", true, "FEATURES_CODE_INTERPRETER"),
    ("features", "memories", true, "FEATURES_MEMORIES"),
    ("features", "automations", false, "FEATURES_AUTOMATIONS"),
    ("features", "calendar", true, "FEATURES_CALENDAR"),
    ("features", "webhooks", false, "FEATURES_USER_WEBHOOKS"),
    ("settings", "interface", true, "SETTINGS_INTERFACE"),
];

/// A variable that switches nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("USER_PERMISSIONS_{0} is unknown: the names are those of Open WebUI, such as USER_PERMISSIONS_FEATURES_API_KEYS")]
pub struct UnknownPermission(pub String);

/// What accounts may do where nothing else is said.
pub fn default_permissions() -> Permissions {
    let mut tree = Permissions::default();
    for (section, name, on, _) in SWITCHES {
        set(&mut tree, section, name, *on);
    }
    tree
}

/// The defaults with what `USER_PERMISSIONS_…` variables say; keys are the names without that prefix.
pub fn permissions_from_environment(variables: &BTreeMap<String, bool>) -> Result<Permissions, Vec<UnknownPermission>> {
    let mut tree = default_permissions();
    let mut unknown = Vec::new();
    for (variable, on) in variables {
        match SWITCHES.iter().find(|(.., name)| name == variable) {
            Some((section, name, ..)) => set(&mut tree, section, name, *on),
            None => unknown.push(UnknownPermission(variable.clone())),
        }
    }
    if unknown.is_empty() { Ok(tree) } else { Err(unknown) }
}

/// The switches that are not what the server would start with.
pub(super) async fn changed(store: &Store, boot: &Permissions) -> Result<Vec<Changed>, Error> {
    let Some(Value::Object(stored)) = store.setting(SETTING).await? else { return Ok(Vec::new()) };
    let value = |section: &str, name: &str| stored.get(section).and_then(|section| section.get(name)).and_then(Value::as_bool);
    let differs = |(section, name, _, variable): &(&str, &str, bool, &str)| {
        let value = value(section, name).filter(|on| *on != boot.allows(&format!("{section}.{name}")))?;
        Some(Changed { variable: format!("{PREFIX}{variable}"), value: value.into() })
    };
    Ok(SWITCHES.iter().filter_map(differs).collect())
}

/// Forgets what was changed under this variable, or every switch.
pub(super) async fn reset(store: &Store, variable: Option<&str>) -> Result<bool, Error> {
    let Some(variable) = variable else { return Ok(store.remove_setting(SETTING).await?) };
    let named = |(.., known): &&(&str, &str, bool, &str)| variable.strip_prefix(PREFIX) == Some(*known);
    let Some((section, name, ..)) = SWITCHES.iter().find(named) else { return Ok(false) };
    let Some(Value::Object(mut stored)) = store.setting(SETTING).await? else { return Ok(false) };
    let Some(switches) = stored.get_mut(*section).and_then(Value::as_object_mut) else { return Ok(false) };
    let was_there = switches.shift_remove(*name).is_some();
    store.set_setting(SETTING, &stored.into()).await?;
    Ok(was_there)
}

impl Accounts {
    /// What accounts may do by default, as the administrator left it.
    pub async fn default_permissions(&self, caller: &Caller) -> Result<Permissions, Error> {
        admin_only(caller)?;
        self.stored_permissions().await
    }

    /// Sets what accounts may do by default; what is left out stays as the server was started with.
    pub async fn set_default_permissions(&self, caller: &Caller, tree: Permissions) -> Result<Permissions, Error> {
        admin_only(caller)?;
        well_formed(&tree)?;
        let stored = serde_json::to_value(&tree).map_err(Error::internal)?;
        let _change = self.principals.change();
        self.store.set_setting(SETTING, &stored).await?;
        Ok(lay_over(self.config.permissions.clone(), &tree))
    }

    pub(super) async fn stored_permissions(&self) -> Result<Permissions, Error> {
        let defaults = self.config.permissions.clone();
        match self.store.setting(SETTING).await? {
            Some(Value::Object(stored)) => Ok(lay_over(defaults, &Permissions(stored))),
            _ => Ok(defaults),
        }
    }
}

/// Sections of switches, each on or off.
pub(crate) fn well_formed(tree: &Permissions) -> Result<(), Error> {
    let switches = |section: &Value| section.as_object().is_some_and(|section| section.values().all(Value::is_boolean));
    match tree.0.iter().find(|(_, section)| !switches(section)) {
        Some((name, _)) => Err(Error::Malformed(format!("{name}: a section of permissions holds names, each true or false"))),
        None => Ok(()),
    }
}

/// `over`'s switches replace those of `tree`, on or off.
fn lay_over(mut tree: Permissions, over: &Permissions) -> Permissions {
    for (section, switches) in &over.0 {
        for (name, on) in switches.as_object().into_iter().flatten() {
            set(&mut tree, section, name, on == &Value::Bool(true));
        }
    }
    tree
}

fn set(tree: &mut Permissions, section: &str, name: &str, on: bool) {
    let section = tree.0.entry(section).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(section) = section {
        section.insert(name.to_owned(), Value::Bool(on));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_environment_switches_by_open_webuis_names() {
        let variables = [("WORKSPACE_KNOWLEDGE_ACCESS", true), ("CHAT_FILE_UPLOAD", false), ("NOTES_ALLOW_SHARING", true)];
        let tree = permissions_from_environment(&variables.map(|(name, on)| (name.to_owned(), on)).into()).expect("known names");
        assert!(tree.allows("workspace.knowledge") && tree.allows("sharing.notes"));
        assert!(!tree.allows("chat.file_upload") && !tree.allows("features.api_keys"));
    }

    #[test]
    fn an_unknown_name_is_said() {
        let unknown = permissions_from_environment(&[("CHAT_FLIE_UPLOAD".to_owned(), true)].into()).expect_err("unknown");
        assert!(unknown[0].to_string().contains("USER_PERMISSIONS_CHAT_FLIE_UPLOAD"));
    }

    #[test]
    fn what_is_stored_switches_off_as_well_as_on() {
        let stored = serde_json::from_value(json!({"chat": {"file_upload": false}, "features": {"api_keys": true}})).expect("a tree");
        let tree = lay_over(default_permissions(), &stored);
        assert!(!tree.allows("chat.file_upload") && tree.allows("features.api_keys") && tree.allows("chat.params"));
    }

    #[test]
    fn a_tree_of_anything_but_switches_is_refused() {
        for bad in [json!({"chat": true}), json!({"chat": {"x": "yes"}})] {
            assert!(well_formed(&serde_json::from_value(bad).expect("a map")).is_err());
        }
    }
}
