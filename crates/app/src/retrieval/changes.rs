//! What an administrator changes while the server runs: kept as a row, and in force again after a restart.

use serde_json::{Map, Value};
use transom_domain::Caller;
use transom_store::Store;

use super::search::MOST_PASSAGES;
use super::{Retrieval, RetrievalSettings};
use crate::Error;
use crate::files::FilesConfig;
use crate::settings::{Changed, forget};

/// The name of the row.
const SETTING: &str = "retrieval";

const MEGABYTE: u64 = 1024 * 1024;

/// Settings on their way from one value to another.
struct Draft {
    retrieval: RetrievalSettings,
    files: FilesConfig,
}

/// Sets a value, or says what the value must be.
type Set = fn(&mut Draft, &Value) -> Result<(), &'static str>;

/// What can change, under the names that clients know.
const CHANGEABLE: [(&str, Set); 11] = [
    ("RAG_TEMPLATE", |draft, value| {
        let text = value.as_str().ok_or("a text, or empty for the server's own")?;
        draft.retrieval.template = (!text.trim().is_empty()).then(|| text.to_owned());
        Ok(())
    }),
    ("TOP_K", |draft, value| passages(value).map(|k| draft.retrieval.top_k = k)),
    ("TOP_K_RERANKER", |draft, value| passages(value).map(|k| draft.retrieval.top_k_reranker = k)),
    ("RELEVANCE_THRESHOLD", |draft, value| fraction(value).map(|from| draft.retrieval.relevance_threshold = from)),
    ("ENABLE_RAG_HYBRID_SEARCH", |draft, value| switch(value).map(|on| draft.retrieval.hybrid = on)),
    ("ENABLE_RAG_HYBRID_SEARCH_ENRICHED_TEXTS", |draft, value| switch(value).map(|on| draft.retrieval.enriched = on)),
    ("HYBRID_BM25_WEIGHT", |draft, value| optional(value, fraction).map(|weight| draft.retrieval.bm25_weight = weight)),
    ("RAG_FULL_CONTEXT", |draft, value| switch(value).map(|on| draft.retrieval.full_context = on)),
    ("FILE_MAX_SIZE", |draft, value| {
        let megabytes = optional(value, |value| value.as_u64().filter(|size| (1..=1_000_000).contains(size)).ok_or(SIZE))?;
        draft.files.max_size = megabytes.map(|megabytes| megabytes * MEGABYTE);
        Ok(())
    }),
    ("FILE_MAX_COUNT", |draft, value| optional(value, whole).map(|count| draft.files.max_count = count)),
    ("ALLOWED_FILE_EXTENSIONS", |draft, value| {
        let endings: Option<Vec<&str>> = value.as_array().and_then(|endings| endings.iter().map(Value::as_str).collect());
        let endings = endings.ok_or("a list of endings; empty for any")?;
        let endings = endings.iter().map(|ending| ending.trim().trim_start_matches('.').to_lowercase());
        draft.files.allowed_extensions = endings.filter(|ending| !ending.is_empty()).collect();
        Ok(())
    }),
];

const SIZE: &str = "a size in megabytes from 1 to 1000000, or empty for none";

fn switch(value: &Value) -> Result<bool, &'static str> {
    value.as_bool().ok_or("true or false")
}

fn whole(value: &Value) -> Result<usize, &'static str> {
    let number = value.as_u64().filter(|number| (1..=1_000_000).contains(number));
    number.and_then(|number| usize::try_from(number).ok()).ok_or("a whole number from 1 to 1000000")
}

fn passages(value: &Value) -> Result<usize, &'static str> {
    whole(value).ok().filter(|number| *number <= MOST_PASSAGES).ok_or("a whole number from 1 to 1000")
}

fn fraction(value: &Value) -> Result<f32, &'static str> {
    let number = value.as_f64().filter(|number| (0.0..=1.0).contains(number));
    number.map(|number| number as f32).ok_or("a number from 0 to 1")
}

