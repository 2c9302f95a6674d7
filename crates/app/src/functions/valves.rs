//! Settings of functions: the administrator's values, which are secrets, and each user's own.

use serde_json::{Map, Value};
use transom_domain::{Caller, FunctionId, FunctionRecord};
use transom_llm::{FunctionAbout, Valves};
use transom_store::StoredFunction;

use super::{Functions, missing, read_about};
use crate::Error;
use crate::accounts::admin_only;

/// A function with the administrator's values of its settings: secrets.
pub struct FunctionWithValves {
    /// The function.
    pub record: FunctionRecord,
    /// The values; `None` where nobody asked for them.
    pub valves: Option<Map<String, Value>>,
}

impl Functions {
    /// All functions, for another server to take over; for administrators.
    pub async fn export(&self, caller: &Caller, with_valves: bool) -> Result<Vec<FunctionWithValves>, Error> {
        admin_only(caller)?;
        if self.runtime.is_none() {
            return Ok(Vec::new());
        }
        let vault = self.vault()?;
        let exported = |stored: StoredFunction| -> Result<FunctionWithValves, Error> {
            let valves = match with_valves {
                true => Some(vault.open(&stored).ok_or_else(|| sealed_elsewhere(&stored))?),
                false => None,
            };
            Ok(FunctionWithValves { record: stored.record, valves })
        };
        self.store.functions(caller).await?.into_iter().map(exported).collect()
    }

    /// The administrator's values.
    pub async fn valves(&self, caller: &Caller, id: &FunctionId) -> Result<Map<String, Value>, Error> {
        // What opens no more has to be set again, as if it was never set; the log says so.
        Ok(self.vault()?.open(&self.stored(caller, id).await?).unwrap_or_default())
    }

    /// Their JSON schema; `None` where the function has no settings.
    pub async fn valves_spec(&self, caller: &Caller, id: &FunctionId) -> Result<Option<Value>, Error> {
        Ok(about(&self.stored(caller, id).await?)?.valves)
    }

    /// Sets the administrator's values: exactly those that are given and not null. The next call sees them.
    pub async fn set_valves(&self, caller: &Caller, id: &FunctionId, values: Map<String, Value>) -> Result<Map<String, Value>, Error> {
        let stored = self.stored(caller, id).await?;
        about(&stored)?.valves.ok_or_else(without_settings)?;
        let values = self.handle(&stored)?.check_valves(Valves::Admin, given(values)).await?;
        let sealed = self.vault()?.seal(id, &values)?;
        self.store.set_function_valves(caller, id, sealed).await?.ok_or_else(|| missing(id))?;
        self.changed(id, None).await?;
        Ok(values)
    }

    /// The caller's own values.
    pub async fn user_valves(&self, caller: &Caller, id: &FunctionId) -> Result<Map<String, Value>, Error> {
        self.for_user(caller, id).await?;
        let user = self.store.user(&caller.id).await?.ok_or(Error::WrongRole)?;
        let mut own = self.models.functions().user_valves(&caller.id, user.settings.as_ref());
        Ok(own.remove(id.as_str()).unwrap_or_default())
    }

    /// Their JSON schema; `None` where users have no settings of their own.
    pub async fn user_valves_spec(&self, caller: &Caller, id: &FunctionId) -> Result<Option<Value>, Error> {
        Ok(about(&self.for_user(caller, id).await?)?.user_valves)
    }

    /// Sets the caller's own values: exactly those that are given and not null.
    pub async fn set_user_valves(&self, caller: &Caller, id: &FunctionId, values: Map<String, Value>) -> Result<Map<String, Value>, Error> {
        if !(caller.may("chat.controls") && caller.may("chat.valves")) {
            return Err(Error::Forbidden("your account may not change settings of functions; ask your administrator".to_owned()));
        }
        let stored = self.for_user(caller, id).await?;
        about(&stored)?.user_valves.ok_or_else(without_settings)?;
        let values = self.handle(&stored)?.check_valves(Valves::User, given(values)).await?;
        let sealed = self.vault()?.seal_user(&caller.id, id.as_str(), &values)?;
        self.store.set_user_valves(caller, id, sealed).await?.ok_or(Error::WrongRole)?;
        Ok(values)
    }

    /// A function that the caller can meet: any for administrators, one that is switched on for others.
    async fn for_user(&self, caller: &Caller, id: &FunctionId) -> Result<StoredFunction, Error> {
        if caller.is_admin() {
            return self.stored(caller, id).await;
        }
        self.runtime()?;
        self.store.running_functions().await?.into_iter().find(|stored| stored.record.id == *id).ok_or_else(|| missing(id))
    }
}

/// An export that leaves values out in silence would lose them on the other server.
fn sealed_elsewhere(stored: &StoredFunction) -> Error {
    Error::Invalid(format!(
        "the values of the function {} were encrypted under another secret (WEBUI_SECRET_KEY): set them again, or export without values",
        stored.record.id
    ))
}

fn about(stored: &StoredFunction) -> Result<FunctionAbout, Error> {
    read_about(&stored.about).ok_or_else(|| Error::internal("what is stored of a function cannot be read"))
}

fn given(values: Map<String, Value>) -> Map<String, Value> {
    values.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn without_settings() -> Error {
    Error::NotFound("this function has no such settings".to_owned())
}
