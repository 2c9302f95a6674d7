//! One snapshot of what there is: upstream models, the records over them, and presets.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use transom_domain::{Caller, ModelId, ModelRecord, Permission, Role, access};

use super::offering::{Choice, Offer, Offering, Upstream};
use super::{Connection, Kind, listing};
use crate::functions::{Badges, Registry};

/// How many presets may stand on one another.
const DEEPEST_PRESET: usize = 8;

/// A model of the catalogue.
pub struct Entry {
    /// What clients name it by.
    pub id: ModelId,
    /// Where the model is to be had; `None` for a preset.
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

impl Entry {
    fn new(id: ModelId, upstream: Option<Upstream>, record: Option<Arc<ModelRecord>>, functions: &Registry) -> Self {
        let runs_here = upstream.as_ref().is_some_and(Upstream::is_a_functions);
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

    /// Which kind of upstream lists show it under; `None` for a preset.
    pub fn kind(&self) -> Option<Kind> {
        self.upstream.as_ref().map(|upstream| upstream.shown().kind())
    }

    /// Whether a connection of this kind offers it.
    pub fn is_of(&self, kind: Kind) -> bool {
        self.upstream.as_ref().is_some_and(|upstream| upstream.has(Some(kind)))
    }

    fn is_active(&self) -> bool {
        self.record.as_ref().is_none_or(|record| record.is_active)
    }
}

/// A model that a caller may use, down to the upstream that answers for it.
#[derive(Clone)]
pub struct Resolved {
    /// The upstream's model; its `upstream` is always there.
    base: Arc<Entry>,
    /// The model as the caller named it.
    pub entry: Arc<Entry>,
    /// The records whose system prompt and parameters apply, the outermost first.
    pub records: Vec<Arc<ModelRecord>>,
    choice: Choice,
}

impl Resolved {
    /// The offering that answers this call.
    pub fn offering(&self) -> Option<&Offering> {
        Some(self.choice.offering(self.base.upstream.as_ref()?))
    }

    /// The offering that would answer if it were not for turns. Takes none away from the others.
    pub fn preferred(&self) -> Option<&Offering> {
        Some(self.choice.preferred(self.base.upstream.as_ref()?))
    }

    /// Which API the call will go through.
    pub fn kind(&self) -> Option<Kind> {
        Some(self.preferred()?.kind())
    }

    /// All offerings of the model, whichever answers.
    pub fn offerings(&self) -> &[Offering] {
        self.base.upstream.as_ref().map(Upstream::offerings).unwrap_or_default()
    }
}

/// The snapshot.
#[derive(Default)]
pub(super) struct Catalogue {
    entries: Vec<Arc<Entry>>,
    by_id: HashMap<ModelId, usize>,
    records: HashMap<ModelId, Arc<ModelRecord>>,
    /// `{"data": […]}` as administrators see it.
    pub everything: Bytes,
}

impl Catalogue {
    pub fn build(connections: &[Connection], offers: &[Offer], records: Vec<ModelRecord>, functions: &Registry) -> Self {
        let records: HashMap<ModelId, Arc<ModelRecord>> = records.into_iter().map(|record| (record.id.clone(), Arc::new(record))).collect();
        let mut offered: Vec<(ModelId, Upstream)> = Vec::new();
        let mut places: HashMap<ModelId, usize> = HashMap::new();
        for (connection, offer) in connections.iter().zip(offers) {
            for model in offer.models() {
                let id = ModelId::from(connection.public_id(&model.id).as_ref());
                let offering = Offering { connection: connection.clone(), model: model.clone() };
                match places.get(&id) {
                    Some(place) => offered[*place].1.add(offering),
                    None => {
                        places.insert(id.clone(), offered.len());
                        offered.push((id, Upstream::new(offering)));
                    }
                }
            }
        }
        offered.iter_mut().for_each(|(_, upstream)| upstream.settle());
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
        Self::finish(entries, records)
    }