/// An empty text stands for nothing: forms have no other way to say it.
fn optional<T>(value: &Value, read: impl Fn(&Value) -> Result<T, &'static str>) -> Result<Option<T>, &'static str> {
    if value.as_str() == Some("") { Ok(None) } else { read(value).map(Some) }
}

fn object(stored: Option<Value>) -> Map<String, Value> {
    match stored {
        Some(Value::Object(changes)) => changes,
        _ => Map::new(),
    }
}

/// The variable that a setting goes before: clients leave out the beginning of most names.
fn variable(name: &str) -> String {
    let whole = ["RAG_", "ENABLE_", "BYPASS_"].iter().any(|start| name.starts_with(start));
    if whole { name.to_owned() } else { format!("RAG_{name}") }
}

/// The settings of retrieval and uploads that are not what the server would start with.
pub(crate) async fn changed_settings(store: &Store, retrieval: &RetrievalSettings, files: &FilesConfig) -> Result<Vec<Changed>, Error> {
    let mut changed = Vec::new();
    for (name, value) in changes(store).await? {
        let mut draft = Draft { retrieval: retrieval.clone(), files: files.clone() };
        let understood = CHANGEABLE.iter().any(|(known, set)| *known == name && set(&mut draft, &value).is_ok());
        if understood && (draft.retrieval != *retrieval || draft.files != *files) {
            changed.push(Changed { variable: variable(&name), value });
        }
    }
    Ok(changed)
}

/// Forgets what was changed under this variable, or everything.
pub(crate) async fn reset_settings(store: &Store, meant: Option<&str>) -> Result<bool, Error> {
    forget(store, SETTING, |name| meant.is_none_or(|meant| meant == variable(name))).await
}

async fn changes(store: &Store) -> Result<Map<String, Value>, Error> {
    Ok(object(store.setting(SETTING).await?))
}

impl Retrieval {
    /// Whether a setting can change while the server runs.
    pub fn is_changeable(name: &str) -> bool {
        CHANGEABLE.iter().any(|(known, _)| *known == name)
    }

    /// Changes settings, for now and for later runs: all of them or none. Administrators only.
    pub async fn change(&self, caller: &Caller, changes: &Map<String, Value>) -> Result<(), Error> {
        if !caller.is_admin() {
            return Err(Error::WrongRole);
        }
        // Until memory and row agree again, so that of two changes at once neither undoes the other.
        let _turn = self.changing.lock().await;
        let mut draft = self.draft();
        for (name, value) in changes {
            let (_, set) = CHANGEABLE
                .iter()
                .find(|(known, _)| known == name)
                .ok_or_else(|| Error::Invalid(format!("{name} cannot be changed while the server runs")))?;
            set(&mut draft, value).map_err(|expected| Error::Invalid(format!("{name} must be {expected}")))?;
        }
        let extended = |stored| {
            let mut stored = object(stored);
            stored.extend(changes.clone());
            Ok::<_, Error>(stored.into())
        };
        self.store.change_setting(SETTING, extended).await?;
        self.put(draft);
        Ok(())
    }

    /// Puts the changes of earlier runs in force.
    ///
    /// # Errors
    /// Where the database cannot be read. A change that means nothing any more is passed over.
    pub async fn load_changes(&self) -> Result<(), Error> {
        let mut draft = self.draft();
        for (name, value) in &self.changes().await? {
            let set = CHANGEABLE.iter().find(|(known, _)| known == name).map(|(_, set)| set(&mut draft, value));
            if set != Some(Ok(())) {
                tracing::warn!(name, "a setting that was changed earlier means nothing now; it is as the environment says");
            }
        }
        self.put(draft);
        Ok(())
    }

    async fn changes(&self) -> Result<Map<String, Value>, Error> {
        changes(&self.store).await
    }

    fn draft(&self) -> Draft {
        Draft { retrieval: RetrievalSettings::clone(&self.settings()), files: FilesConfig::clone(&self.files.config()) }
    }

    fn put(&self, draft: Draft) {
        self.settings.store(draft.retrieval.into());
        self.files.set_config(draft.files);
    }
}
