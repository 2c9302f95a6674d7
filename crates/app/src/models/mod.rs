//! The model catalogue and model records.
//!
//! The catalogue is a snapshot in memory: what every upstream offered when it was last asked, and the records over it.
//! Requests read it without a lock; it is asked anew behind them once it is older than [`ModelsConfig::max_age`].
//! A change of records shows at once, without asking an upstream.

mod asking;
mod catalogue;
mod connection;
mod listing;
mod meta;
mod offering;
mod record_list;
mod records;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use transom_domain::{Caller, ModelId};
use transom_store::Store;

use crate::Error;
use crate::functions::{FunctionModels, Registry};
use catalogue::Catalogue;
pub use catalogue::{Entry, Resolved};
pub use connection::{Connection, ConnectionHealth, ConnectionSettings, Kind};
use offering::Offer;
pub use offering::{Offering, Upstream};
pub use record_list::{RecordOrder, RecordPage, RecordQuery, tags};
pub use records::RecordView;
pub use transom_store::{ModelRecordChange, NewModelRecord};

/// How the catalogue behaves.
#[derive(Clone, Debug)]
pub struct ModelsConfig {
    /// After how long the upstreams are asked anew, behind the requests.
    pub max_age: Duration,
    /// How long each upstream may take to list its models.
    pub list_timeout: Duration,
    /// How long a caller waits for upstreams to list their models before it goes on with those that did.
    pub patience: Duration,
    /// How long an upstream that stopped answering keeps its models in the catalogue.
    pub keep_unanswered: Duration,
    /// How old the lists may be before an unknown model id has the upstreams asked again. Ids that nobody has cost no more than one
    /// list of each upstream in this time.
    pub recheck: Duration,
    /// `BYPASS_MODEL_ACCESS_CONTROL`: every account may use every model.
    pub open_to_all: bool,
    /// `ENABLE_OPENAI_API_PASSTHROUGH`: administrators may send any call below `/openai` to an upstream.
    pub passthrough: bool,
    /// Whether an OpenAI-compatible connection is shown as `external`, an Ollama as `local`, is fixed by its kind.
    pub default_models: Option<String>,
}

impl Default for ModelsConfig {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(30),
            list_timeout: Duration::from_secs(5),
            patience: Duration::from_secs(2),
            keep_unanswered: Duration::from_secs(300),
            recheck: Duration::from_secs(2),
            open_to_all: false,
            passthrough: false,
            default_models: None,
        }
    }
}

/// The catalogue and the records.
#[derive(Clone)]
pub struct Models {
    inner: Arc<Inner>,
}

struct Inner {
    config: ModelsConfig,
    connections: Vec<Connection>,
    /// The functions that run; their models are those of the one connection of [`Kind::Function`].
    functions: Arc<Registry>,
    /// Where records are; `None` where there are none.
    store: Option<Store>,
    catalogue: ArcSwap<Catalogue>,
    /// What each connection offered when it last answered. Never held while an upstream is asked: a change of records waits for it.
    offers: tokio::sync::Mutex<Vec<Offer>>,
    /// For each connection, when it was last asked. Held while it is asked, so that those who ask at the same time share the answer.
    asking: Vec<Arc<tokio::sync::Mutex<Option<Instant>>>>,
    /// When the upstreams were last asked for an id that nobody knows. Held by whoever has them asked.
    rechecking: tokio::sync::Mutex<Option<Instant>>,
    /// When all upstreams were last asked, in milliseconds since `born`, plus one; 0 before the first time.
    asked_at: AtomicU64,
    born: Instant,
    refreshing: AtomicBool,
}

impl Models {
    /// A catalogue over these connections, without records; nothing is asked yet. Administrators may use every model, and so may
    /// everybody where [`ModelsConfig::open_to_all`] says so.
    pub fn new(config: ModelsConfig, connections: Vec<Connection>) -> Self {
        Self::build(config, connections, Arc::default(), None)
    }

    /// The same with the records in `store`, which say who may use what.
    pub fn with_records(config: ModelsConfig, connections: Vec<Connection>, store: Store) -> Self {
        Self::build(config, connections, Arc::default(), Some(store))
    }

    /// The same with functions, whose models come last.
    pub fn with_functions(config: ModelsConfig, connections: Vec<Connection>, functions: Arc<Registry>, store: Store) -> Self {
        Self::build(config, connections, functions, Some(store))
    }

    fn build(config: ModelsConfig, mut connections: Vec<Connection>, functions: Arc<Registry>, store: Option<Store>) -> Self {
        let models = Arc::new(FunctionModels::new(functions.clone()));
        connections.push(Connection::without_api(Kind::Function, 0, models));
        let offers = connections.iter().map(|_| Offer::default()).collect();
        let asking = connections.iter().map(|_| Arc::default()).collect();
        Self {
            inner: Arc::new(Inner {
                config,
                connections,
                functions,
                store,
                catalogue: ArcSwap::from_pointee(Catalogue::default()),
                offers: tokio::sync::Mutex::new(offers),
                asking,
                rechecking: tokio::sync::Mutex::default(),
                asked_at: AtomicU64::new(0),
                born: Instant::now(),
                refreshing: AtomicBool::new(false),
            }),
        }
    }

