//! What the server does for a function on the caller's behalf.

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use transom_domain::{Caller, FileId, Permission, UserId};
use transom_llm::{Body, ChatAnswer, FunctionHost, LlmError, Purpose, RequestHead};

use super::around::known;
use super::{Asked, Chat, Road};
use crate::Error;

/// How many calls of functions may stand inside one another: a function that asks itself comes to an end here.
const DEEPEST_CALL: usize = 8;

/// The host of one call. It acts as the call's user, through that user's own grants.
pub(super) struct CallHost {
    chat: Chat,
    caller: Caller,
    head: RequestHead,
    depth: usize,
}

impl CallHost {
    pub fn new(chat: Chat, caller: Caller, head: RequestHead, depth: usize) -> Self {
        Self { chat, caller, head, depth }
    }
}

#[async_trait]
impl FunctionHost for CallHost {
    async fn complete(&self, body: Body) -> Result<ChatAnswer, LlmError> {
        if self.depth >= DEEPEST_CALL {
            return Err(LlmError::Invalid("functions ask one another in circles".to_owned()));
        }
        let asked = Asked { caller: &self.caller, road: Road::Api, depth: self.depth + 1 };
        let head = self.head.clone();
        let answered = self.chat.answer(asked, body, move || head).await.map_err(told)?;
        Ok(answered.answer)
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, LlmError> {
        self.chat.documents().map_err(told)?.embedder().embed(&texts, Purpose::Document).await
    }

    async fn models(&self) -> Result<Vec<Value>, LlmError> {
        let json = self.chat.models.list(&self.caller, false).await.map_err(told)?;
        let mut list: Value = serde_json::from_slice(&json).map_err(|error| told(Error::internal(error)))?;
        match list["data"].take() {
            Value::Array(models) => Ok(models),
            _ => Ok(Vec::new()),
        }
    }

    async fn file(&self, id: &str) -> Result<Option<Value>, LlmError> {
        let (Some(store), id) = (self.chat.models.store(), FileId::from(id)) else { return Ok(None) };
        let found = store.file(&self.caller, &id, Permission::Read).await.map_err(|error| told(error.into()))?;
        let Some(file) = found else { return Ok(None) };
        let text = store.file_text(&self.caller, &id).await.map_err(|error| told(error.into()))?;
        Ok(Some(json!({
            "id": file.id,
            "user_id": file.user_id,
            "filename": file.filename,
            "hash": file.text_hash,
            "data": {"content": text.map(|text| text.text), "status": file.status.as_str()},
            "meta": {"name": file.filename, "content_type": file.content_type, "size": file.size},
            "created_at": file.created_at,
            "updated_at": file.updated_at,
        })))
    }

    async fn user(&self, id: &str) -> Result<Option<Map<String, Value>>, LlmError> {
        let Some(store) = self.chat.models.store() else { return Ok(None) };
        let user = store.user(&UserId::from(id)).await.map_err(|error| told(error.into()))?;
        Ok(user.map(|user| known(&user, &self.caller)))
    }
}

/// A failure of ours as a function reads it.
fn told(error: Error) -> LlmError {
    let status = match &error {
        Error::Refused { status, .. } => *status,
        Error::NotFound(_) => 404,
        Error::Forbidden(_) | Error::WrongRole => 403,
        Error::Internal => return LlmError::Internal(error.to_string()),
        Error::BadUpstream(_) | Error::SlowUpstream(_) | Error::Unavailable(_) => 502,
        _ => 400,
    };
    let (detail, more) = match error {
        Error::Refused { detail, more, .. } => (detail, more),
        other => (Value::String(other.to_string()), None),
    };
    LlmError::Refused { upstream: "this server".to_owned(), status, detail, more }
}
