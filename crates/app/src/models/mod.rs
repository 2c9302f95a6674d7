//! The model catalogue and model records.
//!
//! The catalogue is a snapshot in memory: what every upstream offered when it was last asked, and the records over it.
//! Requests read it without a lock; it is asked anew behind them once it is older than [`ModelsConfig::max_age`].
//! A change of records shows at once, without asking an upstream.

mod catalogue;
mod listing;
mod meta;
mod record_list;
mod records;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use transom_domain::{Caller, ModelId};
use transom_llm::{ChatModel, RawUpstream};
use transom_store::Store;

use crate::Error;
use crate::functions::{FunctionModels, Registry};
use catalogue::{Catalogue, Offer};
pub use catalogue::{Entry, Resolved, Upstream};
pub use record_list::{RecordOrder, RecordPage, RecordQuery, tags};
pub use records::RecordView;
pub use transom_store::{ModelRecordChange, NewModelRecord};

/// Which API an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// OpenAI's, under `/openai` too.
    OpenAi,
    /// Ollama's, under `/ollama` too.
    Ollama,
    /// None of its own: a provider that the program brings along.
    Own,
    /// None of its own: functions.
    Function,
}

/// One upstream.
#[derive(Clone)]
pub struct Connection {
    /// Which API it speaks.
    pub kind: Kind,
    /// Its place among the connections of its kind, from 0: the `url_idx` of the API.
    pub index: usize,
    /// Its models.
    pub models: Arc<dyn ChatModel>,
    /// Its own API.
    pub raw: Option<Arc<dyn RawUpstream>>,
}

impl Connection {
    /// An upstream whose own API can be passed through.
    pub fn new<U: ChatModel + RawUpstream>(kind: Kind, index: usize, upstream: Arc<U>) -> Self {
        Self { kind, index, models: upstream.clone(), raw: Some(upstream) }
    }

    /// A provider that the program brings along: its models, and no API beside them.
    pub fn own(index: usize, models: Arc<dyn ChatModel>) -> Self {
        Self { kind: Kind::Own, index, models, raw: None }
    }
}

