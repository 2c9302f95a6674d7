//! One snapshot of what there is: upstream models, the records over them, and presets.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use transom_domain::{Caller, ModelId, ModelRecord, Permission, Role, access};
use transom_llm::UpstreamModel;

use super::listing;
use super::{Connection, Kind};
use crate::functions::{Badges, Registry};

/// How many presets may stand on one another.
const DEEPEST_PRESET: usize = 8;

/// What one connection offered when it last answered.
#[derive(Default)]
pub(super) struct Offer {
    models: Vec<UpstreamModel>,
    answered_at: Option<Instant>,
    /// Why it did not answer the last time.
    pub failure: Option<String>,
}

impl Offer {
    /// Whether the connection was asked and answered the last time.
    pub fn answers(&self) -> bool {
        self.answered_at.is_some() && self.failure.is_none()
    }

    /// How many models it holds.
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Takes an answer in. One that fails keeps the last offer for `keep`, so that a hiccup takes no model away.
    pub fn take(&mut self, answer: Result<Vec<UpstreamModel>, String>, keep: Duration) {
        match answer {
            Ok(models) => {
                if self.failure.take().is_some() {
                    tracing::info!("an upstream answers again");
                }
                self.models = models;
                self.answered_at = Some(Instant::now());
            }
            Err(reason) => {
                if self.failure.as_ref() != Some(&reason) {
                    tracing::warn!(%reason, "an upstream does not list its models");
                }
                if self.answered_at.is_none_or(|at| at.elapsed() > keep) {
                    self.models.clear();
                }
                self.failure = Some(reason);
            }
        }
    }
}

/// A model of the catalogue.
pub struct Entry {
    /// What clients name it by.
    pub id: ModelId,
    /// The upstream's model; `None` for a preset.
    pub upstream: Option<Upstream>,
    /// The record over it.
    pub record: Option<Arc<ModelRecord>>,
    /// Whether every account may use it as long as it has no record.
    open: bool,
    /// The filters and actions that clients are shown beside it.
    pub(super) badges: Badges,
    /// Whether its users have settings of their own for it.
    pub(super) has_user_valves: bool,
    /// The entry in the API's shape: as administrators see it, and as others do, without parameters.
    pub(super) listing: (Bytes, Bytes),
}

/// Where a model is to be had.
pub struct Upstream {
    /// The model as it is offered.
    pub model: UpstreamModel,
    /// Which API it is offered through.
    pub kind: Kind,
    /// The connections that offer it.
    pub connections: Vec<Connection>,
    /// Those of them that answered when they were last asked, or all where none did; calls go round among these.
    answering: Vec<usize>,
    next: AtomicUsize,
}

impl Upstream {
    /// The connection that the next call goes to.
    pub fn connection(&self) -> &Connection {
        let turn = match self.answering.len() {
            0 | 1 => 0,
            several => self.next.fetch_add(1, Ordering::Relaxed) % several,
        };
        &self.connections[self.answering.get(turn).copied().unwrap_or(0)]
    }
}

impl Entry {
    fn new(id: ModelId, upstream: Option<Upstream>, record: Option<Arc<ModelRecord>>, functions: &Registry) -> Self {
        let runs_here = upstream.as_ref().is_some_and(|upstream| upstream.kind == Kind::Function);
        Self {
            open: runs_here && functions.is_open(id.as_str()),
            has_user_valves: runs_here && functions.has_user_valves(id.as_str()),
            badges: functions.active().badges(record.as_deref()),
            listing: Default::default(),
            id,
            upstream,
            record,
        }
    }

    /// Which kind of upstream offers it; `None` for a preset.
    pub fn kind(&self) -> Option<Kind> {
        self.upstream.as_ref().map(|upstream| upstream.kind)
    }

    fn is_active(&self) -> bool {
        self.record.as_ref().is_none_or(|record| record.is_active)
    }
}

