//! The functions that run: one snapshot, read by every call without a lock.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use serde_json::{Map, Value, json};
use transom_domain::{ModelRecord, UserId};
use transom_llm::{Function, FunctionAbout, FunctionError, FunctionKind, FunctionModel, LlmError, UpstreamModel};

use super::vault::{self, Vault};

/// How long the first call for a pipe's model waits for the pipe to list its models, its worker's start included.
const FIRST_LIST: Duration = Duration::from_secs(30);

/// Who may use the models of a function that is linked in, as long as no record over a model says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Administrators, who can grant it to others, as with any other model.
    Administrators,
    /// Every account that is not pending, by its name; the list shows it to those to whom it is granted. Right for a function that shows its caller only what that caller may see anyway.
    Everyone,
}

/// A function that is linked into the program, on its way into the server.
#[derive(Clone)]
pub struct LinkedFunction {
    /// The function.
    pub function: Arc<dyn Function>,
    /// Who may use its models.
    pub audience: Audience,
    /// Whether a filter looks at the calls of every model; a pipe is not concerned.
    pub everywhere: bool,
}

/// A function that is switched on.
pub(crate) struct Running {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub about: Arc<FunctionAbout>,
    pub function: Arc<dyn Function>,
    pub is_global: bool,
    pub priority: i64,
    pub created_at: i64,
    pub audience: Audience,
    /// The code that runs; `None` for what is linked in.
    pub content: Option<String>,
    /// The models of a pipe as it listed them last.
    pub models: Arc<ArcSwap<Vec<FunctionModel>>>,
    /// Held while a call waits for the first list, so that the pipe is asked once.
    pub first_list: tokio::sync::Mutex<()>,
}

impl Running {
    async fn linked(linked: &LinkedFunction) -> Result<Self, FunctionError> {
        let (function, about) = (linked.function.clone(), linked.function.about().await?);
        let words = |name: &str| about.manifest.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            id: function.id().to_owned(),
            name: words("title").unwrap_or_else(|| function.id().to_owned()),
            description: words("description"),
            is_global: linked.everywhere,
            priority: about.priority,
            created_at: 0,
            audience: linked.audience,
            content: None,
            models: unlisted(&about),
            first_list: tokio::sync::Mutex::default(),
            about,
            function,
        })
    }

    fn is_pipe(&self) -> bool {
        self.about.kind == FunctionKind::Pipe
    }

    /// Asks a manifold pipe for its models, and keeps the answer.
    pub async fn list_models(&self) -> Result<(), LlmError> {
        if self.is_pipe() && self.about.manifold {
            self.models.store(Arc::new(self.function.models().await?));
        }
        Ok(())
    }

    /// The same for who waits no longer than `patience`; what comes later is kept all the same. A failure is logged.
    pub async fn list_within(self: &Arc<Self>, patience: Duration) {
        let asked = self.clone();
        // A task of its own: neither a caller that leaves nor one whose patience ends takes the answer from the others.
        let listing = tokio::spawn(async move {
            if let Err(error) = asked.list_models().await {
                // The words of a function are for its caller; a log keeps none of them.
                tracing::warn!(function = asked.id, kind = kind(&error), "a function does not list its models");
            }
        });
        let _ = tokio::time::timeout(patience, listing).await;
    }

    /// Asks a manifold pipe that has listed nothing yet. Whether it lists something now that it did not before the call.
    async fn list_first(self: &Arc<Self>) -> bool {
        let unlisted = || self.is_pipe() && self.models.load().is_empty();
        if !unlisted() {
            return false;
        }
        let _turn = self.first_list.lock().await;
        if unlisted() {
            self.list_within(FIRST_LIST).await;
        }
        !unlisted()
    }

    fn offers(&self) -> Vec<UpstreamModel> {
        if !self.is_pipe() {
            return Vec::new();
        }
        let offer = |model: &FunctionModel| UpstreamModel {
            id: model.id(&self.id),
            name: model.name.clone().unwrap_or_else(|| self.name.clone()),
            // Clients know no third owner: the reference says the same of its functions.
            owned_by: "openai",
            created: self.created_at,
            raw: json!({"type": "pipe"}),
        };
        self.models.load().iter().map(offer).collect()
    }

    /// How clients are shown a filter or an action beside a model.
    fn badge(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "icon": self.about.icon,
            "has_user_valves": self.about.user_valves.is_some(),
        })
    }

    fn is_for(&self, attached: &[&str]) -> bool {
        self.is_global || attached.contains(&self.id.as_str())
    }
}

/// The models of a pipe that was not asked: itself, unless it lists them.
pub(crate) fn unlisted(about: &FunctionAbout) -> Arc<ArcSwap<Vec<FunctionModel>>> {
    let itself = FunctionModel { sub_id: None, name: None };
    Arc::new(ArcSwap::from_pointee(if about.manifold { Vec::new() } else { vec![itself] }))
}

/// What runs.
#[derive(Default)]
pub(crate) struct Active {
    /// Linked ones first, then in the order in which they were made.
    pub functions: Vec<Arc<Running>>,
    /// The filters among them, in the order in which they look at a request.
    pub filters: Vec<Arc<Running>>,
}

impl Active {
    pub fn new(functions: Vec<Arc<Running>>) -> Self {
        let mut filters: Vec<_> = functions.iter().filter(|function| function.about.kind == FunctionKind::Filter).cloned().collect();
        filters.sort_by(|a, b| a.priority.cmp(&b.priority).then_with(|| a.id.cmp(&b.id)));
        Self { functions, filters }
    }

