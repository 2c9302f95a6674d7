//! Settings of functions: the administrator's values, which are secrets, and each user's own.

use serde_json::{Map, Value};
use transom_domain::{Caller, FunctionId};
use transom_llm::{FunctionAbout, Valves};
use transom_store::StoredFunction;

use super::{Functions, missing, read_about, user_valves};
use crate::Error;

impl Functions {
    /// The administrator's values.
    pub async fn valves(&self, caller: &Caller, id: &FunctionId) -> Result<Map<String, Value>, Error> {
        Ok(self.stored(caller, id).await?.valves)
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
        let stored = self.store.set_function_valves(caller, id, values).await?.ok_or_else(|| missing(id))?;
        self.changed(id, None).await?;
        Ok(stored.valves)
    }

    /// The caller's own values.
    pub async fn user_valves(&self, caller: &Caller, id: &FunctionId) -> Result<Map<String, Value>, Error> {
        self.for_user(caller, id).await?;
        let user = self.store.user(&caller.id).await?.ok_or(Error::WrongRole)?;
        let own = user_valves(user.settings.as_ref()).find(|(function, _)| function.as_str() == id.as_str());
        Ok(own.map(|(_, values)| values.clone()).unwrap_or_default())
    }

    /// Their JSON schema; `None` where users have no settings of their own.
    pub async fn user_valves_spec(&self, caller: &Caller, id: &FunctionId) -> Result<Option<Value>, Error> {
        Ok(about(&self.for_user(caller, id).await?)?.user_valves)
    }

    /// Sets the caller's own values: exactly those that are given and not null.
    pub async fn set_user_valves(&self, caller: &Caller, id: &FunctionId, values: Map<String, Value>) -> Result<Map<String, Value>, Error> {
        let stored = self.for_user(caller, id).await?;
        about(&stored)?.user_valves.ok_or_else(without_settings)?;
        let values = self.handle(&stored)?.check_valves(Valves::User, given(values)).await?;
        self.store.set_user_valves(caller, id, values.clone()).await?.ok_or(Error::WrongRole)?;
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

fn about(stored: &StoredFunction) -> Result<FunctionAbout, Error> {
    read_about(&stored.about).ok_or_else(|| Error::internal("what is stored of a function cannot be read"))
}

fn given(values: Map<String, Value>) -> Map<String, Value> {
    values.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn without_settings() -> Error {
    Error::NotFound("this function has no such settings".to_owned())
}
