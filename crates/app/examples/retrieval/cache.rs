//! The built-in model, with the vectors of texts kept in a file: a debug build makes about ten a second.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use transom_domain::Fingerprint;
use transom_embed::{DIMENSION, MiniLm, MiniLmSettings};
use transom_llm::{Embedder, LlmError, Purpose};

type Key = [u8; 32];

/// Bytes of a text's digest and its vector.
const RECORD: usize = 32 + 4 * DIMENSION;

pub struct Cached {
    model: MiniLm,
    path: PathBuf,
    vectors: Mutex<HashMap<Key, Vec<f32>>>,
}

impl Cached {
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let bytes = if path.exists() { std::fs::read(path)? } else { Vec::new() };
        let vectors = bytes.chunks_exact(RECORD).filter_map(|record| {
            let (key, vector) = record.split_first_chunk::<32>()?;
            let number = |bytes: &[u8]| Some(f32::from_le_bytes(bytes.try_into().ok()?));
            Some((*key, vector.chunks_exact(4).filter_map(number).collect()))
        });
        Ok(Self { model: MiniLm::new(MiniLmSettings::default()), path: path.to_owned(), vectors: Mutex::new(vectors.collect()) })
    }

    pub fn save(&self) -> std::io::Result<()> {
        let vectors = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = Vec::with_capacity(vectors.len() * RECORD);
        for (key, vector) in vectors.iter() {
            bytes.extend_from_slice(key);
            bytes.extend(vector.iter().flat_map(|number| number.to_le_bytes()));
        }
        std::fs::write(&self.path, bytes)
    }

    fn kept(&self, key: &Key) -> Option<Vec<f32>> {
        self.vectors.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}

#[async_trait]
impl Embedder for Cached {
    fn fingerprint(&self) -> &Fingerprint {
        self.model.fingerprint()
    }

    async fn dimension(&self) -> Result<usize, LlmError> {
        self.model.dimension().await
    }

    fn knows(&self, language: &str) -> bool {
        self.model.knows(language)
    }

    async fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, LlmError> {
        // Questions are timed, so their vectors are made each time.
        if purpose == Purpose::Query {
            return self.model.embed(texts, purpose).await;
        }
        let keys: Vec<Key> = texts.iter().map(|text| Sha256::digest(text).into()).collect();
        let missing: Vec<usize> = (0..texts.len()).filter(|&index| self.kept(&keys[index]).is_none()).collect();
        let made = self.model.embed(&missing.iter().map(|&index| texts[index].clone()).collect::<Vec<_>>(), purpose).await?;
        {
            let mut vectors = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
            vectors.extend(missing.iter().map(|&index| keys[index]).zip(made));
        }
        Ok(keys.iter().filter_map(|key| self.kept(key)).collect())
    }
}
