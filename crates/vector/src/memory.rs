//! An exact store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use transom_domain::{FileId, Fingerprint};

use crate::bm25::Bm25;
use crate::{EmbeddedChunk, Hit, Query, Score, Space, TermQuery, VectorError, VectorStore};

type Files = BTreeMap<FileId, Vec<EmbeddedChunk>>;

/// Compares the question with every chunk. For tests, and for programs that index little and keep nothing.
#[derive(Debug, Default)]
pub struct MemoryStore {
    spaces: RwLock<BTreeMap<Space, Files>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn write<T>(&self, change: impl FnOnce(&mut BTreeMap<Space, Files>) -> T) -> T {
        change(&mut self.spaces.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn read<T>(&self, look: impl FnOnce(&BTreeMap<Space, Files>) -> T) -> T {
        look(&self.spaces.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl VectorStore for MemoryStore {
    async fn ensure(&self, space: &Space) -> Result<(), VectorError> {
        self.write(|spaces| {
            spaces.entry(space.clone()).or_default();
        });
        Ok(())
    }

    async fn replace(&self, space: &Space, file: &FileId, mut chunks: Vec<EmbeddedChunk>) -> Result<(), VectorError> {
        for stored in &chunks {
            check(space, &stored.vector)?;
        }
        chunks.sort_by_key(|stored| stored.chunk.ordinal);
        self.write(|spaces| {
            if !chunks.is_empty() {
                spaces.entry(space.clone()).or_default().insert(file.clone(), chunks);
            } else if let Some(files) = spaces.get_mut(space) {
                files.remove(file);
            }
        });
        Ok(())
    }

    async fn delete(&self, files: &[FileId]) -> Result<(), VectorError> {
        self.write(|spaces| {
            for stored in spaces.values_mut() {
                for file in files {
                    stored.remove(file);
                }
            }
        });
        Ok(())
    }

    async fn search(&self, space: &Space, query: &Query) -> Result<Vec<Hit>, VectorError> {
        check(space, &query.vector)?;
        let hits = self.read(|spaces| {
            let near = |stored: &EmbeddedChunk| {
                let score = Score::Similarity(cosine(&stored.vector, &query.vector)?);
                Some(Hit { chunk: stored.chunk.clone(), score })
            };
            spaces.get(space).into_iter().flat_map(|files| named(files, &query.files)).filter_map(near).collect()
        });
        Ok(best(hits, query.limit))
    }

    async fn search_terms(&self, space: &Space, query: &TermQuery) -> Result<Vec<Hit>, VectorError> {
        let hits = self.read(|spaces| {
            let Some(files) = spaces.get(space) else { return Vec::new() };
            let bm25 = Bm25::new(&query.terms, files.values().flatten().map(|stored| stored.terms.as_str()));
            let answer = |stored: &EmbeddedChunk| {
                let score = Score::Bm25(bm25.score(&stored.terms)?);
                Some(Hit { chunk: stored.chunk.clone(), score })
            };
            named(files, &query.files).filter_map(answer).collect()
        });
        Ok(best(hits, query.limit))
    }

    async fn files(&self, space: &Space) -> Result<BTreeMap<FileId, usize>, VectorError> {
        Ok(self.read(|spaces| {
            spaces.get(space).map(|files| files.iter().map(|(file, chunks)| (file.clone(), chunks.len())).collect()).unwrap_or_default()
        }))
    }

    async fn spaces(&self) -> Result<Vec<Space>, VectorError> {
        Ok(self.read(|spaces| spaces.keys().cloned().collect()))
    }

    async fn drop_space(&self, space: &Space) -> Result<(), VectorError> {
        self.write(|spaces| spaces.remove(space));
        Ok(())
    }

    async fn retain(&self, embedders: &[Fingerprint]) -> Result<(), VectorError> {
        self.write(|spaces| spaces.retain(|space, _| embedders.contains(&space.fingerprint)));
        Ok(())
    }

    async fn optimize(&self) -> Result<(), VectorError> {
        Ok(())
    }
}

/// The chunks of the named files, by file and ordinal.
fn named<'a>(files: &'a Files, names: &[FileId]) -> impl Iterator<Item = &'a EmbeddedChunk> {
    let names: BTreeSet<&FileId> = names.iter().collect();
    names.into_iter().filter_map(|name| files.get(name)).flatten()
}

/// The best first. The sort is stable, so equal ones keep the order of file and ordinal.
fn best(mut hits: Vec<Hit>, limit: usize) -> Vec<Hit> {
    hits.sort_by(|a, b| b.score.value().total_cmp(&a.score.value()));
    hits.truncate(limit);
    hits
}

fn check(space: &Space, vector: &[f32]) -> Result<(), VectorError> {
    if vector.len() == space.dimension {
        return Ok(());
    }
    Err(VectorError::Dimension { expected: space.dimension, got: vector.len() })
}

/// As the port promises, also for vectors whose length is not 1; without a direction there is no likeness.
fn cosine(a: &[f32], b: &[f32]) -> Option<f32> {
    let cosine = dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt());
    cosine.is_finite().then(|| cosine.clamp(-1.0, 1.0))
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    async fn make() -> (Arc<dyn VectorStore>, ()) {
        (Arc::new(MemoryStore::new()), ())
    }

    crate::behaviours!(make);

    #[test]
    fn vectors_of_any_length_are_compared_by_their_direction() {
        assert!(cosine(&[3.0, 0.0], &[5.0, 0.0]).is_some_and(|cosine| (cosine - 1.0).abs() < 1e-6));
        assert!(cosine(&[3.0, 0.0], &[-5.0, 0.0]).is_some_and(|cosine| (cosine + 1.0).abs() < 1e-6));
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 0.0]), None);
    }
}
