//! An embedder that needs no model: texts that share words are near each other.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;
use transom_domain::Fingerprint;
use transom_llm::{Embedder, LlmError, Purpose};

const DIMENSION: usize = 256;

/// Counts words. The same text gives the same vector, always.
///
/// It can be told to fail, and to hold texts that contain a word until they are released.
pub struct BagOfWords {
    fingerprint: Fingerprint,
    failures: AtomicUsize,
    texts: AtomicUsize,
    held: Mutex<BTreeSet<String>>,
    released: watch::Sender<()>,
    waiting: watch::Sender<usize>,
}

impl BagOfWords {
    /// An embedder under a name of its own: vectors of differently named ones are never compared.
    pub fn new(name: &str) -> Self {
        Self {
            fingerprint: Fingerprint(format!("bag-of-words:{name}")),
            failures: AtomicUsize::new(0),
            texts: AtomicUsize::new(0),
            held: Mutex::default(),
            released: watch::Sender::new(()),
            waiting: watch::Sender::new(0),
        }
    }

    /// Lets the next `times` calls fail as if the model could not be reached.
    pub fn fail(&self, times: usize) {
        self.failures.store(times, Ordering::SeqCst);
    }

    /// Holds calls with a text that contains `word`.
    pub fn hold(&self, word: &str) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(word.to_owned());
    }

    /// Lets go what is held, and holds nothing more.
    pub fn release(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.released.send_replace(());
    }

    /// Returns once `calls` calls have been held since the beginning.
    pub async fn until_held(&self, calls: usize) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.waiting.subscribe().wait_for(|waiting| *waiting >= calls).await;
    }

    /// How many texts were embedded.
    pub fn texts(&self) -> usize {
        self.texts.load(Ordering::SeqCst)
    }

    fn holds(&self, texts: &[String]) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        texts.iter().any(|text| held.iter().any(|word| text.contains(word.as_str())))
    }
}

#[async_trait]
impl Embedder for BagOfWords {
    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    async fn dimension(&self) -> Result<usize, LlmError> {
        Ok(DIMENSION)
    }

    async fn embed(&self, texts: &[String], _purpose: Purpose) -> Result<Vec<Vec<f32>>, LlmError> {
        let mut released = self.released.subscribe();
        if self.holds(texts) {
            self.waiting.send_modify(|waiting| *waiting += 1);
            while self.holds(texts) {
                let _ = released.changed().await;
            }
        }
        let failing = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if failing {
            return Err(LlmError::Unreachable { upstream: "the bag of words".to_owned(), reason: "it was told to fail".to_owned() });
        }
        self.texts.fetch_add(texts.len(), Ordering::SeqCst);
        Ok(texts.iter().map(|text| vector(text)).collect())
    }
}

fn vector(text: &str) -> Vec<f32> {
    let mut counts = vec![0.0f32; DIMENSION];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut hasher = std::hash::DefaultHasher::new();
        word.to_lowercase().hash(&mut hasher);
        let bucket = usize::try_from(hasher.finish() % DIMENSION as u64).unwrap_or(0);
        counts[bucket] += 1.0;
    }
    let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt();
    if length == 0.0 {
        counts[0] = 1.0;
        return counts;
    }
    counts.iter().map(|count| count / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_words_are_nearer() {
        let near = |a: &str, b: &str| vector(a).iter().zip(vector(b)).map(|(a, b)| a * b).sum::<f32>();
        assert!(near("who fought at Lepanto", "the battle of Lepanto") > near("who fought at Lepanto", "a treaty in 1648"));
        assert!((near("one two", "two one") - 1.0).abs() < 1e-6);
    }
}
