//! One upstream: which API it speaks, how its models are named here, and whether it can be reached now.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use transom_llm::{ChatModel, LlmError, RawUpstream, UpstreamModel};

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

/// How the models of a connection are listed and named.
#[derive(Clone, Debug, Default)]
pub struct ConnectionSettings {
    /// Stands before the id of each of its models, with a point between: `prefix.model`. Upstreams are asked without it.
    pub prefix_id: Option<String>,
    /// The models to offer. An OpenAI-compatible upstream is then not asked for its list; the list of any other is reduced to these.
    pub model_ids: Vec<String>,
    /// Tags that its models carry in lists.
    pub tags: Vec<String>,
    /// `connection_type` in lists, where it is not the usual one of its kind.
    pub connection_type: Option<String>,
    /// Nobody configured it: an address that is tried because it is the usual one. While it has never answered, no model is expected there.
    pub presumed: bool,
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
    /// How its models are listed and named.
    pub settings: Arc<ConnectionSettings>,
    /// Whether it could be reached when it was last called; shared by all clones.
    reachable: Arc<AtomicBool>,
}

impl Connection {
    /// An upstream whose own API can be passed through.
    pub fn new<U: ChatModel + RawUpstream>(kind: Kind, index: usize, upstream: Arc<U>) -> Self {
        Self { raw: Some(upstream.clone()), ..Self::without_api(kind, index, upstream) }
    }

    /// A provider that the program brings along: its models, and no API beside them.
    pub fn own(index: usize, models: Arc<dyn ChatModel>) -> Self {
        Self::without_api(Kind::Own, index, models)
    }

    /// An upstream whose own API cannot be passed through.
    pub fn without_api(kind: Kind, index: usize, models: Arc<dyn ChatModel>) -> Self {
        Self { kind, index, models, raw: None, settings: Arc::default(), reachable: Arc::new(AtomicBool::new(true)) }
    }

    /// The same with these settings.
    pub fn with(self, settings: ConnectionSettings) -> Self {
        Self { settings: Arc::new(settings), ..self }
    }

    /// Whether it could be reached when it was last called or listed.
    pub fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// Learns from the outcome of a call whether it can be reached. A refusal is an answer.
    pub(crate) fn note<T>(&self, outcome: &Result<T, LlmError>) {
        match outcome {
            Err(LlmError::Unreachable { .. }) => self.set_reachable(false),
            Ok(_) | Err(LlmError::Refused { .. }) => self.set_reachable(true),
            Err(_) => {}
        }
    }

    pub(super) fn set_reachable(&self, now: bool) {
        // Nearly every call finds what is known already, and a write would take the cache line from the other threads.
        if self.is_reachable() != now {
            self.reachable.store(now, Ordering::Relaxed);
        }
    }

    /// The id that clients name this model by.
    pub fn public_id<'a>(&self, upstream_id: &'a str) -> Cow<'a, str> {
        match self.settings.prefix_id.as_deref() {
            Some(prefix) if !prefix.is_empty() => Cow::Owned(format!("{prefix}.{upstream_id}")),
            _ => Cow::Borrowed(upstream_id),
        }
    }

    /// Whether its models are those of its settings, so that it need not be asked.
    pub(super) fn is_listed_by_settings(&self) -> bool {
        self.kind == Kind::OpenAi && !self.settings.model_ids.is_empty()
    }

    /// The models that it offers now.
    pub(super) async fn list(&self) -> Result<Vec<UpstreamModel>, LlmError> {
        let wanted = &self.settings.model_ids;
        if self.is_listed_by_settings() {
            let named = |id: &String| UpstreamModel { owned_by: "openai", raw: json!({"id": id, "name": id}), ..UpstreamModel::new(id) };
            return Ok(wanted.iter().map(named).collect());
        }
        let mut models = self.models.models().await?;
        if !wanted.is_empty() {
            models.retain(|model| wanted.contains(&model.id));
        }
        Ok(models)
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
