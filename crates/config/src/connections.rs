//! `OPENAI_API_CONFIGS` and `OLLAMA_API_CONFIGS`: what is said of single connections, in Open WebUI's own shape.
//!
//! A JSON object with an entry for each connection, under its index or its address.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

use crate::config::{AzureSettings, Connection, ConnectionSettings};
use crate::reader::Reader;

/// Members that mean nothing here and change nothing of where a call goes: what kind of program an upstream is.
const HARMLESS: [&str; 2] = ["provider", "api_type"];

impl Connection {
    /// This address with its key. The address's query may hold a secret, so it is kept apart.
    pub fn new(mut url: Url, key: Option<SecretString>) -> Self {
        let query = url.query().filter(|query| !query.is_empty()).map(|query| SecretString::from(query.to_owned()));
        url.set_query(None);
        Self { url, query, key, settings: ConnectionSettings::default() }
    }

    /// The address with its query, as it is called.
    pub fn address(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{}", self.url, query.expose_secret()),
            None => self.url.to_string(),
        }
    }

    /// Whether both have the same address.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

/// Puts the settings of `variable` on the connections that they are for; says what of them cannot be done.
pub(crate) fn configure(reader: &mut Reader, variable: &'static str, connections: &mut [Connection]) {
    let Some(Value::Object(entries)) = reader.text(variable).and_then(|text| serde_json::from_str(&text).ok()) else { return };
    for (name, entry) in entries {
        let place = match name.parse::<usize>() {
            Ok(index) => Some(index).filter(|index| *index < connections.len()),
            Err(_) => connections.iter().position(|connection| connection.url.as_str().trim_end_matches('/') == name.trim_end_matches('/')),
        };
        let (Some(place), Value::Object(entry)) = (place, entry) else {
            let shown: String = name.chars().take(40).collect();
            reader.problem(
                variable,
                format!("{variable} has an entry {shown:?}: each must be an object under the index or the address of a connection."),
            );
            continue;
        };
        let said = apply(&mut connections[place], entry);
        for wrong in said {
            reader.problem(variable, format!("{variable}, connection {place}: {wrong}."));
        }
    }
}

/// Takes one entry over; what is wrong with it.
fn apply(connection: &mut Connection, entry: Map<String, Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    let settings = &mut connection.settings;
    let is_azure = entry.get("azure") == Some(&Value::Bool(true)) || entry.get("provider").and_then(Value::as_str) == Some("azure");
    if is_azure {
        settings.azure = Some(AzureSettings { api_version: text(&entry, "api_version") });
    }
    for (name, value) in &entry {
        let fits = match (name.as_str(), value) {
            (_, Value::Null) => true,
            ("enable", Value::Bool(on)) => {
                settings.enabled = *on;
                true
            }
            ("model_ids", Value::Array(ids)) => take(&mut settings.model_ids, ids.iter().map(Value::as_str)),
            ("tags", Value::Array(tags)) => take(&mut settings.tags, tags.iter().map(|tag| tag.as_str().or_else(|| tag["name"].as_str()))),
            ("prefix_id", Value::String(prefix)) => {
                settings.prefix_id = Some(prefix.clone()).filter(|prefix| !prefix.is_empty());
                true
            }
            ("connection_type", Value::String(kind)) => {
                settings.connection_type = Some(kind.clone()).filter(|kind| !kind.is_empty());
                true
            }
            ("key", Value::String(key)) => {
                connection.key = Some(key.trim()).filter(|key| !key.is_empty()).map(|key| SecretString::from(key.to_owned()));
                true
            }
            ("auth_type", Value::String(kind)) if kind == "none" => {
                connection.key = None;
                true
            }
            ("auth_type", Value::String(kind)) => kind.is_empty() || kind == "bearer",
            ("api_type", Value::String(kind)) => kind != "responses",
            ("azure", Value::Bool(_)) | ("api_version", Value::String(_)) => true,
            (name, Value::String(_)) if HARMLESS.contains(&name) => true,
            (_, value) => says_nothing(value),
        };
        if !fits {
            wrong.push(format!("`{name}` has a value that is not supported here"));
        }
    }
    wrong
}

fn text(entry: &Map<String, Value>, name: &str) -> Option<String> {
    entry.get(name).and_then(Value::as_str).map(str::to_owned).filter(|text| !text.is_empty())
}

/// Takes texts over; whether all of them are.
fn take<'v>(into: &mut Vec<String>, texts: impl Iterator<Item = Option<&'v str>>) -> bool {
    let texts: Option<Vec<String>> = texts.map(|text| text.map(str::to_owned)).collect();
    texts.map(|texts| *into = texts).is_some()
}

/// Whether a member that nobody knows here is switched off.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Bool(on) => !on,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}