    /// The function of this id.
    pub fn get(&self, id: &str) -> Option<&Arc<Running>> {
        self.functions.iter().find(|function| function.id == id)
    }

    /// The pipe that a model of this id belongs to: `id`, or the longest id in front of `.sub-id`.
    pub fn pipe_of(&self, model: &str) -> Option<&Arc<Running>> {
        let owns = |id: &str| model == id || model.strip_prefix(id).is_some_and(|rest| rest.starts_with('.'));
        self.functions.iter().filter(|function| function.is_pipe() && owns(&function.id)).max_by_key(|function| function.id.len())
    }

    /// The filters around a call, in order: those for every model and those attached to this one.
    /// One that users switch on for each request looks only at requests that ask for it.
    pub fn filters_of(&self, record: Option<&ModelRecord>, asked_for: &HashSet<String>) -> Vec<Arc<Running>> {
        let attached = attached(record, "filterIds");
        let wanted = |filter: &&Arc<Running>| filter.is_for(&attached) && (!filter.about.toggle || asked_for.contains(&filter.id));
        self.filters.iter().filter(wanted).cloned().collect()
    }

    /// What clients are shown beside a model: the filters that they can switch on, and the actions.
    pub fn badges(&self, record: Option<&ModelRecord>) -> Badges {
        let shown = |kind: FunctionKind, attached: &[&str]| {
            let fits = |function: &&Arc<Running>| {
                function.about.kind == kind && (kind == FunctionKind::Action || function.about.toggle) && function.is_for(attached)
            };
            self.functions.iter().filter(fits).map(|function| function.badge()).collect()
        };
        Badges {
            filters: shown(FunctionKind::Filter, &attached(record, "filterIds")),
            actions: shown(FunctionKind::Action, &attached(record, "actionIds")),
        }
    }
}

/// What clients are shown beside a model.
#[derive(Default)]
pub(crate) struct Badges {
    pub filters: Vec<Value>,
    pub actions: Vec<Value>,
}

fn attached<'a>(record: Option<&'a ModelRecord>, name: &str) -> Vec<&'a str> {
    record.and_then(|record| record.meta.get(name)).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Holds what runs. Shared by the catalogue, which lists it, by calls, which go through it, and by [`super::Functions`], which changes it.
#[derive(Default)]
pub struct Registry {
    linked: Vec<Arc<Running>>,
    active: ArcSwap<Active>,
    /// Opens the values of functions' settings, once [`super::Functions`] has brought it along.
    pub(super) vault: OnceLock<Vault>,
}

impl Registry {
    /// With these functions linked in; what is wrong with one of them is the error.
    pub async fn with(linked: &[LinkedFunction]) -> Result<Self, FunctionError> {
        let mut running = Vec::with_capacity(linked.len());
        for linked in linked {
            let linked = Running::linked(linked).await?;
            if let Err(error) = linked.list_models().await {
                return Err(FunctionError::Unavailable(error.to_string()));
            }
            running.push(Arc::new(linked));
        }
        Ok(Self { active: ArcSwap::from_pointee(Active::new(running.clone())), linked: running, vault: OnceLock::new() })
    }

    /// What runs now.
    pub(crate) fn active(&self) -> Guard<Arc<Active>> {
        self.active.load()
    }

    /// Runs these, beside what is linked in.
    pub(crate) fn run(&self, functions: Vec<Arc<Running>>) {
        self.active.store(Arc::new(Active::new(self.linked.iter().cloned().chain(functions).collect())));
    }

    /// The models of all pipes, as they were listed last.
    pub(crate) fn offers(&self) -> Vec<UpstreamModel> {
        self.active().functions.iter().flat_map(|function| function.offers()).collect()
    }

    /// Has the pipe that a model of this id would belong to list its models, where it has not done so since the start.
    /// Whether there are models now that were not there before.
    pub(crate) async fn list_for(&self, model: &str) -> bool {
        let pipe = self.active().pipe_of(model).cloned();
        match pipe {
            Some(pipe) => pipe.list_first().await,
            None => false,
        }
    }

    /// Whether every account may use a model of this id that has no record.
    pub(crate) fn is_open(&self, model: &str) -> bool {
        self.active().pipe_of(model).is_some_and(|pipe| pipe.audience == Audience::Everyone)
    }

    /// The caller's values of all functions' settings, as they stand in the account's settings. Those that open no more are left aside.
    pub(crate) fn user_valves(&self, user: &UserId, settings: Option<&Value>) -> HashMap<String, Map<String, Value>> {
        let all = settings.and_then(|settings| settings.pointer("/functions/valves")).and_then(Value::as_object);
        let opened = |(id, values): (&String, &Value)| Some((id.clone(), vault::open_user(self.vault.get(), user, id, values)?));
        all.into_iter().flatten().filter_map(opened).collect()
    }

    /// Whether users have settings of their own for the pipe of this model.
    pub(crate) fn has_user_valves(&self, model: &str) -> bool {
        self.active().pipe_of(model).is_some_and(|pipe| pipe.about.user_valves.is_some())
    }
}

fn kind(error: &LlmError) -> &'static str {
    match error {
        LlmError::Refused { .. } => "refused",
        LlmError::Unreachable { .. } => "unreachable",
        LlmError::TimedOut { .. } => "timed out",
        LlmError::Broken { .. } => "broken",
        LlmError::Invalid(_) => "invalid",
        LlmError::Internal(_) => "internal",
    }
}