    fn finish(mut entries: Vec<Entry>, records: HashMap<ModelId, Arc<ModelRecord>>) -> Self {
        let by_id: HashMap<ModelId, usize> = entries.iter().enumerate().map(|(place, entry)| (entry.id.clone(), place)).collect();
        let owners: Vec<Option<&'static str>> = entries.iter().map(|entry| listing::owned_by(entry, &entries, &by_id)).collect();
        for (entry, owned_by) in entries.iter_mut().zip(owners) {
            entry.listing = listing::entry(entry, owned_by);
        }
        let entries: Vec<Arc<Entry>> = entries.into_iter().map(Arc::new).collect();
        let mut catalogue = Self { entries, by_id, records, everything: Bytes::new() };
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

    /// The model of this id for the caller, among the models of one kind of upstream, or of any.
    pub fn resolve(&self, caller: &Caller, id: &str, kind: Option<Kind>, open: bool) -> Option<Resolved> {
        let entry = self.named(id, kind)?;
        let chain = self.links(entry, kind)?;
        if !chain.iter().all(|link| link.is_active() && (open || may_use(caller, link))) {
            return None;
        }
        let records = chain.iter().filter_map(|link| link.record.clone()).collect();
        let base = chain.last()?.clone();
        let choice = Choice::among(base.upstream.as_ref()?, kind)?;
        Some(Resolved { base, entry: entry.clone(), records, choice })
    }

    /// Whether a model of this id is there, for whomever.
    pub fn has(&self, id: &str, kind: Option<Kind>) -> bool {
        self.named(id, kind).is_some_and(|entry| self.links(entry, kind).is_some())
    }

    /// Whether the caller may use the model that this connection knows by this id.
    pub fn may_use_at(&self, caller: &Caller, connection: &Connection, upstream_id: &str) -> bool {
        let offers = |offering: &Offering| {
            let same = (offering.kind(), offering.connection.index) == (connection.kind, connection.index);
            same && offering.model.id == upstream_id
        };
        let entry = self.by_id.get(&ModelId::from(connection.public_id(upstream_id).as_ref())).and_then(|place| self.entries.get(*place));
        let entry = entry.filter(|entry| entry.upstream.as_ref().is_some_and(|upstream| upstream.offerings().iter().any(offers)));
        entry.is_some_and(|entry| entry.is_active() && may_use(caller, entry))
    }

    /// The entry of this id, or of the same name with Ollama's default tag; of one kind of upstream, where one is asked for, or a preset.
    fn named(&self, id: &str, kind: Option<Kind>) -> Option<&Arc<Entry>> {
        let entry = |id: ModelId| self.by_id.get(&id).and_then(|place| self.entries.get(*place));
        let fits = |entry: &&Arc<Entry>| entry.upstream.as_ref().is_none_or(|upstream| upstream.has(kind));
        if let Some(exact) = entry(ModelId::from(id)).filter(fits) {
            return Some(exact);
        }
        if id.contains(':') {
            return None;
        }
        entry(ModelId::from(format!("{id}:latest"))).filter(|entry| entry.is_of(Kind::Ollama)).filter(fits)
    }

    /// Whether this is how a model of an upstream is called: by its id, or by its name without Ollama's default tag.
    pub fn is_an_upstreams(&self, id: &str) -> bool {
        self.named(id, None).is_some_and(|entry| entry.upstream.is_some())
    }

    /// The entry and what it stands on, down to an upstream's model; `None` where a link is missing or switched off.
    fn chain(&self, entry: &Arc<Entry>) -> Option<Vec<Arc<Entry>>> {
        self.links(entry, None).filter(|chain| chain.iter().all(|link| link.is_active()))
    }

    /// The same, switched on or off, where an upstream of this kind has the last of them.
    fn links(&self, entry: &Arc<Entry>, kind: Option<Kind>) -> Option<Vec<Arc<Entry>>> {
        let mut chain = vec![entry.clone()];
        loop {
            let last = chain.last()?;
            if chain.len() > DEEPEST_PRESET {
                return None;
            }
            if let Some(upstream) = &last.upstream {
                return upstream.has(kind).then_some(chain);
            }
            let base = last.record.as_ref()?.base_model_id.clone()?;
            chain.push(self.named(base.as_str(), kind)?.clone());
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
