//! Models in the shape that clients of the API know, written once when the catalogue is made.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Map, Value, json};
use transom_domain::{Caller, ModelId};

use super::Kind;
use super::catalogue::{Catalogue, Entry};

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
        return Some(upstream.model.owned_by);
    }
    let base = entry.record.as_ref()?.base_model_id.as_ref()?;
    let base = by_id.get(base).or_else(|| by_id.get(&ModelId::from(format!("{base}:latest"))))?;
    entries[*base].upstream.as_ref().map(|upstream| upstream.model.owned_by)
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
    let offered = entry.upstream.as_ref().map(|upstream| upstream.model.name.clone());
    out.insert("name".into(), json!(name.or(offered).unwrap_or_else(|| entry.id.to_string())));
    out.insert("object".into(), json!("model"));
    let created = entry.upstream.as_ref().map(|upstream| upstream.model.created);
    out.insert("created".into(), json!(created.or(entry.record.as_ref().map(|record| record.created_at)).unwrap_or(0)));
    out.insert("owned_by".into(), json!(owned_by));
    if let Some(upstream) = &entry.upstream {
        out.append(&mut upstream_json(upstream));
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
    out.insert("tags".into(), tags(entry.record.as_deref()));
    out
}

/// What only upstream models have: the upstream's own entry under its kind, and which connections offer it.
pub(super) fn upstream_json(upstream: &super::catalogue::Upstream) -> Map<String, Value> {
    let mut out = Map::new();
    let mut raw = upstream.model.raw.clone();
    let (kind, place) = match upstream.kind {
        Kind::Ollama => ("ollama", "local"),
        Kind::OpenAi => ("openai", "external"),
        Kind::Own => (upstream.model.owned_by, "local"),
        Kind::Function => ("pipe", "local"),
    };
    if let Some(raw) = raw.as_object_mut().filter(|_| upstream.kind != Kind::Function) {
        raw.insert("connection_type".into(), json!(place));
        if upstream.kind == Kind::Ollama {
            raw.insert("urls".into(), json!(upstream.connections.iter().map(|connection| connection.index).collect::<Vec<_>>()));
        }
    }
    if upstream.kind != Kind::Function {
        out.insert("connection_type".into(), json!(place));
    }
    out.insert(kind.into(), raw);
    match upstream.kind {
        Kind::OpenAi => {
            out.insert("provider".into(), json!(""));
            out.insert("urlIdx".into(), json!(upstream.connections.first().map(|connection| connection.index)));
        }
        Kind::Ollama => {
            out.insert("loaded".into(), json!(false));
        }
        Kind::Own | Kind::Function => {}
    }
    out
}

fn tags(record: Option<&transom_domain::ModelRecord>) -> Value {
    record.and_then(|record| record.meta.get("tags")).filter(|tags| tags.is_array()).cloned().unwrap_or_else(|| json!([]))
}

impl Entry {
    /// The entry as administrators see it.
    pub fn json(self: &Arc<Self>) -> &Bytes {
        &self.listing.0
    }
}