/// A model that a caller may use, down to the upstream that answers for it.
pub struct Resolved {
    /// The upstream's model; its `upstream` is always there.
    base: Arc<Entry>,
    /// The model as the caller named it.
    pub entry: Arc<Entry>,
    /// The records whose system prompt and parameters apply, the outermost first.
    pub records: Vec<Arc<ModelRecord>>,
}

impl Resolved {
    /// The upstream that answers.
    pub fn upstream(&self) -> Option<&Upstream> {
        self.base.upstream.as_ref()
    }
}

/// The snapshot.
#[derive(Default)]
pub(super) struct Catalogue {
    entries: Vec<Arc<Entry>>,
    by_id: HashMap<ModelId, usize>,
    records: HashMap<ModelId, Arc<ModelRecord>>,
    /// When the upstreams were last asked; `None` before the first time.
    pub asked_at: Option<Instant>,
    /// `{"data": […]}` as administrators see it.
    pub everything: Bytes,
}

impl Catalogue {
    pub fn build(
        connections: &[Connection],
        offers: &[Offer],
        records: Vec<ModelRecord>,
        functions: &Registry,
        asked_at: Option<Instant>,
    ) -> Self {
        let records: HashMap<ModelId, Arc<ModelRecord>> = records.into_iter().map(|record| (record.id.clone(), Arc::new(record))).collect();
        let mut offered: Vec<(ModelId, Upstream)> = Vec::new();
        let mut places: HashMap<ModelId, usize> = HashMap::new();
        for (connection, offer) in connections.iter().zip(offers) {
            let answers = offer.failure.is_none();
            for model in &offer.models {
                let id = ModelId::from(model.id.as_str());
                match places.get(&id).map(|place| &mut offered[*place].1) {
                    // The same Ollama model on several machines is one model; elsewhere the first connection has the name.
                    Some(known) if known.kind == Kind::Ollama && connection.kind == Kind::Ollama => {
                        known.answering.extend(answers.then_some(known.connections.len()));
                        known.connections.push(connection.clone());
                    }
                    Some(_) => {}
                    None => {
                        places.insert(id.clone(), offered.len());
                        let upstream = Upstream {
                            model: model.clone(),
                            kind: connection.kind,
                            connections: vec![connection.clone()],
                            answering: if answers { vec![0] } else { Vec::new() },
                            next: AtomicUsize::new(0),
                        };
                        offered.push((id, upstream));
                    }
                }
            }
        }
        for (_, upstream) in offered.iter_mut().filter(|(_, upstream)| upstream.answering.is_empty()) {
            upstream.answering = (0..upstream.connections.len()).collect();
        }
        let mut entries = Vec::with_capacity(offered.len() + records.len());
        for (id, upstream) in offered {
            // A preset that took an upstream's name does not stand for the upstream's model.
            let record = records.get(&id).filter(|record| record.base_model_id.is_none()).cloned();
            entries.push(Entry::new(id, Some(upstream), record, functions));
        }
        let mut presets: Vec<&Arc<ModelRecord>> =
            records.values().filter(|record| record.base_model_id.is_some() && !places.contains_key(&record.id)).collect();
        presets.sort_by(|a, b| a.created_at.cmp(&b.created_at).then_with(|| a.id.cmp(&b.id)));
        entries.extend(presets.into_iter().map(|record| Entry::new(record.id.clone(), None, Some(record.clone()), functions)));
        Self::finish(entries, records, asked_at)
    }

