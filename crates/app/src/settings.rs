//! Settings that an administrator changed while a server ran: they are kept, and go before the variables of the next start.

use serde_json::{Map, Value};
use transom_store::Store;

use crate::Error;
use crate::accounts::{self, AccountsConfig};
use crate::files::FilesConfig;
use crate::retrieval::{self, RetrievalSettings};

/// What the server would start with if nothing had been changed.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Accounts.
    pub accounts: AccountsConfig,
    /// Retrieval.
    pub retrieval: RetrievalSettings,
    /// Uploads.
    pub files: FilesConfig,
}

/// A setting that is not what the server was started with.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The variable that it goes before.
    pub variable: String,
    /// Its value.
    pub value: Value,
}

/// The settings that are not what the server would start with.
///
/// # Errors
/// Where the database cannot be read.
pub async fn changed(store: &Store, boot: &Boot) -> Result<Vec<Changed>, Error> {
    let mut changed = accounts::changed_settings(store, &boot.accounts).await?;
    changed.extend(retrieval::changed_settings(store, &boot.retrieval, &boot.files).await?);
    Ok(changed)
}

/// Forgets what was changed under this variable, or everything that was. A server that runs keeps what it has until its next start.
/// Whether there was something to forget.
///
/// # Errors
/// Where the database cannot be written.
pub async fn reset(store: &Store, variable: Option<&str>) -> Result<bool, Error> {
    let accounts = accounts::reset_settings(store, variable).await?;
    Ok(retrieval::reset_settings(store, variable).await? || accounts)
}

/// Takes the members that `is_meant` says out of a row, or removes the row where none is left.
pub(crate) async fn forget(store: &Store, row: &str, is_meant: impl Fn(&str) -> bool) -> Result<bool, Error> {
    let Some(stored) = store.setting(row).await? else { return Ok(false) };
    let members = match stored {
        Value::Object(members) => members,
        // Nothing that a version of this program wrote.
        _ => Map::new(),
    };
    let left: Map<String, Value> =
        members.iter().filter(|(name, _)| !is_meant(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    if left.is_empty() {
        return Ok(store.remove_setting(row).await?);
    }
    if left.len() == members.len() {
        return Ok(false);
    }
    store.set_setting(row, &left.into()).await?;
    Ok(true)
}
