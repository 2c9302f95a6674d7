//! Functions: programs that answer as models (pipes), or that look at the calls of other models (filters).
//!
//! [`Registry`] holds what runs; calls and the catalogue read it without a lock. [`Functions`] is the administrators' side:
//! it keeps the rows, judges code before it is kept, and makes the registry what the rows say after every change.
//! How code runs is behind the port [`transom_llm::FunctionRuntime`].

mod edit;
mod history;
mod load;
mod models;
mod registry;
mod valves;
mod vault;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Mutex;
use transom_auth::Secret;
use transom_domain::{Caller, FunctionId, FunctionRecord, User};
use transom_fetch::Fetcher;
use transom_llm::{Function, FunctionAbout, FunctionError, FunctionRuntime};
use transom_store::Store;

use crate::Error;
use crate::accounts::admin_only;
use crate::models::Models;
pub(crate) use models::FunctionModels;
pub(crate) use registry::{Badges, Running};
use vault::Vault;

pub use edit::{FunctionDraft, SyncDraft};
pub use history::{VersionDiff, VersionView};
pub use load::Loaded;
pub use registry::{Audience, LinkedFunction, Registry};
use transom_store::StoredFunction;
pub use transom_store::Switch;
pub use valves::FunctionWithValves;

/// How long a change waits for the models of a pipe that lists them itself; they join the catalogue later where it takes longer.
const LISTING: Duration = Duration::from_secs(20);

/// A function with who made it.
pub struct FunctionView {
    /// The function.
    pub record: FunctionRecord,
    /// The account that made it, where it is still there.
    pub user: Option<User>,
}

/// The administrators' side of functions.
pub struct Functions {
    store: Store,
    models: Models,
    /// What runs code; `None` where functions of administrators are switched off.
    runtime: Option<Arc<dyn FunctionRuntime>>,
    /// What fetches code from an address.
    fetcher: Option<Fetcher>,
    /// Held while the registry is made what the rows say.
    changing: Mutex<()>,
}

impl Functions {
    /// Functions over the registry of this catalogue. Without a `runtime`, there are none but those that are linked in.
    /// The values of their settings are encrypted under `secret`.
    ///
    /// # Errors
    /// Where the secret is of no use for that.
    pub fn new(
        store: Store,
        models: Models,
        secret: &Secret,
        runtime: Option<Arc<dyn FunctionRuntime>>,
        fetcher: Option<Fetcher>,
    ) -> Result<Self, Error> {
        let vault = Vault::new(secret)?;
        // One that is there already was made for the same rows.
        let _ = models.functions().vault.set(vault);
        Ok(Self { store, models, runtime, fetcher, changing: Mutex::default() })
    }

    /// Makes those that are switched on ready; nothing of their code runs until it is needed. Values of settings that an earlier
    /// version stored in the clear are encrypted.
    pub async fn start(&self) -> Result<(), Error> {
        self.vault()?.seal_stored(&self.store).await?;
        self.run_what_is_on(None).await
    }

    fn vault(&self) -> Result<&Vault, Error> {
        self.models.functions().vault.get().ok_or_else(|| Error::internal("there is nothing to encrypt with"))
    }

    /// Ends everything that runs for them.
    pub fn stop(&self) {
        for running in &self.models.functions().active().functions {
            running.function.stop();
        }
    }

    /// Whether administrators' functions are on.
    pub fn are_on(&self) -> bool {
        self.runtime.is_some()
    }

