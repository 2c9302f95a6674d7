//! Values of functions' settings at rest: sealed under the server's secret, each for its function or account.

use serde_json::{Map, Value};
use transom_auth::{AuthError, Sealer, Secret};
use transom_domain::{FunctionId, UserId};
use transom_store::{Store, StoredFunction};

use crate::Error;

/// Seals values for a row and opens them again.
pub(crate) struct Vault(Sealer);

impl Vault {
    pub fn new(secret: &Secret) -> Result<Self, AuthError> {
        Ok(Self(Sealer::for_valves(secret)?))
    }

    /// An administrator's values, for the function's row.
    pub fn seal(&self, id: &FunctionId, values: &Map<String, Value>) -> Result<Value, Error> {
        self.sealed(&of_function(id), values)
    }

    /// A user's values, for the account's settings.
    pub fn seal_user(&self, user: &UserId, id: &str, values: &Map<String, Value>) -> Result<Value, Error> {
        self.sealed(&of_user(user, id), values)
    }

    fn sealed(&self, place: &str, values: &Map<String, Value>) -> Result<Value, Error> {
        let text = serde_json::to_string(values).map_err(Error::internal)?;
        Ok(Value::String(self.0.seal_text(place, &text)?))
    }

    /// An administrator's values as they stand in the function's row; `None` where they were sealed under another secret.
    pub fn open(&self, stored: &StoredFunction) -> Option<Map<String, Value>> {
        match &stored.valves {
            None => Some(Map::new()),
            Some(values) => self.opened(&of_function(&stored.record.id), values),
        }
    }

    fn opened(&self, place: &str, stored: &Value) -> Option<Map<String, Value>> {
        match stored {
            // From an earlier version, until the next start.
            Value::Object(values) => Some(values.clone()),
            Value::String(sealed) => serde_json::from_str(&self.0.open_text(place, sealed)?).ok(),
            _ => None,
        }
    }

    /// Seals what an earlier version stored in the clear.
    pub async fn seal_stored(&self, store: &Store) -> Result<(), Error> {
        let mut count = 0;
        for (id, values) in store.clear_function_valves().await? {
            store.seal_function_valves(&id, &values, self.seal(&id, &values)?).await?;
            count += 1;
        }
        for user in store.accounts_with_clear_valves().await? {
            store.seal_user_valves(&user, |function, values| self.seal_user(&user, function, values)).await?;
            count += 1;
        }
        if count > 0 {
            tracing::info!(count, "values of functions' settings that were stored in the clear are encrypted now");
        }
        Ok(())
    }
}

/// A user's values as they stand in the account's settings; `None` where they were sealed under another secret.
pub(super) fn open_user(vault: Option<&Vault>, user: &UserId, id: &str, stored: &Value) -> Option<Map<String, Value>> {
    let opened = vault.and_then(|vault| vault.opened(&of_user(user, id), stored));
    if opened.is_none() {
        tracing::warn!(function = id, "a user's values of a function's settings were encrypted under another secret and are left aside");
    }
    opened
}

fn of_function(id: &FunctionId) -> String {
    format!("function {id}")
}

fn of_user(user: &UserId, id: &str) -> String {
    format!("function {id} of {user}")
}
