//! A scripted model.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::wire::{Meta, whole};
use crate::{Body, ChatAnswer, ChatEvent, ChatModel, ChatRequest, FinishReason, LlmError, UpstreamModel, Usage};

/// A model that says what it was told to, and keeps what it was asked.
pub struct FakeModel {
    name: String,
    models: Vec<String>,
    pieces: Vec<String>,
    fate: Fate,
    requests: Mutex<Vec<Value>>,
}

#[derive(Clone, Copy)]
enum Fate {
    Finishes,
    Refuses(u16),
    Breaks,
    Hangs,
}

impl FakeModel {
    /// One that offers `models` and answers `Hello` and ` there`.
    pub fn new(name: &str, models: &[&str]) -> Self {
        let models = models.iter().map(|model| (*model).to_owned()).collect();
        let pieces = vec!["Hello".to_owned(), " there".to_owned()];
        Self { name: name.to_owned(), models, pieces, fate: Fate::Finishes, requests: Mutex::default() }
    }

    /// Says these pieces.
    pub fn says(mut self, pieces: &[&str]) -> Self {
        self.pieces = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        self
    }

    /// Refuses every call, with `no` as its words.
    pub fn refuses(mut self, status: u16) -> Self {
        self.fate = Fate::Refuses(status);
        self
    }

    /// Breaks off after its pieces.
    pub fn breaks(mut self) -> Self {
        self.fate = Fate::Breaks;
        self
    }

    /// Never says more after its pieces; where it has none, not even that it will answer.
    pub fn hangs(mut self) -> Self {
        self.fate = Fate::Hangs;
        self
    }

    /// The bodies of the calls so far.
    pub fn requests(&self) -> Vec<Value> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn broken(&self) -> LlmError {
        LlmError::Broken { upstream: self.name.clone(), reason: "it broke off".to_owned() }
    }

    fn note(&self, body: &Body) -> Result<(), LlmError> {
        self.lock().push(serde_json::from_slice(&body.to_bytes()).unwrap_or_default());
        match self.fate {
            Fate::Refuses(status) => Err(LlmError::refused(&*self.name, status, "no")),
            _ => Ok(()),
        }
    }

    fn last_events() -> [ChatEvent; 2] {
        let usage = Usage { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, ..Usage::default() };
        [ChatEvent::Usage(usage), ChatEvent::Finish(FinishReason::Stop)]
    }
}

#[async_trait]
impl ChatModel for FakeModel {
    fn name(&self) -> &str {
        &self.name
    }

    async fn models(&self) -> Result<Vec<UpstreamModel>, LlmError> {
        if let Fate::Refuses(status) = self.fate {
            return Err(LlmError::refused(&*self.name, status, "no"));
        }
        let model =
            |id: &String| UpstreamModel { id: id.clone(), name: id.clone(), owned_by: "openai", created: 0, raw: json!({"id": id}) };
        Ok(self.models.iter().map(model).collect())
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        self.note(&request.body)?;
        let pieces = self.pieces.iter().cloned().map(ChatEvent::Text);
        if request.stream && !(self.pieces.is_empty() && matches!(self.fate, Fate::Hangs)) {
            let pieces = stream::iter(pieces.map(Ok).collect::<Vec<_>>());
            return Ok(ChatAnswer::Events(match self.fate {
                Fate::Hangs => Box::pin(pieces.chain(stream::pending())),
                Fate::Breaks => Box::pin(pieces.chain(stream::iter([Err(self.broken())]))),
                _ => Box::pin(pieces.chain(stream::iter(Self::last_events().map(Ok)))),
            }));
        }
        match self.fate {
            Fate::Hangs => std::future::pending().await,
            Fate::Breaks => Err(self.broken()),
            _ => {
                let model = request.body.text("model").ok().flatten().unwrap_or_default();
                Ok(ChatAnswer::Whole(whole(&Meta::whole(&model), pieces.chain(Self::last_events()))))
            }
        }
    }

    async fn embeddings(&self, request: Body) -> Result<Bytes, LlmError> {
        self.note(&request)?;
        let texts: Vec<String> = match request.get::<Value>("input").unwrap_or_default() {
            Some(Value::Array(texts)) => texts.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect(),
            Some(Value::String(text)) => vec![text],
            _ => return Err(LlmError::Invalid("`input` must be a text or a list of texts".to_owned())),
        };
        let data: Vec<Value> = (texts.iter().enumerate())
            .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": [text.len(), 1]}))
            .collect();
        Ok(json!({"object": "list", "data": data, "model": request.text("model").ok().flatten()}).to_string().into())
    }
}
