//! Finding passages.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};
use transom_domain::{Caller, Chunk, ChunkId, File, FileId, FileStatus, Fingerprint};
use transom_llm::Purpose;
use transom_vector::{Hit, Query, Space, VectorError};

use super::scope::Attachment;
use super::{Retrieval, Scope, Source};
use crate::Error;
use crate::files::readable;
use crate::jobs::NO_VECTORS;

/// Passages for one question from several collections, nearest first; one outer list a question, as clients expect it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Passages {
    /// How near each is to the question, from 0 to 1.
    pub distances: Vec<Vec<f32>>,
    /// The texts.
    pub documents: Vec<Vec<String>>,
    /// What is known of each.
    pub metadatas: Vec<Vec<Map<String, Value>>>,
}

/// A direct question to collections.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// What is looked for.
    pub text: String,
    /// Passages at most; `None` for the setting.
    pub limit: Option<usize>,
    /// Scores below this are left out; `None` for the setting.
    pub threshold: Option<f32>,
}

impl Retrieval {
    /// The passages on `queries`, grouped by attachment in their order, best first. Attachments whose whole text is wanted give that.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an attached file that could not be read, with the reason; [`Error::Unavailable`] where processing takes
    /// longer than a question waits; [`Error::Conflict`] where another embedding model's vectors would have to be compared.
    pub async fn find(&self, scope: &Scope, queries: &[String]) -> Result<Vec<Source>, Error> {
        let mut sources = Vec::with_capacity(scope.attachments.len());
        let mut vectors: Option<Vec<Vec<f32>>> = None;
        for attachment in &scope.attachments {
            let files = self.finished(&scope.caller, attachment).await?;
            let source = if attachment.full || self.settings.full_context || self.settings.bypass {
                self.whole(&scope.caller, attachment, &files).await?
            } else {
                self.check_fingerprints(&files)?;
                if vectors.is_none() {
                    vectors = Some(self.embedder.embed(queries, Purpose::Query).await?);
                }
                let hits = self.search(&files, vectors.as_deref().unwrap_or_default(), self.settings.top_k).await?;
                found(attachment, &files, within(hits, self.settings.relevance_threshold))
            };
            if !source.document.is_empty() {
                sources.push(source);
            }
        }
        Ok(sources)
    }

    /// The passages on one question from the named collections together (`file-ID` is a file's own).
    ///
    /// # Errors
    /// As [`Retrieval::resolve`] and [`Retrieval::find`].
    pub async fn query(&self, caller: &Caller, names: &[String], question: &Question) -> Result<Passages, Error> {
        let scope = self.resolve_names(caller, names).await?;
        if self.settings.bypass {
            return Err(Error::Invalid("nothing can be searched while BYPASS_EMBEDDING_AND_RETRIEVAL is on".to_owned()));
        }
        let mut files: Vec<File> = Vec::new();
        for attachment in &scope.attachments {
            files.extend(self.finished(caller, attachment).await?);
        }
        self.check_fingerprints(&files)?;
        let limit = question.limit.unwrap_or(self.settings.top_k);
        let mut hits = Vec::new();
        if !files.is_empty() && limit > 0 {
            let vectors = self.embedder.embed(std::slice::from_ref(&question.text), Purpose::Query).await?;
            hits = within(self.search(&files, &vectors, limit).await?, question.threshold.unwrap_or(self.settings.relevance_threshold));
        }
        let by_id: HashMap<&FileId, &File> = files.iter().map(|file| (&file.id, file)).collect();
        Ok(Passages {
            distances: vec![hits.iter().map(score).collect()],
            metadatas: vec![hits.iter().map(|hit| metadata(by_id.get(&hit.chunk.file_id).copied(), &hit.chunk)).collect()],
            documents: vec![hits.into_iter().map(|hit| hit.chunk.text).collect()],
        })
    }

    /// The attachment's files once nothing is left to do for them, but for those of a collection that have no text.
    async fn finished(&self, caller: &Caller, attachment: &Attachment) -> Result<Vec<File>, Error> {
        let until = tokio::time::Instant::now() + self.settings.wait;
        let mut finished = Vec::with_capacity(attachment.files.len());
        for file in &attachment.files {
            // In a collection, a file that is being indexed again can be found by what is stored of it.
            let searchable = file.fingerprint.as_ref() == Some(&self.fingerprint());
            if file.status.is_final() || (searchable && !attachment.single) {
                finished.push(file.clone());
                continue;
            }
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            match self.files.wait_at_most(caller, &file.id, left).await {
                Ok(file) => finished.push(file),
                // Deleted, or taken out of the collection, while we waited.
                Err(Error::NotFound(_)) if !attachment.single => {}
                Err(error) => return Err(error),
            }
        }
        finished.retain(|file| attachment.single || !matches!(file.status, FileStatus::Failed | FileStatus::Unprocessed));
        for file in &finished {
            if file.fingerprint.as_ref() != Some(&self.fingerprint()) {
                readable(file)?;
            }
        }
        Ok(finished)
    }