    /// The functions: all of them for administrators; for others those that they have settings of their own for, without their code.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<FunctionRecord>, Error> {
        if self.runtime.is_none() {
            return Ok(Vec::new());
        }
        if caller.is_admin() {
            return Ok(self.store.functions(caller).await?.into_iter().map(|stored| stored.record).collect());
        }
        let with_settings = |stored: &StoredFunction| read_about(&stored.about).is_some_and(|about| about.user_valves.is_some());
        let running = self.store.running_functions().await?.into_iter().filter(with_settings);
        Ok(running.map(|stored| FunctionRecord { content: String::new(), ..stored.record }).collect())
    }

    /// All functions with who made them; for administrators.
    pub async fn list_with_users(&self, caller: &Caller) -> Result<Vec<FunctionView>, Error> {
        admin_only(caller)?;
        let records = self.list(caller).await?;
        let ids: Vec<_> = records.iter().filter_map(|record| record.user_id.clone()).collect();
        let users = self.store.users_by_id(&ids).await?;
        let made = |record: &FunctionRecord| users.iter().find(|user| Some(&user.id) == record.user_id.as_ref()).cloned();
        Ok(records.into_iter().map(|record| FunctionView { user: made(&record), record }).collect())
    }

    /// One function; for administrators.
    pub async fn get(&self, caller: &Caller, id: &FunctionId) -> Result<FunctionRecord, Error> {
        Ok(self.stored(caller, id).await?.record)
    }

    async fn stored(&self, caller: &Caller, id: &FunctionId) -> Result<StoredFunction, Error> {
        admin_only(caller)?;
        self.runtime()?;
        self.store.function(caller, id).await?.ok_or_else(|| missing(id))
    }

    fn runtime(&self) -> Result<&Arc<dyn FunctionRuntime>, Error> {
        self.runtime.as_ref().ok_or_else(|| Error::NotFound("functions are switched off on this server (ENABLE_PLUGINS)".to_owned()))
    }

    /// What a running function is asked through; for one that is off, a handle of its own.
    fn handle(&self, stored: &StoredFunction) -> Result<Arc<dyn Function>, Error> {
        let running = self.models.functions().active().get(stored.record.id.as_str()).cloned();
        match running.filter(|running| running.content.as_deref() == Some(&stored.record.content)) {
            Some(running) => Ok(running.function.clone()),
            None => Ok(self.runtime()?.function(stored.record.id.as_str(), &stored.record.content)),
        }
    }

    /// Makes the registry what the rows say, and the catalogue what the registry says. `loaded` is a handle whose code was loaded just now.
    async fn changed(&self, id: &FunctionId, loaded: Option<Arc<dyn Function>>) -> Result<(), Error> {
        self.run_what_is_on(loaded).await?;
        let running = self.models.functions().active().get(id.as_str()).cloned();
        if let Some(running) = running.filter(|running| running.about.manifold) {
            running.list_within(LISTING).await;
        }
        self.models.functions_changed().await
    }

    async fn run_what_is_on(&self, loaded: Option<Arc<dyn Function>>) -> Result<(), Error> {
        let Some(runtime) = &self.runtime else { return Ok(()) };
        let _turn = self.changing.lock().await;
        let registry = self.models.functions();
        let before = registry.active().functions.clone();
        let mut running = Vec::new();
        let vault = self.vault()?;
        for stored in self.store.running_functions().await? {
            let Some(about) = read_about(&stored.about) else {
                tracing::error!(function = %stored.record.id, "what is stored of a function cannot be read; it does not run");
                continue;
            };
            let same = |running: &&Arc<Running>| {
                running.id == stored.record.id.as_str() && running.content.as_ref() == Some(&stored.record.content)
            };
            let known = before.iter().find(same);
            let function = match (known, &loaded) {
                (Some(known), _) => known.function.clone(),
                (None, Some(loaded)) if loaded.id() == stored.record.id.as_str() => loaded.clone(),
                (None, _) => runtime.function(stored.record.id.as_str(), &stored.record.content),
            };
            let valves = vault.open(&stored).unwrap_or_else(|| {
                tracing::error!(
                    function = %stored.record.id,
                    "the values of a function's settings were encrypted under another secret; it runs with its defaults until they are set again"
                );
                Map::new()
            });
            function.set_valves(valves.clone());
            let description = stored.record.meta.get("description").and_then(Value::as_str).map(str::to_owned);
            running.push(Arc::new(Running {
                id: stored.record.id.to_string(),
                name: stored.record.name,
                description,
                is_global: stored.record.is_global,
                priority: about.priority(&valves),
                created_at: stored.record.created_at,
                audience: Audience::Administrators,
                content: Some(stored.record.content),
                models: known.map_or_else(|| registry::unlisted(&about), |known| known.models.clone()),
                first_list: tokio::sync::Mutex::default(),
                about: Arc::new(about),
                function,
            }));
        }
        let on: Vec<String> = running.iter().map(|function| function.id.clone()).collect();
        registry.run(running);
        for gone in before.iter().filter(|function| function.content.is_some() && !on.contains(&function.id)) {
            gone.function.stop();
        }
        Ok(())
    }
}

fn read_about(about: &Value) -> Option<FunctionAbout> {
    serde_json::from_value(about.clone()).ok()
}

fn missing(id: &FunctionId) -> Error {
    Error::NotFound(format!("there is no function {id}"))
}

impl From<FunctionError> for Error {
    fn from(error: FunctionError) -> Self {
        match error {
            FunctionError::Code { .. } | FunctionError::Valves(_) => Self::Invalid(error.to_string()),
            FunctionError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}
