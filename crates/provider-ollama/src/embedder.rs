//! Embeds with a model of an Ollama.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use transom_domain::Fingerprint;
use transom_llm::{Embedder, LlmError, Purpose, json};
use transom_upstream::{EmbedderSettings, Limits, Remote, Upstream, UpstreamClient, embed_in_batches};

/// An embedding model of an Ollama.
pub struct OllamaEmbedder {
    upstream: Upstream,
    remote: Remote,
}

#[derive(Serialize)]
struct Request<'a> {
    input: &'a [String],
    model: &'a str,
    /// Cuts what is too long for the model, which would be refused otherwise.
    truncate: bool,
    /// What tells the model whether it reads a question or a text, where the upstream takes that in a field.
    #[serde(flatten)]
    prefix: BTreeMap<&'a str, &'a str>,
}

#[derive(Deserialize)]
struct Answer {
    embeddings: Vec<Vec<f32>>,
}

impl OllamaEmbedder {
    /// Checks the address; sends nothing.
    pub fn new(settings: EmbedderSettings, limits: Limits, client: UpstreamClient) -> Result<Self, LlmError> {
        let upstream = Upstream::new(&settings.base_url, settings.key.clone(), limits, client)?;
        Ok(Self { upstream, remote: Remote::new("ollama", settings) })
    }

    async fn batch(&self, texts: Vec<String>, purpose: Purpose) -> Result<Vec<Vec<f32>>, LlmError> {
        let prefix = self.remote.prefix_field(purpose).into_iter().collect();
        let request = Request { input: &texts, model: self.remote.model(), truncate: true, prefix };
        let request = serde_json::to_vec(&request).map_err(|error| LlmError::Internal(error.to_string()))?;
        let answer = self.upstream.post("/api/embed", request.into()).await?;
        match json::off_thread(answer.len(), move || json::read::<Answer>(&answer)).await {
            Ok(answer) => Ok(answer.embeddings),
            Err(_) => Err(self.upstream.broken("it is no list of embeddings")),
        }
    }
}

#[async_trait]
impl Embedder for OllamaEmbedder {
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
