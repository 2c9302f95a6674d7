//! One Ollama.

use async_trait::async_trait;
use bytes::Bytes;
use transom_llm::{Body, BodyError, ChatAnswer, ChatModel, ChatRequest, LlmError, RawAnswer, RawRequest, RawUpstream, UpstreamModel, json};
use transom_upstream::{Upstream, UpstreamClient, media_type};

use crate::{OllamaConfig, answer, embeddings, list, request};

/// One Ollama.
pub struct OllamaModels {
    upstream: Upstream,
}

impl OllamaModels {
    /// Checks the address; sends nothing. `client` is [`transom_upstream::upstream_client`]'s.
    pub fn new(config: OllamaConfig, client: UpstreamClient) -> Result<Self, LlmError> {
        Ok(Self { upstream: Upstream::new(&config.base_url, config.key, config.limits, client)? })
    }

    async fn whole(&self, model: &str, body: Bytes) -> Result<ChatAnswer, LlmError> {
        let answer = self.upstream.post("/api/chat", body).await?;
        let model = model.to_owned();
        let whole = json::off_thread(answer.len(), move || answer::whole(&model, &answer)).await;
        whole.map(ChatAnswer::Whole).map_err(|reason| self.upstream.broken(&reason))
    }

    async fn streamed(&self, body: Bytes) -> Result<ChatAnswer, LlmError> {
        let response = self.upstream.open("/api/chat", body).await?;
        if media_type(&response) == "text/html" {
            return Err(self.upstream.broken("it is a web page"));
        }
        let bytes = self.upstream.stream(response).await?;
        Ok(ChatAnswer::Events(answer::events(bytes, self.upstream.name()).await?))
    }
}

#[async_trait]
impl ChatModel for OllamaModels {
    fn name(&self) -> &str {
        self.upstream.name()
    }

    async fn models(&self) -> Result<Vec<UpstreamModel>, LlmError> {
        let json = self.upstream.list("/api/tags").await?;
        list::models(&json).ok_or_else(|| self.upstream.broken("it is not a list of models"))
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        let ChatRequest { body, stream, .. } = request;
        let model = body.text("model").map_err(invalid)?.unwrap_or_default();
        let body = json::off_thread(body.size(), move || request::chat(body, stream)).await?;
        if stream { self.streamed(body).await } else { self.whole(&model, body).await }
    }

    async fn embeddings(&self, request: Body) -> Result<Bytes, LlmError> {
        let (asked, body) = json::off_thread(request.size(), || embeddings::request(request)).await?;
        let answer = self.upstream.post("/api/embed", body).await?;
        let whole = json::off_thread(answer.len(), move || embeddings::answer(&asked, &answer)).await;
        whole.map_err(|reason| self.upstream.broken(&reason))
    }
}

#[async_trait]
impl RawUpstream for OllamaModels {
    async fn forward(&self, request: RawRequest) -> Result<RawAnswer, LlmError> {
        self.upstream.forward(request).await
    }
}

/// A member of the request that is not what it should be.
pub(crate) fn invalid(error: BodyError) -> LlmError {
    LlmError::Invalid(error.to_string())
}
