//! The models of functions, as one connection of the catalogue.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;
use transom_llm::{Body, ChatAnswer, ChatModel, ChatRequest, LlmError, UpstreamModel, wire};

use super::Registry;

/// How long the catalogue waits for a pipe to list its models; a slower one is shown with its last list, and with the new one later.
const PATIENCE: Duration = Duration::from_secs(4);

/// Every pipe that runs.
pub(crate) struct FunctionModels {
    registry: Arc<Registry>,
}

impl FunctionModels {
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }
}

#[async_trait]
impl ChatModel for FunctionModels {
    fn name(&self) -> &str {
        "functions"
    }

    async fn models(&self) -> Result<Vec<UpstreamModel>, LlmError> {
        let functions = self.registry.active().functions.clone();
        let manifolds = functions.iter().filter(|function| function.about.manifold);
        join_all(manifolds.map(|function| function.list_within(PATIENCE))).await;
        Ok(self.registry.offers())
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        let model = request.body.text("model").ok().flatten().unwrap_or_default();
        let pipe = self.registry.active().pipe_of(&model).cloned();
        let Some(pipe) = pipe else { return Err(LlmError::Invalid("Model not found".to_owned())) };
        let stream = request.stream;
        match (pipe.function.chat(request).await?, stream) {
            (ChatAnswer::Whole(json), true) => Ok(ChatAnswer::Sse(wire::sse(ChatAnswer::Whole(json), &model))),
            (ChatAnswer::Whole(json), false) => Ok(ChatAnswer::Whole(json)),
            (streamed, true) => Ok(streamed),
            (streamed, false) => {
                let events = wire::event_stream(streamed, &pipe.id);
                Ok(ChatAnswer::Whole(wire::collect(&wire::Meta::whole(&model), events).await?))
            }
        }
    }

    async fn embeddings(&self, _: Body) -> Result<Bytes, LlmError> {
        Err(LlmError::Invalid("a function makes no embeddings".to_owned()))
    }
}
