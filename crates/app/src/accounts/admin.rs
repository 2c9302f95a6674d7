//! What an administrator changes about accounts while the server runs.

use serde::{Deserialize, Serialize};
use transom_auth::Lifetime;
use transom_domain::{Role, User};
use transom_store::Store;

use super::{Accounts, AccountsConfig, Session, admin_only};
use crate::Error;

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

#[derive(Serialize, Deserialize)]
struct Stored {
    enable_signup: bool,
    default_user_role: Role,
    session_lifetime: String,
    enable_api_keys: bool,
    api_keys_only: Option<Vec<String>>,
    show_admin_details: bool,
}

pub(super) async fn load(store: &Store, config: &AccountsConfig) -> Result<AuthSettings, Error> {
    let boot = AuthSettings {
        enable_signup: config.enable_signup,
        default_user_role: config.default_user_role,
        session_lifetime: config.session_lifetime,
        enable_api_keys: config.api_keys.enabled,
        api_keys_only: config.api_keys.only.clone(),
        show_admin_details: config.show_admin_details,
    };
    Ok(read(store.setting(SETTING).await?, boot))
}

/// What is stored, or else what the server was started with.
fn read(stored: Option<serde_json::Value>, boot: AuthSettings) -> AuthSettings {
    let Some(stored) = stored else { return boot };
    let stored: Stored = match serde_json::from_value(stored) {
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
        let store = self.store.change_setting(SETTING, |stored| {
            changed = change(read(stored, changed.clone()))?;
            let stored = Stored {
                enable_signup: changed.enable_signup,
                default_user_role: changed.default_user_role,
                session_lifetime: changed.session_lifetime.to_string(),
                enable_api_keys: changed.enable_api_keys,
                api_keys_only: changed.api_keys_only.clone(),
                show_admin_details: changed.show_admin_details,
            };
            serde_json::to_value(stored).map_err(Error::internal)
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