    fn finish(mut entries: Vec<Entry>, records: HashMap<ModelId, Arc<ModelRecord>>, asked_at: Option<Instant>) -> Self {
        let by_id: HashMap<ModelId, usize> = entries.iter().enumerate().map(|(place, entry)| (entry.id.clone(), place)).collect();
        let owners: Vec<Option<&'static str>> = entries.iter().map(|entry| listing::owned_by(entry, &entries, &by_id)).collect();
        for (entry, owned_by) in entries.iter_mut().zip(owners) {
            entry.listing = listing::entry(entry, owned_by);
        }
        let entries: Vec<Arc<Entry>> = entries.into_iter().map(Arc::new).collect();
        let mut catalogue = Self { entries, by_id, records, asked_at, everything: Bytes::new() };
        catalogue.everything = listing::join(catalogue.entries().filter(|entry| catalogue.shown(entry)).map(|entry| &entry.listing.0));
        catalogue
    }

    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    pub fn record(&self, id: &ModelId) -> Option<Arc<ModelRecord>> {
        self.records.get(id).cloned()
    }

    /// Whether anybody can use it now: it is active, and what it stands on is there.
    pub fn shown(&self, entry: &Arc<Entry>) -> bool {
        self.chain(entry).is_some()
    }

    /// Whether it is in the caller's list: it is granted, and what it stands on may be used.
    /// What every account may use is in nobody's list for that alone: a list says what was granted.
    pub fn usable(&self, caller: &Caller, entry: &Arc<Entry>, open: bool) -> bool {
        // Nearly all stand on nothing else, and a list asks for each of them.
        if entry.upstream.is_some() {
            return entry.is_active() && (open || granted(caller, entry));
        }
        self.chain(entry).is_some_and(|chain| open || granted(caller, entry) && chain.iter().all(|link| may_use(caller, link)))
    }

    pub fn resolve(&self, caller: &Caller, id: &str, open: bool) -> Option<Resolved> {
        let entry = self.named(id)?;
        let chain = self.chain(entry)?;
        if !open && !chain.iter().all(|link| may_use(caller, link)) {
            return None;
        }
        let records = chain.iter().filter_map(|link| link.record.clone()).collect();
        Some(Resolved { base: chain.last()?.clone(), entry: entry.clone(), records })
    }

    /// The entry of this id, or of the same name with Ollama's default tag.
    fn named(&self, id: &str) -> Option<&Arc<Entry>> {
        if let Some(place) = self.by_id.get(&ModelId::from(id)) {
            return self.entries.get(*place);
        }
        if id.contains(':') {
            return None;
        }
        let place = self.by_id.get(&ModelId::from(format!("{id}:latest")))?;
        self.entries.get(*place).filter(|entry| entry.kind() == Some(Kind::Ollama))
    }

    /// Whether this is how a model of an upstream is called: by its id, or by its name without Ollama's default tag.
    pub fn is_an_upstreams(&self, id: &str) -> bool {
        let offered =
            |id: &str| self.by_id.get(&ModelId::from(id)).and_then(|place| self.entries.get(*place)).and_then(|entry| entry.kind());
        offered(id).is_some() || offered(&format!("{id}:latest")) == Some(Kind::Ollama)
    }

    /// The entry and what it stands on, down to an upstream's model; `None` where a link is missing or switched off.
    fn chain(&self, entry: &Arc<Entry>) -> Option<Vec<Arc<Entry>>> {
        let mut chain = vec![entry.clone()];
        loop {
            let last = chain.last()?;
            if !last.is_active() || chain.len() > DEEPEST_PRESET {
                return None;
            }
            if last.upstream.is_some() {
                return Some(chain);
            }
            let base = last.record.as_ref()?.base_model_id.clone()?;
            chain.push(self.named(base.as_str())?.clone());
        }
    }
}

/// Whether the caller may use this link of the chain by itself: what is granted, and what is open to everybody where no record says otherwise.
fn may_use(caller: &Caller, entry: &Entry) -> bool {
    granted(caller, entry) || (entry.open && entry.record.is_none() && caller.role != Role::Pending)
}

/// Administrators have all; others what a record grants.
fn granted(caller: &Caller, entry: &Entry) -> bool {
    match &entry.record {
        Some(record) => access::permits(caller, &record.user_id, &record.access_grants, Permission::Read),
        None => caller.is_admin(),
    }
}
