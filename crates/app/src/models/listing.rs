//! Models in the shape that clients of the API know, written once when the catalogue is made.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Map, Value, json};
use transom_domain::{Caller, ModelId};

use super::Kind;
use super::catalogue::{Catalogue, Entry};
use super::offering::{Offering, Upstream};

/// `{"data": […]}` with what the caller may use.
pub(super) fn data(catalogue: &Catalogue, caller: &Caller, open: bool) -> Bytes {
    if caller.is_admin() {
        return catalogue.everything.clone();
    }
    join(catalogue.entries().filter(|entry| catalogue.usable(caller, entry, open)).map(|entry| &entry.listing.1))
}

/// `{"data": […]}` of finished entries.
pub(super) fn join<'a>(entries: impl Iterator<Item = &'a Bytes>) -> Bytes {
    let entries: Vec<&Bytes> = entries.collect();
    let mut out = BytesMut::with_capacity(entries.iter().map(|entry| entry.len() + 1).sum::<usize>() + 16);
    out.put_slice(b"{\"data\":[");
    for (place, entry) in entries.into_iter().enumerate() {
        if place > 0 {
            out.put_u8(b',');
        }
        out.put_slice(entry);
    }
    out.put_slice(b"]}");
    out.freeze()
}

/// Who answers for an entry: its upstream's kind, or its base's for a preset.
pub(super) fn owned_by(entry: &Entry, entries: &[Entry], by_id: &HashMap<ModelId, usize>) -> Option<&'static str> {
    if let Some(upstream) = &entry.upstream {
        return Some(upstream.shown().model.owned_by);
    }
    let base = entry.record.as_ref()?.base_model_id.as_ref()?;
    let base = by_id.get(base).or_else(|| by_id.get(&ModelId::from(format!("{base}:latest"))))?;
    entries[*base].upstream.as_ref().map(|upstream| upstream.shown().model.owned_by)
}

/// An entry as administrators see it, and as everybody else does.
pub(super) fn entry(entry: &Entry, owned_by: Option<&'static str>) -> (Bytes, Bytes) {
    let mut full = entry_json(entry, owned_by.unwrap_or("openai"));
    let for_admins = written(&full);
    // A system prompt is its author's; who may use a model need not read it.
    if let Some(info) = full.get_mut("info").and_then(Value::as_object_mut) {
        info.insert("params".to_owned(), json!({}));
        info.insert("access_grants".to_owned(), json!([]));
    }
    (for_admins, written(&full))
}

fn written(entry: &Map<String, Value>) -> Bytes {
    serde_json::to_vec(entry).unwrap_or_else(|_| b"{}".to_vec()).into()
}

fn entry_json(entry: &Entry, owned_by: &str) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("id".into(), json!(entry.id));
    let name = entry.record.as_ref().map(|record| record.name.clone());
    let offering = entry.upstream.as_ref().map(Upstream::shown);
    let offered = offering.map(|offering| offering.connection.public_id(&offering.model.name).into_owned());
    out.insert("name".into(), json!(name.or(offered).unwrap_or_else(|| entry.id.to_string())));
    out.insert("object".into(), json!("model"));
    let created = offering.map(|offering| offering.model.created);
    out.insert("created".into(), json!(created.or(entry.record.as_ref().map(|record| record.created_at)).unwrap_or(0)));
    out.insert("owned_by".into(), json!(owned_by));
    if let Some(upstream) = &entry.upstream {
        out.append(&mut upstream_json(upstream, upstream.shown()));
    }
    if let Some(record) = &entry.record {
        out.insert("info".into(), json!(**record));
        if entry.upstream.is_none() {
            out.insert("preset".into(), json!(true));
        }
    }
    out.insert("actions".into(), json!(entry.badges.actions));
    out.insert("filters".into(), json!(entry.badges.filters));
    if entry.kind() == Some(Kind::Function) {
        out.insert("has_user_valves".into(), json!(entry.has_user_valves));
    }
    out.insert("tags".into(), tags(entry.record.as_deref(), offering));
    out
}

