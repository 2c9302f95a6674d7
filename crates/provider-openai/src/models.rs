//! One OpenAI-compatible upstream.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;
use transom_llm::wire::whole_as_sse;
use transom_llm::{Body, ByteStream, ChatAnswer, ChatModel, ChatRequest, LlmError, RawAnswer, RawRequest, RawUpstream, UpstreamModel};
use transom_upstream::{Limits, Upstream, UpstreamClient, bytes_of, media_type, peek};

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
    pub fn new(config: OpenAiConfig, client: UpstreamClient) -> Result<Self, LlmError> {
        Ok(Self { upstream: Upstream::new(&config.base_url, config.key, config.limits, client)? })
    }

    async fn whole(&self, path: &str, body: Bytes) -> Result<Bytes, LlmError> {
        let answer = self.upstream.post(path, body).await?;
        // Enough to tell an answer from a web page, a stream or an error; the caller gets the bytes as they are.
        match answer.trim_ascii() {
            [b'{', rest @ .., b'}'] if rest.trim_ascii_start().starts_with(b"\"error\"") => self.unless_error(answer),
            [b'{', .., b'}'] => Ok(answer),
            [b'd', b'a', b't', b'a', b':', ..] => Err(self.upstream.broken("it is a stream where a whole answer was asked for")),
            _ => Err(self.upstream.broken("it is not a JSON object")),
        }
    }

    async fn streamed(&self, body: Bytes) -> Result<ChatAnswer, LlmError> {
        let response = self.upstream.open("/chat/completions", body).await?;
        let kind = media_type(&response);
        let bytes = self.upstream.stream(response).await?;
        if kind == "text/event-stream" {
            return Ok(self.watched(bytes));
        }
        // Some servers label their streams as plain text, or not at all; the first byte tells.
        let (first, bytes) = peek(bytes).await?;
        match first.trim_ascii_start() {
            [b'{', ..] => {
                let Some(json) = bytes_of(bytes, self.upstream.limits().whole).await? else {
                    return Err(self.upstream.broken("it is too large"));
                };
                let frames = whole_as_sse(&self.unless_error(json)?).map_err(|_| self.upstream.broken("it is not a chat completion"))?;
                Ok(ChatAnswer::Sse(Box::pin(stream::iter([Ok(frames)]))))
            }
            [b'<', ..] => Err(self.upstream.broken("it is a web page")),
            _ => Ok(self.watched(bytes)),
        }
    }

    fn watched(&self, bytes: ByteStream) -> ChatAnswer {
        ChatAnswer::Sse(watch::until_its_end(bytes, self.upstream.name()))
    }

    /// The bytes, unless they are an error that came with a success for its status.
    fn unless_error(&self, json: Bytes) -> Result<Bytes, LlmError> {
        match serde_json::from_slice(&json) {
            Ok(Answer { error: None }) => Ok(json),
            Ok(Answer { error: Some(_) }) => {
                let words = self.upstream.words(&json);
                Err(self.upstream.broken(&words.as_str().map_or_else(|| words.to_string(), str::to_owned)))
            }
            Err(_) => Err(self.upstream.broken("it is not JSON")),
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    error: Option<IgnoredAny>,
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
