//! What embedders behind HTTP have in common.

use futures_util::{StreamExt, TryStreamExt, stream};
use secrecy::SecretString;
use tokio::sync::{OnceCell, Semaphore};
use transom_domain::Fingerprint;
use transom_llm::{LlmError, Purpose};

/// Which model embeds, and how it is asked.
#[derive(Clone, Debug)]
pub struct EmbedderSettings {
    /// The upstream's base address.
    pub base_url: String,
    /// Its key.
    pub key: Option<SecretString>,
    /// The model.
    pub model: String,
    /// Texts in one call.
    pub batch_size: usize,
    /// Calls at the same time.
    pub concurrency: usize,
    /// Stands before a question.
    pub query_prefix: Option<String>,
    /// Stands before a text that is to be found.
    pub content_prefix: Option<String>,
    /// The field of a request in which the prefix is sent; `None`: it stands before the text.
    pub prefix_field: Option<String>,
}

/// The settings of a remote embedder with what is known of its model.
pub struct Remote {
    settings: EmbedderSettings,
    fingerprint: Fingerprint,
    dimension: OnceCell<usize>,
    calls: Semaphore,
}

impl Remote {
    /// `engine` goes into the fingerprint; the address does not, since the same model may move.
    pub fn new(engine: &str, settings: EmbedderSettings) -> Self {
        let mut name = format!("{engine}:{}", settings.model);
        let prefixes = [("query", &settings.query_prefix), ("content", &settings.content_prefix)];
        if settings.query_prefix.is_some() || settings.content_prefix.is_some() {
            name.extend(settings.prefix_field.iter().map(|field| format!(":field={field:?}")));
        }
        for (what, prefix) in prefixes {
            if let Some(prefix) = prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
                name.push_str(&format!(":{what}={prefix:?}"));
            }
        }
        let calls = Semaphore::new(settings.concurrency.max(1));
        Self { fingerprint: Fingerprint(name), dimension: OnceCell::new(), calls, settings }
    }

    /// Names the model and its prefixes.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Whether the model is known to be for English alone, or may know this language (ISO 639-3).
    pub fn knows(&self, language: &str) -> bool {
        language == "eng" || !is_english_only(&self.settings.model)
    }

    /// The model.
    pub fn model(&self) -> &str {
        &self.settings.model
    }

    /// The dimension; `ask` embeds one text where it is not known yet.
    pub async fn dimension<F>(&self, ask: impl FnOnce() -> F) -> Result<usize, LlmError>
    where
        F: Future<Output = Result<Vec<Vec<f32>>, LlmError>>,
    {
        let ask = async || ask().await.map(|vectors| vectors.first().map_or(0, Vec::len));
        self.dimension.get_or_try_init(ask).await.copied()
    }

    /// The field of a request that says the prefix, and the prefix, where it does not stand before the texts.
    pub fn prefix_field(&self, purpose: Purpose) -> Option<(&str, &str)> {
        Some((self.settings.prefix_field.as_deref()?, self.prefix(purpose)?))
    }

    fn prefix(&self, purpose: Purpose) -> Option<&str> {
        match purpose {
            Purpose::Query => self.settings.query_prefix.as_deref(),
            Purpose::Document => self.settings.content_prefix.as_deref(),
        }
    }

    /// A text as the model is to read it: on one line, behind the prefix for its purpose unless that is sent in a field.
    fn prepared(&self, text: &str, purpose: Purpose) -> String {
        let line = text.replace('\n', " ");
        match self.prefix(purpose) {
            Some(prefix) if self.settings.prefix_field.is_none() => format!("{prefix}{line}"),
            _ => line,
        }
    }
}

/// By their names: the common models that were trained on English alone.
fn is_english_only(model: &str) -> bool {
    let name = model.to_lowercase();
    let family = ["all-minilm", "all-mpnet", "nomic-embed-text", "mxbai-embed-large", "snowflake-arctic-embed"];
    let second = ["v2-moe", "embed-text-v2", "arctic-embed2", "embed-l-v2", "embed-m-v2"];
    let marked = name.split(['/', ':']).any(|part| part.split('-').any(|word| word == "en"));
    marked || (family.iter().any(|family| name.contains(family)) && !second.iter().any(|second| name.contains(second)))
}

