//! What an administrator changes about accounts while the server runs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use transom_auth::Lifetime;
use transom_domain::{Role, User};
use transom_store::Store;

use super::{Accounts, AccountsConfig, Session, admin_only, permissions};
use crate::Error;
use crate::settings::{Changed, forget};

const SETTING: &str = "accounts";

/// What an administrator changes about accounts while the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthSettings {
    /// Whether people may sign up.
    pub enable_signup: bool,
    /// What they are then.
    pub default_user_role: Role,
    /// How long a session lives.
    pub session_lifetime: Lifetime,
    /// Whether API keys can be made and used.
    pub enable_api_keys: bool,
    /// The path prefixes that keys open; `None` for all that their account may.
    pub api_keys_only: Option<Vec<String>>,
    /// Whether accounts are told whom to ask.
    pub show_admin_details: bool,
}

/// The settings as they are kept. A row holds those that were changed, and older rows hold all of them.
#[derive(Serialize, Deserialize)]
struct Stored {
    enable_signup: bool,
    default_user_role: Role,
    session_lifetime: String,
    enable_api_keys: bool,
    api_keys_only: Option<Vec<String>>,
    show_admin_details: bool,
}

/// The variable of each of them.
const VARIABLES: [(&str, &str); 6] = [
    ("enable_signup", "ENABLE_SIGNUP"),
    ("default_user_role", "DEFAULT_USER_ROLE"),
    ("session_lifetime", "JWT_EXPIRES_IN"),
    ("enable_api_keys", "ENABLE_API_KEYS"),
    ("api_keys_only", "API_KEYS_ALLOWED_ENDPOINTS"),
    ("show_admin_details", "SHOW_ADMIN_DETAILS"),
];

impl From<&AccountsConfig> for AuthSettings {
    fn from(config: &AccountsConfig) -> Self {
        Self {
            enable_signup: config.enable_signup,
            default_user_role: config.default_user_role,
            session_lifetime: config.session_lifetime,
            enable_api_keys: config.api_keys.enabled,
            api_keys_only: config.api_keys.only.clone(),
            show_admin_details: config.show_admin_details,
        }
    }
}

impl AuthSettings {
    fn members(&self) -> Result<Map<String, Value>, Error> {
        let stored = Stored {
            enable_signup: self.enable_signup,
            default_user_role: self.default_user_role,
            session_lifetime: self.session_lifetime.to_string(),
            enable_api_keys: self.enable_api_keys,
            api_keys_only: self.api_keys_only.clone(),
            show_admin_details: self.show_admin_details,
        };
        match serde_json::to_value(stored).map_err(Error::internal)? {
            Value::Object(members) => Ok(members),
            _ => Ok(Map::new()),
        }
    }
}

pub(super) async fn load(store: &Store, config: &AccountsConfig) -> Result<AuthSettings, Error> {
    Ok(read(store.setting(SETTING).await?, AuthSettings::from(config)))
}

/// What is stored over what the server was started with.
fn read(stored: Option<Value>, boot: AuthSettings) -> AuthSettings {
    let (Some(Value::Object(stored)), Ok(mut members)) = (stored, boot.members()) else { return boot };
    members.extend(stored);
    let stored: Stored = match serde_json::from_value(Value::Object(members)) {
        Ok(stored) => stored,
        Err(error) => {
            tracing::error!(%error, "the stored settings of accounts cannot be read; those of the environment are used");
            return boot;
        }
    };
    AuthSettings {
        enable_signup: stored.enable_signup,
        default_user_role: stored.default_user_role,
        session_lifetime: stored.session_lifetime.parse().unwrap_or(boot.session_lifetime),
        enable_api_keys: stored.enable_api_keys,
        api_keys_only: stored.api_keys_only,
        show_admin_details: stored.show_admin_details,
    }
}

/// The members that were changed.
async fn changes(store: &Store) -> Result<Map<String, Value>, Error> {
    Ok(match store.setting(SETTING).await? {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    })
}

/// The settings and permissions of accounts that are not what the server would start with.
pub async fn changed_settings(store: &Store, config: &AccountsConfig) -> Result<Vec<Changed>, Error> {
    let (boot, stored) = (AuthSettings::from(config).members()?, changes(store).await?);
    let mut changed = Vec::new();
    for (member, variable) in VARIABLES {
        if let Some(value) = stored.get(member).filter(|value| boot.get(member) != Some(value)) {
            changed.push(Changed { variable: variable.to_owned(), value: value.clone() });
        }
    }
    changed.extend(permissions::changed(store, &config.permissions).await?);
    Ok(changed)
}

/// Forgets what was changed under this variable, or everything.
pub async fn reset_settings(store: &Store, variable: Option<&str>) -> Result<bool, Error> {
    let is_meant = |member: &str| variable.is_none_or(|variable| VARIABLES.contains(&(member, variable)));
    let settings = forget(store, SETTING, is_meant).await?;
    Ok(permissions::reset(store, variable).await? || settings)
}

impl Accounts {
    /// The settings in force.
    pub fn settings(&self) -> AuthSettings {
        AuthSettings::clone(&self.settings.load())
    }

    /// Changes them, for now and for later runs; what they are then. Two changes at once do not undo each other.
    /// An API key does not: the role of new accounts is among them, and a key makes no administrators.
    pub async fn change_settings(
        &self,
        session: &Session,
        change: impl FnOnce(AuthSettings) -> Result<AuthSettings, Error>,
    ) -> Result<AuthSettings, Error> {
        admin_only(&session.caller)?;
        session.claims()?;
        let _turn = self.changing.lock().await;
        let mut changed = self.settings();
        let store = self.store.change_setting(SETTING, |stored| -> Result<Value, Error> {
            let mut members = match &stored {
                Some(Value::Object(members)) => members.clone(),
                _ => Map::new(),
            };
            let before = read(stored, changed.clone());
            let old = before.members()?;
            changed = change(before)?;
            // What stays as it is keeps following its variable.
            members.extend(changed.members()?.into_iter().filter(|(name, value)| old.get(name) != Some(value)));
            Ok(Value::Object(members))
        });
        store.await?;
        self.settings.store(std::sync::Arc::new(changed.clone()));
        Ok(changed)
    }

    /// Whom accounts are told to ask: the first administrator, where that is to be told.
    pub async fn admin_details(&self) -> Result<Option<User>, Error> {
        if !self.settings.load().show_admin_details {
            return Ok(None);
        }
        match self.primary().await? {
            Some(id) => Ok(self.store.user(&id).await?),
            None => Ok(None),
        }
    }
}
