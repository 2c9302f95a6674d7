//! One OpenAI-compatible upstream.

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;
use transom_llm::wire::whole_as_sse;
use transom_llm::{Body, ChatAnswer, ChatModel, ChatRequest, LlmError, RawAnswer, RawRequest, RawUpstream, UpstreamModel};
use transom_upstream::{Limits, Upstream, bytes_of, media_type, peek, refusal};

use crate::{list, watch};

/// How one upstream is reached.
#[derive(Clone, Debug)]
pub struct OpenAiConfig {
    /// The address above `/models` and `/chat/completions`, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// Sent as `Authorization: Bearer …`; none where it is empty.
    pub key: Option<SecretString>,
    /// How long and how large answers may be.
    pub limits: Limits,
}

/// One OpenAI-compatible upstream.
pub struct OpenAiModels {
    upstream: Upstream,
}

impl OpenAiModels {
    /// Checks the address; sends nothing. `client` is [`transom_upstream::upstream_client`]'s.
    pub fn new(config: OpenAiConfig, client: reqwest::Client) -> Result<Self, LlmError> {
        Ok(Self { upstream: Upstream::new(&config.base_url, config.key, config.limits, client)? })
    }

    async fn whole(&self, path: &str, body: Bytes) -> Result<Bytes, LlmError> {
        let answer = self.upstream.post(path, body).await?;
        // Enough to tell JSON from a web page or a stream; the caller gets the bytes as they are.
        match answer.trim_ascii() {
            [b'{', .., b'}'] => Ok(answer),
            [b'd', b'a', b't', b'a', b':', ..] => Err(self.upstream.broken("it is a stream where a whole answer was asked for")),
            _ => Err(self.upstream.broken("it is not a JSON object")),
        }
    }

    async fn streamed(&self, body: Bytes) -> Result<ChatAnswer, LlmError> {
        let response = self.upstream.open("/chat/completions", body).await?;
        let kind = media_type(&response);
        let (first, bytes) = peek(self.upstream.stream(response).await?).await?;
        // Some servers label their streams as plain text, or not at all; the first byte tells.
        if kind == "text/event-stream" || (kind != "application/json" && !first.trim_ascii_start().starts_with(b"{") && kind != "text/html")
        {
            return Ok(ChatAnswer::Sse(watch::until_its_end(bytes, self.upstream.name())));
        }
        if kind == "text/html" {
            return Err(self.upstream.broken("it is a web page"));
        }
        let Some(json) = bytes_of(bytes, self.upstream.limits().whole).await? else {
            return Err(self.upstream.broken("it is too large"));
        };
        if serde_json::from_slice::<Choices>(&json).is_ok_and(|body| body.choices.is_none()) {
            let words = refusal(&json);
            let words = words.as_str().map_or_else(|| words.to_string(), str::to_owned);
            return Err(self.upstream.broken(&words));
        }
        let frames = whole_as_sse(&json).map_err(|_| self.upstream.broken("it is not a chat completion"))?;
        Ok(ChatAnswer::Sse(Box::pin(futures_util::stream::iter([Ok(frames)]))))
    }
}

/// What tells an answer from an error that came with a success for its status.
#[derive(serde::Deserialize)]
struct Choices {
    choices: Option<serde::de::IgnoredAny>,
}

#[async_trait]
impl ChatModel for OpenAiModels {
    fn name(&self) -> &str {
        self.upstream.name()
    }

    async fn models(&self) -> Result<Vec<UpstreamModel>, LlmError> {
        let json = self.upstream.list("/models").await?;
        list::models(&json).ok_or_else(|| self.upstream.broken("it is not a list of models"))
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        let body = request.body.to_bytes();
        if request.stream { self.streamed(body).await } else { Ok(ChatAnswer::Whole(self.whole("/chat/completions", body).await?)) }
    }

    async fn embeddings(&self, request: Body) -> Result<Bytes, LlmError> {
        self.whole("/embeddings", request.to_bytes()).await
    }
}

#[async_trait]
impl RawUpstream for OpenAiModels {
    async fn forward(&self, request: RawRequest) -> Result<RawAnswer, LlmError> {
        self.upstream.forward(request).await
    }
}