/// Embeds `texts` in batches, several at a time, and gives the vectors in their order, of length 1.
///
/// `call` embeds one batch. Fewer or more vectors than texts, and vectors of another dimension than before, are an error.
pub async fn embed_in_batches<F>(
    remote: &Remote,
    upstream: &str,
    texts: &[String],
    purpose: Purpose,
    call: impl Fn(Vec<String>) -> F,
) -> Result<Vec<Vec<f32>>, LlmError>
where
    F: Future<Output = Result<Vec<Vec<f32>>, LlmError>>,
{
    let broken = |reason: &str| LlmError::Broken { upstream: upstream.to_owned(), reason: reason.to_owned() };
    let batches: Vec<&[String]> = texts.chunks(remote.settings.batch_size.max(1)).collect();
    let calls = batches.into_iter().map(|batch| {
        let prepared: Vec<String> = batch.iter().map(|text| remote.prepared(text, purpose)).collect();
        let call = &call;
        async move {
            // The limit is the upstream's, however many files are embedded at once.
            let _permit = remote.calls.acquire().await;
            let vectors = call(prepared).await?;
            if vectors.len() != batch.len() {
                return Err(broken(&format!("it holds {} vectors for {} texts", vectors.len(), batch.len())));
            }
            Ok(vectors)
        }
    });
    let mut all = Vec::with_capacity(texts.len());
    let mut answers = stream::iter(calls.collect::<Vec<_>>()).buffered(remote.settings.concurrency.max(1));
    while let Some(vectors) = answers.try_next().await? {
        for mut vector in vectors {
            let dimension = *remote.dimension.get_or_init(|| std::future::ready(vector.len())).await;
            if vector.len() != dimension || dimension == 0 {
                return Err(broken(&format!("a vector has {} numbers where {dimension} are expected", vector.len())));
            }
            if !normalise(&mut vector) {
                return Err(broken("a vector holds what is no number"));
            }
            all.push(vector);
        }
    }
    Ok(all)
}

/// Gives a vector the length 1; `false` where it holds what is no number. Zeros, which models answer where they see nothing in a text,
/// stay zeros: any direction that they were given would make the text like others that have nothing to do with it.
fn normalise(vector: &mut [f32]) -> bool {
    let length = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    if !length.is_finite() {
        return false;
    }
    if length > 0.0 {
        for x in vector {
            *x = (f64::from(*x) / length) as f32;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn remote(batch_size: usize) -> Remote {
        let settings = EmbedderSettings {
            base_url: String::new(),
            key: None,
            model: "m".into(),
            batch_size,
            concurrency: 2,
            query_prefix: Some("query: ".into()),
            content_prefix: None,
            prefix_field: None,
        };
        Remote::new("openai", settings)
    }

    #[tokio::test]
    async fn batches_come_back_in_order_and_normalised() {
        let texts: Vec<String> = (1..=5).map(|n| "x".repeat(n)).collect();
        let calls = AtomicUsize::new(0);
        let remote = remote(2);
        let vectors = embed_in_batches(&remote, "u", &texts, Purpose::Document, |batch| {
            calls.fetch_add(1, Ordering::Relaxed);
            async move { Ok(batch.iter().map(|text| vec![text.len() as f32, 1.0]).collect()) }
        });
        let vectors = vectors.await.expect("vectors");
        assert_eq!(calls.load(Ordering::Relaxed), 3);
        for (n, vector) in vectors.iter().enumerate() {
            assert!((vector[0] / vector[1] - (n + 1) as f32).abs() < 1e-5);
            assert!((vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[tokio::test]
    async fn a_missing_vector_is_an_error() {
        let texts = vec!["a".to_owned(), "b".to_owned()];
        let remote = remote(9);
        let answer = embed_in_batches(&remote, "u", &texts, Purpose::Document, |_| async { Ok(vec![vec![1.0]]) }).await;
        assert!(answer.expect_err("broken").to_string().contains("1 vectors for 2 texts"));
    }

    #[tokio::test]
    async fn an_empty_list_costs_nothing() {
        let remote = remote(9);
        let answer = embed_in_batches(&remote, "u", &[], Purpose::Document, |_| async { Err(LlmError::Internal(String::new())) });
        assert!(answer.await.expect("nothing").is_empty());
    }

    #[test]
    fn a_vector_of_zeros_stays_one_and_one_of_no_numbers_is_refused() {
        let mut zeros = vec![0.0; 4];
        assert!(normalise(&mut zeros));
        assert_eq!(zeros, [0.0; 4]);
        assert!(!normalise(&mut [f32::NAN, 1.0]));
    }

    #[test]
    fn english_models_are_known_by_their_names() {
        for english in ["nomic-embed-text:latest", "all-minilm", "BAAI/bge-small-en-v1.5", "mxbai-embed-large:335m"] {
            assert!(is_english_only(english), "{english}");
        }
        for others in ["bge-m3", "text-embedding-3-small", "multilingual-e5-large", "nomic-embed-text-v2-moe", "snowflake-arctic-embed2"] {
            assert!(!is_english_only(others), "{others}");
        }
    }

    #[test]
    fn a_prefix_goes_before_its_own_purpose_and_into_the_fingerprint() {
        let remote = remote(1);
        assert_eq!(remote.prepared("a\nb", Purpose::Query), "query: a b");
        assert_eq!(remote.prepared("a\nb", Purpose::Document), "a b");
        assert_eq!(remote.fingerprint().0, "openai:m:query=\"query: \"");
    }

    #[test]
    fn a_prefix_in_a_field_leaves_the_text_alone_and_makes_another_fingerprint() {
        let remote = Remote::new("openai", EmbedderSettings { prefix_field: Some("input_type".into()), ..remote(1).settings });
        assert_eq!(remote.prepared("a", Purpose::Query), "a");
        assert_eq!(remote.prefix_field(Purpose::Query), Some(("input_type", "query: ")));
        assert_eq!(remote.prefix_field(Purpose::Document), None);
        assert_eq!(remote.fingerprint().0, "openai:m:field=\"input_type\":query=\"query: \"");
    }
}