/// How a connection did when it was last asked for its models.
#[derive(Clone, Debug)]
pub struct ConnectionHealth {
    /// Which API it speaks.
    pub kind: Kind,
    /// Its place among the connections of its kind, from 0.
    pub index: usize,
    /// Its base address.
    pub address: String,
    /// Whether it was asked and answered.
    pub answers: bool,
    /// Why it did not.
    pub failure: Option<String>,
    /// How many models it offers, or offered when it last answered.
    pub models: usize,
}

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
    /// `BYPASS_MODEL_ACCESS_CONTROL`: every account may use every model.
    pub open_to_all: bool,
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
            open_to_all: false,
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
    /// Held while the upstreams are asked, so that they are asked once.
    asking: Arc<tokio::sync::Mutex<()>>,
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
        connections.push(Connection { kind: Kind::Function, index: 0, models, raw: None });
        let offers = connections.iter().map(|_| Offer::default()).collect();
        Self {
            inner: Arc::new(Inner {
                config,
                connections,
                functions,
                store,
                catalogue: ArcSwap::from_pointee(Catalogue::default()),
                offers: tokio::sync::Mutex::new(offers),
                asking: Arc::default(),
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

    /// The model that the caller named, if it may use it: a record or an upstream's model, a bare Ollama name, or a preset with its base.
    /// `None` for what is not there and for what is not granted alike.
    pub async fn resolve(&self, caller: &Caller, id: &str) -> Result<Option<Resolved>, Error> {
        let open = self.inner.config.open_to_all;
        let resolved = self.current().await?.resolve(caller, id, open);
        // After a start, a pipe whose worker is still coming up has not listed its models when the first call for one arrives.
        if resolved.is_none() && self.inner.functions.list_for(id).await {
            self.functions_changed().await?;
            return Ok(self.current().await?.resolve(caller, id, open));
        }
        Ok(resolved)
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
        Ok(catalogue.entries().filter(|entry| entry.kind() == Some(kind) && catalogue.usable(caller, entry, open)).cloned().collect())
    }

    /// Upstream models as they are offered, without records: for administrators.
    pub async fn base_models(&self) -> Result<Vec<Arc<Entry>>, Error> {
        Ok(self.current().await?.entries().filter(|entry| entry.kind().is_some()).cloned().collect())
    }

    /// The snapshot; asked for first where there is none, and behind this request where it is old.
    async fn current(&self) -> Result<Arc<Catalogue>, Error> {
        let catalogue = self.inner.catalogue.load_full();
        let Some(asked_at) = catalogue.asked_at else {
            self.refresh().await?;
            return Ok(self.inner.catalogue.load_full());
        };
        if asked_at.elapsed() > self.inner.config.max_age && !self.inner.refreshing.swap(true, Ordering::AcqRel) {
            let models = self.clone();
            tokio::spawn(async move {
                if let Err(error) = models.refresh().await {
                    tracing::warn!(%error, "the model catalogue could not be refreshed");
                }
                models.inner.refreshing.store(false, Ordering::Release);
            });
        }
        Ok(catalogue)
    }

    /// Asks every upstream what it offers, side by side. Waits for all of them, but no longer than [`ModelsConfig::patience`]:
    /// slower ones join the catalogue behind the caller's back.
    pub async fn refresh(&self) -> Result<(), Error> {
        // A task of its own: a caller that leaves does not take the answers from those who wait beside it.
        tokio::spawn(self.clone().ask_all(Instant::now())).await.map_err(Error::internal)?
    }

    async fn ask_all(self, asked: Instant) -> Result<(), Error> {
        let turn = tokio::time::timeout(self.inner.config.patience, self.inner.asking.clone().lock_owned());
        let Ok(turn) = turn.await else { return Ok(()) }; // Somebody asks, and still waits for a slow one.
        if self.inner.catalogue.load().asked_at.is_some_and(|at| at >= asked) {
            return Ok(()); // Somebody asked while this call waited.
        }
        let places = 0..self.inner.connections.len();
        let mut answers: FuturesUnordered<_> = places.map(|place| self.clone().ask(place)).collect();
        let mut patience = std::pin::pin!(tokio::time::sleep(self.inner.config.patience));
        loop {
            tokio::select! {
                answer = answers.next() => match answer {
                    Some((place, answer)) => self.take(place, answer).await,
                    None => break,
                },
                () = &mut patience => break,
            }
        }
        self.publish(Some(Instant::now())).await?;
        if !answers.is_empty() {
            tokio::spawn(async move {
                while let Some((place, answer)) = answers.next().await {
                    self.take(place, answer).await;
                    if let Err(error) = self.publish(Some(Instant::now())).await {
                        tracing::warn!(%error, "the models of a slow upstream could not be added");
                    }
                }
                drop(turn);
            });
        }
        Ok(())
    }

    async fn take(&self, place: usize, answer: Result<Vec<transom_llm::UpstreamModel>, String>) {
        self.inner.offers.lock().await[place].take(answer, self.inner.config.keep_unanswered);
    }

    async fn ask(self, place: usize) -> (usize, Result<Vec<transom_llm::UpstreamModel>, String>) {
        let (connection, limit) = (&self.inner.connections[place], self.inner.config.list_timeout);
        let answer = match tokio::time::timeout(limit, connection.models.models()).await {
            Ok(Ok(models)) => Ok(models),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("{} did not list its models within {limit:?}", connection.models.name())),
        };
        (place, answer)
    }

    /// Shows a change of records at once, over what the upstreams offered last.
    async fn records_changed(&self) -> Result<(), Error> {
        let asked_at = self.inner.catalogue.load().asked_at;
        self.publish(asked_at).await
    }

    /// Shows a change of functions at once.
    pub(crate) async fn functions_changed(&self) -> Result<(), Error> {
        self.records_changed().await
    }

    /// Makes the catalogue anew; `asked_at` says when the upstreams were last asked.
    async fn publish(&self, asked_at: Option<Instant>) -> Result<(), Error> {
        let mut offers = self.inner.offers.lock().await;
        let records = match &self.inner.store {
            Some(store) => store.model_records().await?,
            None => Vec::new(),
        };
        for (connection, offer) in self.inner.connections.iter().zip(offers.iter_mut()) {
            if connection.kind == Kind::Function {
                // What runs is known here and now; an answer that was on its way while it changed would bring back what is gone.
                offer.take(Ok(self.inner.functions.offers()), self.inner.config.keep_unanswered);
            }
        }
        let catalogue = Catalogue::build(&self.inner.connections, &offers, records, &self.inner.functions, asked_at);
        self.inner.catalogue.store(Arc::new(catalogue));
        Ok(())
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
            models: offer.len(),
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
