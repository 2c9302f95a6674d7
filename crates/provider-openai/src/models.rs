//! One OpenAI-compatible upstream.

use std::borrow::Cow;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;
use transom_llm::wire::whole_as_sse;
use transom_llm::{Body, ByteStream, ChatAnswer, ChatModel, ChatRequest, LlmError, RawAnswer, RawRequest, RawUpstream, UpstreamModel};
use transom_upstream::{Limits, Upstream, UpstreamClient, bytes_of, media_type, peek};

use crate::azure::{API_KEY, Azure};
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
    azure: Option<Azure>,
}

impl OpenAiModels {
    /// Checks the address; sends nothing. `client` is [`transom_upstream::upstream_client`]'s.
    pub fn new(config: OpenAiConfig, client: UpstreamClient) -> Result<Self, LlmError> {
        Ok(Self { upstream: Upstream::new(&config.base_url, config.key, config.limits, client)?, azure: None })
    }

    /// The same at Azure, where the key has a header of its own and models are deployments, which are part of the path.
    /// Without a version of the API, the one that [`crate::AZURE_VERSION`] says.
    pub fn at_azure(self, api_version: Option<&str>) -> Result<Self, LlmError> {
        let azure = Azure::new(self.upstream.name(), api_version);
        Ok(Self { upstream: self.upstream.with_key_in(API_KEY)?, azure: Some(azure) })
    }

    /// Where the upstream has this path, for calls to this model.
    fn path<'p>(&self, path: &'p str, model: Option<&str>) -> Result<Cow<'p, str>, LlmError> {
        match &self.azure {
            None => Ok(Cow::Borrowed(path)),
            Some(azure) => azure.path(path, model).map(Cow::Owned),
        }
    }

    /// The same for the model that a body names. Only Azure's paths need to know it.
    fn path_of<'p>(&self, path: &'p str, body: &Body) -> Result<Cow<'p, str>, LlmError> {
        let model = if self.azure.is_some() { body.text("model")? } else { None };
        self.path(path, model.as_deref())
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

    async fn streamed(&self, path: &str, body: Bytes) -> Result<ChatAnswer, LlmError> {
        let response = self.upstream.open(path, body).await?;
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
        let json = self.upstream.list(&self.path("/models", None)?).await?;
        list::models(&json).ok_or_else(|| self.upstream.broken("it is not a list of models"))
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        let path = self.path_of("/chat/completions", &request.body)?;
        let body = request.body.to_bytes();
        if request.stream { self.streamed(&path, body).await } else { Ok(ChatAnswer::Whole(self.whole(&path, body).await?)) }
    }

    async fn embeddings(&self, request: Body) -> Result<Bytes, LlmError> {
        self.whole(&self.path_of("/embeddings", &request)?, request.to_bytes()).await
    }
}

#[async_trait]
impl RawUpstream for OpenAiModels {
    async fn forward(&self, mut request: RawRequest) -> Result<RawAnswer, LlmError> {
        if let Cow::Owned(path) = self.path(&request.path, request.model.as_deref())? {
            request.path = path;
        }
        self.upstream.forward(request).await
    }
}
