//! Embeds with a model of an OpenAI-compatible upstream.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use transom_domain::Fingerprint;
use transom_llm::{Embedder, LlmError, Purpose, json};
use transom_upstream::{EmbedderSettings, Limits, Remote, Upstream, UpstreamClient, embed_in_batches};

/// How often a text that is too long for the model is cut in half, before the refusal counts.
const CUTS: usize = 6;

/// An embedding model of an OpenAI-compatible upstream.
pub struct OpenAiEmbedder {
    upstream: Upstream,
    remote: Remote,
}

#[derive(Serialize)]
struct Request<'a> {
    input: &'a [String],
    model: &'a str,
    encoding_format: &'static str,
    /// What tells the model whether it reads a question or a text, where the upstream takes that in a field.
    #[serde(flatten)]
    prefix: BTreeMap<&'a str, &'a str>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    index: Option<usize>,
    embedding: Vec<f32>,
}

impl OpenAiEmbedder {
    /// Checks the address; sends nothing.
    pub fn new(settings: EmbedderSettings, limits: Limits, client: UpstreamClient) -> Result<Self, LlmError> {
        let upstream = Upstream::new(&settings.base_url, settings.key.clone(), limits, client)?;
        Ok(Self { upstream, remote: Remote::new("openai", settings) })
    }

    async fn batch(&self, texts: Vec<String>, purpose: Purpose) -> Result<Vec<Vec<f32>>, LlmError> {
        match self.call(&texts, purpose).await {
            // OpenAI's API has no `truncate`: one text that is too long spoils the batch.
            Err(error) if too_long(&error) => {
                let mut vectors = Vec::with_capacity(texts.len());
                for text in texts {
                    vectors.push(self.cut(text, purpose).await?);
                }
                Ok(vectors)
            }
            answer => answer,
        }
    }

    async fn cut(&self, text: String, purpose: Purpose) -> Result<Vec<f32>, LlmError> {
        let mut texts = [text];
        for _ in 0..CUTS {
            match self.call(&texts, purpose).await {
                Err(error) if too_long(&error) => {
                    let [text] = &mut texts;
                    let half = text.floor_char_boundary(text.len() / 2);
                    text.truncate(half);
                }
                answer => return self.one(answer?),
            }
        }
        self.one(self.call(&texts, purpose).await?)
    }

    fn one(&self, vectors: Vec<Vec<f32>>) -> Result<Vec<f32>, LlmError> {
        vectors.into_iter().next().ok_or_else(|| self.upstream.broken("it holds no vector"))
    }

    async fn call(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, LlmError> {
        let prefix = self.remote.prefix_field(purpose).into_iter().collect();
        let request = Request { input: texts, model: self.remote.model(), encoding_format: "float", prefix };
        let request = serde_json::to_vec(&request).map_err(|error| LlmError::Internal(error.to_string()))?;
        let answer = self.upstream.post("/embeddings", request.into()).await?;
        let Ok(mut answer) = json::off_thread(answer.len(), move || json::read::<Answer>(&answer)).await else {
            return Err(self.upstream.broken("it is no list of embeddings"));
        };
        answer.data.sort_by_key(|entry| entry.index);
        Ok(answer.data.into_iter().map(|entry| entry.embedding).collect())
    }
}

/// Whether a refusal says that a text is too long.
fn too_long(error: &LlmError) -> bool {
    let LlmError::Refused { status: 400 | 413 | 422 | 500, detail, .. } = error else { return false };
    let words = detail.to_string().to_lowercase();
    ["too large", "too long", "context length", "maximum context", "context size", "max_tokens", "batch size"]
        .iter()
        .any(|hint| words.contains(hint))
}

#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn fingerprint(&self) -> &Fingerprint {
        self.remote.fingerprint()
    }

    fn knows(&self, language: &str) -> bool {
        self.remote.knows(language)
    }

    async fn dimension(&self) -> Result<usize, LlmError> {
        self.remote.dimension(|| self.batch(vec!["dimension".to_owned()], Purpose::Document)).await
    }

    async fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, LlmError> {
        embed_in_batches(&self.remote, self.upstream.name(), texts, purpose, |batch| self.batch(batch, purpose)).await
    }
}
