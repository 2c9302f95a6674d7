//! A model that says what it is told.

use async_trait::async_trait;
use futures_util::stream;
use serde_json::Value;
use transom_llm::{ChatAnswer, ChatEvent, ChatModel, ChatRequest, FinishReason, LlmError, UpstreamModel};

/// Repeats the last message, word by word.
pub struct Parrot;

// ANCHOR: provider
#[async_trait]
impl ChatModel for Parrot {
    fn name(&self) -> &str {
        "parrot"
    }

    async fn models(&self) -> Result<Vec<UpstreamModel>, LlmError> {
        Ok(vec![UpstreamModel::new("parrot")])
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        let messages: Vec<Value> = request.body.get("messages")?.unwrap_or_default();
        let said = messages.last().and_then(|message| message["content"].as_str()).unwrap_or_default();
        let words: Vec<String> = said.split_inclusive(' ').map(str::to_owned).collect();
        let events = words.into_iter().map(ChatEvent::Text).chain([ChatEvent::Finish(FinishReason::Stop)]);
        ChatAnswer::to(&request, stream::iter(events.map(Ok))).await
    }
}
// ANCHOR_END: provider