    fn fingerprint(&self) -> Fingerprint {
        if self.settings.bypass { Fingerprint(NO_VECTORS.to_owned()) } else { self.embedder.fingerprint().clone() }
    }

    fn check_fingerprints(&self, files: &[File]) -> Result<(), Error> {
        let current = self.embedder.fingerprint();
        let Some(other) = files.iter().find(|file| file.fingerprint.as_ref() != Some(current)) else { return Ok(()) };
        Err(Error::Conflict(format!(
            "file {} was indexed by another embedding model than the present one, so it cannot be searched: \
             ask your administrator to run `transom doctor --reindex`",
            other.id
        )))
    }

    /// The nearest chunks to any of the vectors, each once with its best similarity, nearest first.
    async fn search(&self, files: &[File], vectors: &[Vec<f32>], limit: usize) -> Result<Vec<Hit>, Error> {
        if files.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let space = Space { fingerprint: self.embedder.fingerprint().clone(), dimension: self.embedder.dimension().await? };
        let ids: Vec<FileId> = files.iter().map(|file| file.id.clone()).collect();
        let mut best: HashMap<ChunkId, Hit> = HashMap::new();
        for vector in vectors {
            let query = Query { vector: vector.clone(), files: ids.clone(), limit };
            for hit in self.vectors.search(&space, &query).await.map_err(damaged)? {
                let kept = best.entry(hit.chunk.id()).or_insert_with(|| hit.clone());
                if hit.score.value() > kept.score.value() {
                    *kept = hit;
                }
            }
        }
        let mut hits: Vec<Hit> = best.into_values().collect();
        hits.sort_by(|a, b| {
            let place = |hit: &Hit| (hit.chunk.file_id.clone(), hit.chunk.ordinal);
            b.score.value().total_cmp(&a.score.value()).then_with(|| place(a).cmp(&place(b)))
        });
        hits.truncate(limit);
        Ok(hits)
    }

    async fn whole(&self, caller: &Caller, attachment: &Attachment, files: &[File]) -> Result<Source, Error> {
        let mut source = Source { source: attachment.source.clone(), document: Vec::new(), metadata: Vec::new(), distances: Vec::new() };
        for file in files {
            if let Some(text) = self.store.file_text(caller, &file.id).await? {
                source.metadata.push(file_metadata(file));
                source.document.push(text.text);
            }
        }
        Ok(source)
    }
}

fn found(attachment: &Attachment, files: &[File], hits: Vec<Hit>) -> Source {
    let by_id: HashMap<&FileId, &File> = files.iter().map(|file| (&file.id, file)).collect();
    Source {
        source: attachment.source.clone(),
        distances: hits.iter().map(score).collect(),
        metadata: hits.iter().map(|hit| metadata(by_id.get(&hit.chunk.file_id).copied(), &hit.chunk)).collect(),
        document: hits.into_iter().map(|hit| hit.chunk.text).collect(),
    }
}

fn within(mut hits: Vec<Hit>, threshold: f32) -> Vec<Hit> {
    hits.retain(|hit| score(hit) >= threshold);
    hits
}

/// Cosine similarity from -1 to 1 as a score from 0 to 1, which is what clients are used to.
fn score(hit: &Hit) -> f32 {
    f32::midpoint(hit.score.value(), 1.0).clamp(0.0, 1.0)
}

fn metadata(file: Option<&File>, chunk: &Chunk) -> Map<String, Value> {
    let mut metadata = file.map(file_metadata).unwrap_or_default();
    metadata.insert("file_id".to_owned(), chunk.file_id.as_str().into());
    metadata.insert("start_index".to_owned(), chunk.start_index.into());
    if let Some(page) = chunk.page {
        metadata.insert("page".to_owned(), page.saturating_sub(1).into());
        metadata.insert("page_label".to_owned(), page.to_string().into());
    }
    if !chunk.headings.is_empty() {
        metadata.insert("headings".to_owned(), chunk.headings.clone().into());
    }
    metadata
}

fn file_metadata(file: &File) -> Map<String, Value> {
    let mut metadata = Map::new();
    let mut set = |name: &str, value: Value| metadata.insert(name.to_owned(), value);
    set("name", file.filename.as_str().into());
    set("source", file.filename.as_str().into());
    set("file_id", file.id.as_str().into());
    set("created_by", file.user_id.as_str().into());
    set("content_type", file.content_type.as_str().into());
    set("size", file.size.into());
    set("hash", file.text_hash.clone().into());
    set("file_hash", file.file_hash.as_str().into());
    set("embedding_config", file.fingerprint.as_ref().map(|fingerprint| fingerprint.0.clone()).into());
    metadata
}

fn damaged(error: VectorError) -> Error {
    match error {
        VectorError::Damaged(reason) => {
            tracing::error!(%reason, "the stored vectors are damaged");
            Error::Unavailable(
                "the search index is damaged and has to be made again: ask your administrator to run `transom doctor`".to_owned(),
            )
        }
        other => other.into(),
    }
}