/// What only upstream models have: the upstream's own entry under its kind, and which connections offer it.
fn upstream_json(upstream: &Upstream, offering: &Offering) -> Map<String, Value> {
    let mut out = Map::new();
    let kind = offering.kind();
    let (member, place) = match kind {
        Kind::Ollama => ("ollama", "local"),
        Kind::OpenAi => ("openai", "external"),
        Kind::Own => (offering.model.owned_by, "local"),
        Kind::Function => ("pipe", "local"),
    };
    let place = offering.connection.settings.connection_type.as_deref().unwrap_or(place);
    let raw = match kind {
        Kind::Ollama => ollama_json(upstream, offering),
        Kind::Function => offering.model.raw.clone(),
        Kind::OpenAi | Kind::Own => named_here(offering, &["id", "name"]),
    };
    if kind != Kind::Function {
        out.insert("connection_type".into(), json!(place));
    }
    out.insert(member.into(), raw);
    match kind {
        Kind::OpenAi => {
            out.insert("provider".into(), json!(""));
            out.insert("urlIdx".into(), json!(offering.connection.index));
        }
        Kind::Ollama => {
            out.insert("loaded".into(), json!(false));
        }
        Kind::Own | Kind::Function => {}
    }
    out
}

/// A model as Ollama lists it, with the connections that offer it.
fn ollama_json(upstream: &Upstream, offering: &Offering) -> Value {
    let mut raw = named_here(offering, &["model", "name"]);
    if let Some(raw) = raw.as_object_mut() {
        raw.insert("urls".to_owned(), json!(upstream.of(Kind::Ollama).map(|offering| offering.connection.index).collect::<Vec<_>>()));
    }
    raw
}

/// The upstream's own entry under the names that clients know, with what the connection's settings say of it.
fn named_here(offering: &Offering, names: &[&str]) -> Value {
    let mut raw = offering.model.raw.clone();
    let (connection, usual) = (&offering.connection, if offering.kind() == Kind::OpenAi { "external" } else { "local" });
    let Some(fields) = raw.as_object_mut() else { return raw };
    for name in names {
        if let Some(Value::String(text)) = fields.get_mut(*name) {
            *text = connection.public_id(text).into_owned();
        }
    }
    fields.insert("connection_type".to_owned(), json!(connection.settings.connection_type.as_deref().unwrap_or(usual)));
    if !connection.settings.tags.is_empty() {
        fields.insert("tags".to_owned(), json!(tag_names(connection).collect::<Vec<_>>()));
    }
    raw
}

fn tag_names(connection: &super::Connection) -> impl Iterator<Item = Value> {
    connection.settings.tags.iter().map(|tag| json!({ "name": tag }))
}

/// The record's tags, and those of the connection.
fn tags(record: Option<&transom_domain::ModelRecord>, offering: Option<&Offering>) -> Value {
    let mut tags = record.and_then(|record| record.meta.get("tags")).and_then(Value::as_array).cloned().unwrap_or_default();
    for tag in offering.into_iter().flat_map(|offering| tag_names(&offering.connection)) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Value::Array(tags)
}

impl Entry {
    /// The entry as administrators see it.
    pub fn json(self: &Arc<Self>) -> &Bytes {
        &self.listing.0
    }

    /// The model as OpenAI-compatible upstreams list it, without the record over it; `None` where none of them offers it.
    /// With an index, as that connection lists it.
    pub fn openai_json(&self, index: Option<usize>) -> Option<Value> {
        let upstream = self.upstream.as_ref()?;
        let of_index = |offering: &&Offering| index.is_none_or(|index| offering.connection.index == index);
        let reachable = upstream.of(Kind::OpenAi).filter(of_index).find(|offering| offering.connection.is_reachable());
        let offering = reachable.or_else(|| upstream.of(Kind::OpenAi).find(of_index))?;
        let mut out = match named_here(offering, &["id", "name"]) {
            Value::Object(raw) => raw,
            _ => Map::new(),
        };
        out.insert("id".into(), json!(self.id));
        out.insert("name".into(), json!(offering.connection.public_id(&offering.model.name)));
        out.insert("object".into(), json!("model"));
        out.insert("created".into(), json!(offering.model.created));
        out.insert("owned_by".into(), json!(offering.model.owned_by));
        out.append(&mut upstream_json(upstream, offering));
        Some(Value::Object(out))
    }

    /// The model as Ollama lists it, with the connections that offer it; `None` where no Ollama does.
    pub fn ollama_json(&self, index: Option<usize>) -> Option<Value> {
        let upstream = self.upstream.as_ref()?;
        let offering = upstream.of(Kind::Ollama).find(|offering| index.is_none_or(|index| offering.connection.index == index))?;
        Some(ollama_json(upstream, offering))
    }
}
