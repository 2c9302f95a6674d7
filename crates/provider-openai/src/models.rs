//! One OpenAI-compatible upstream.

use std::borrow::Cow;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use transom_llm::wire::{collect, events, tidy, whole_as_sse};
use transom_llm::{
    Body, ByteStream, ChatAnswer, ChatModel, ChatRequest, LlmError, RawAnswer, RawRequest, RawUpstream, SseBytes, UpstreamModel, json,
};
use transom_upstream::{Limits, Upstream, UpstreamClient, bytes_of, media_type, peek};

use crate::azure::{API_KEY, Azure};
use crate::{gather, list, watch};

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

    /// A whole answer as the bytes that came; `None` for one that is a stream.
    async fn whole(&self, path: &str, body: Bytes) -> Result<Answered, LlmError> {
        let answer = self.upstream.post(path, body).await?;
        let answer = if answer.starts_with(json::BOM) { answer.slice(json::BOM.len()..) } else { answer };
        // Enough to tell an answer from a web page, a stream or an error; the caller gets the bytes as they are.
        match answer.trim_ascii() {
            [b'{', rest @ .., b'}'] if rest.trim_ascii_start().starts_with(b"\"error\"") => {
                Ok(Answered::Whole(self.unless_error(answer).await?))
            }
            [b'{', .., b'}'] => Ok(Answered::Whole(answer)),
            text if gather::is_stream(text) => Ok(Answered::Stream(answer)),
            _ => Err(self.upstream.broken("it is not a JSON object")),
        }
    }

    /// A whole chat answer; gathered where the upstream streams all the same.
    async fn whole_chat(&self, path: &str, request: ChatRequest) -> Result<Bytes, LlmError> {
        match self.whole(path, request.body.to_bytes()).await? {
            Answered::Whole(answer) => Ok(answer),
            Answered::Stream(answer) => {
                let model = request.body.text("model").ok().flatten().unwrap_or_default();
                let meta = gather::meta(&answer, &model);
                let frames = self.ended(Box::pin(stream::iter([Ok(answer)])));
                collect(&meta, events(frames, self.upstream.name())).await
            }
        }
    }

    async fn streamed(&self, path: &str, body: Bytes) -> Result<ChatAnswer, LlmError> {
        let response = self.upstream.open(path, body).await?;
        let kind = media_type(&response);
        let bytes = self.upstream.stream(response).await?;
        if kind == "text/event-stream" {
            return self.watched(bytes).await;
        }
        // Some servers label their streams as plain text, or not at all; the first byte tells.
        let (first, bytes) = peek(bytes).await?;
        match first.strip_prefix(json::BOM).unwrap_or(&first).trim_ascii_start() {
            [b'{', ..] => {
                let Some(json) = bytes_of(bytes, self.upstream.limits().whole).await? else {
                    return Err(self.upstream.broken("it is too large"));
                };
                let json = self.unless_error(json).await?;
                let frames = json::off_thread(json.len(), move || whole_as_sse(&json)).await;
                let frames = frames.map_err(|_| self.upstream.broken("it is not a chat completion"))?;
                Ok(ChatAnswer::Sse(Box::pin(stream::iter([Ok(frames)]))))
            }
            [b'<', ..] => Err(self.upstream.broken("it is a web page")),
            _ => self.watched(bytes).await,
        }
    }

    /// The stream, once something of it is here that clients can read. An error before that is the call's.
    async fn watched(&self, bytes: ByteStream) -> Result<ChatAnswer, LlmError> {
        let (_, stream) = peek(self.ended(bytes)).await?;
        Ok(ChatAnswer::Sse(stream))
    }

    /// The stream as the port demands it.
    fn ended(&self, bytes: ByteStream) -> SseBytes {
        let upstream = self.upstream.clone();
        watch::until_its_end(tidy(bytes, move |error| upstream.refused(error)), self.upstream.name())
    }

    /// The bytes, unless they are an error that came with a success for its status.
    async fn unless_error(&self, json: Bytes) -> Result<Bytes, LlmError> {
        let found = json::off_thread(json.len(), {
            let json = json.clone();
            move || json::read::<Answer>(&json)
        });
        match found.await {
            Ok(Answer { error: None | Some(Value::Null) }) => Ok(json),
            Ok(Answer { error: Some(error) }) => Err(self.upstream.refused(error)),
            Err(_) => Err(self.upstream.broken("it is not JSON")),
        }
    }
}

/// What came where a whole answer was asked for.
enum Answered {
    Whole(Bytes),
    Stream(Bytes),
}

#[derive(Deserialize)]
struct Answer {
    error: Option<Value>,
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
        if request.stream {
            self.streamed(&path, request.body.to_bytes()).await
        } else {
            self.whole_chat(&path, request).await.map(ChatAnswer::Whole)
        }
    }

    async fn embeddings(&self, request: Body) -> Result<Bytes, LlmError> {
        match self.whole(&self.path_of("/embeddings", &request)?, request.to_bytes()).await? {
            Answered::Whole(answer) => Ok(answer),
            Answered::Stream(_) => Err(self.upstream.broken("it is a stream where a whole answer was asked for")),
        }
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