    /// The connections, in the order they were configured.
    pub fn connections(&self) -> &[Connection] {
        &self.inner.connections
    }

    /// The connection of this kind and index.
    pub fn connection(&self, kind: Kind, index: usize) -> Option<&Connection> {
        self.inner.connections.iter().find(|connection| connection.kind == kind && connection.index == index)
    }

    /// `DEFAULT_MODELS`, for clients that ask what to offer first.
    pub fn default_models(&self) -> Option<&str> {
        self.inner.config.default_models.as_deref()
    }

    /// Whether administrators may send any call below `/openai` to an upstream.
    pub fn passthrough(&self) -> bool {
        self.inner.config.passthrough
    }

    /// Whether every account may use every model.
    pub fn is_open_to_all(&self) -> bool {
        self.inner.config.open_to_all
    }

    /// The model that the caller named, if it may use it: a record or an upstream's model, a bare Ollama name, or a preset with its base.
    /// `None` for what is not there and for what is not granted alike.
    ///
    /// An id that nobody knows has the upstreams asked again, unless that was done just now.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where nobody knows the id and an upstream that may have it does not answer.
    pub async fn resolve(&self, caller: &Caller, id: &str) -> Result<Option<Resolved>, Error> {
        self.resolve_of(caller, id, None).await
    }

    /// The same among the models of one kind of upstream, or of any.
    pub async fn resolve_of(&self, caller: &Caller, id: &str, kind: Option<Kind>) -> Result<Option<Resolved>, Error> {
        let open = self.inner.config.open_to_all;
        let catalogue = self.current().await?;
        let resolved = catalogue.resolve(caller, id, kind, open);
        if resolved.is_some() || catalogue.has(id, kind) {
            return Ok(resolved);
        }
        // After a start, a pipe whose worker is still coming up has not listed its models when the first call for one arrives.
        if self.inner.functions.list_for(id).await {
            self.functions_changed().await?;
        } else {
            self.recheck().await?;
        }
        let catalogue = self.inner.catalogue.load_full();
        let resolved = catalogue.resolve(caller, id, kind, open);
        if resolved.is_none() && !catalogue.has(id, kind) && self.is_somebody_silent(kind).await {
            return Err(Error::Unavailable("this model may be at an upstream that does not answer now; try again shortly".to_owned()));
        }
        Ok(resolved)
    }

    /// The same without asking anybody: what is known now.
    pub(crate) fn known(&self, caller: &Caller, id: &str, kind: Kind) -> Option<Resolved> {
        self.inner.catalogue.load().resolve(caller, id, Some(kind), self.inner.config.open_to_all)
    }

    /// Whether the caller may use the model that this connection knows by this id.
    pub(crate) fn may_use_at(&self, caller: &Caller, connection: &Connection, upstream_id: &str) -> bool {
        self.inner.config.open_to_all || self.inner.catalogue.load().may_use_at(caller, connection, upstream_id)
    }

    /// The models that the caller may use, in the API's shape: `{"data": […]}`. With `refresh`, every upstream is asked first.
    pub async fn list(&self, caller: &Caller, refresh: bool) -> Result<bytes::Bytes, Error> {
        if refresh {
            self.refresh().await?;
        }
        Ok(listing::data(&*self.current().await?, caller, self.inner.config.open_to_all))
    }

    /// The catalogue's entries that the caller may use, of one kind of upstream; presets are of none.
    pub async fn offered(&self, caller: &Caller, kind: Kind) -> Result<Vec<Arc<Entry>>, Error> {
        let catalogue = self.current().await?;
        let open = self.inner.config.open_to_all;
        Ok(catalogue.entries().filter(|entry| entry.is_of(kind) && catalogue.usable(caller, entry, open)).cloned().collect())
    }

    /// Upstream models as they are offered, without records: for administrators.
    pub async fn base_models(&self) -> Result<Vec<Arc<Entry>>, Error> {
        Ok(self.current().await?.entries().filter(|entry| entry.kind().is_some()).cloned().collect())
    }

    /// Which connections answered when they were last asked; functions are no connection.
    pub async fn health(&self) -> Vec<ConnectionHealth> {
        let offers = self.inner.offers.lock().await;
        let connections = self.inner.connections.iter().zip(offers.iter()).filter(|(connection, _)| connection.kind != Kind::Function);
        let health = |(connection, offer): (&Connection, &Offer)| ConnectionHealth {
            kind: connection.kind,
            index: connection.index,
            address: connection.models.name().to_owned(),
            answers: offer.answers(),
            failure: offer.failure.clone(),
            models: offer.models().len(),
        };
        connections.map(health).collect()
    }

    /// The functions that run.
    pub(crate) fn functions(&self) -> &Arc<Registry> {
        &self.inner.functions
    }

    /// Where rows are, if anywhere.
    pub(crate) fn store(&self) -> Option<&Store> {
        self.inner.store.as_ref()
    }

    /// Where records are.
    fn kept(&self) -> Result<&Store, Error> {
        self.store().ok_or_else(|| Error::Invalid("no records of models are kept here".to_owned()))
    }

    /// A record by id, whoever asks; access is the callers' in `records`.
    fn record(&self, id: &ModelId) -> Option<Arc<transom_domain::ModelRecord>> {
        self.inner.catalogue.load().record(id)
    }
}
