//! Finding passages.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};
use transom_domain::{Caller, Chunk, File, FileId, FileStatus, Fingerprint};
use transom_index::{Asked, IndexError, Indexed, Passage, Search};
use transom_vector::VectorError;

use super::scope::Attachment;
use super::{Retrieval, RetrievalSettings, Scope, Source};
use crate::Error;
use crate::files::readable;
use crate::jobs::NO_VECTORS;

/// Passages at most that one question gets.
pub(super) const MOST_PASSAGES: usize = 1_000;

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
    /// Passages at most that a reranker keeps; `None` for the setting.
    pub reranked: Option<usize>,
    /// Passages whose cosine to the question is below this are left out; `None` for the setting.
    pub threshold: Option<f32>,
    /// Whether words are searched beside vectors; `None` for the setting.
    pub hybrid: Option<bool>,
    /// How much the words count, from 0 to 1; `None` for the setting.
    pub bm25_weight: Option<f32>,
    /// Whether the words of a file's name count as words of its passages; `None` for the setting.
    pub enriched: Option<bool>,
}

impl Question {
    /// How passages are looked for: as the request says, and the settings where it says nothing.
    fn search(&self, settings: &RetrievalSettings) -> Search {
        Search {
            limit: self.limit.unwrap_or(settings.top_k),
            kept_by_reranker: self.reranked.unwrap_or(settings.top_k_reranker),
            threshold: self.threshold.unwrap_or(settings.relevance_threshold),
            hybrid: self.hybrid.unwrap_or(settings.hybrid),
            words: self.bm25_weight.or(settings.bm25_weight).map(|words| words.clamp(0.0, 1.0)),
            names: self.enriched.unwrap_or(settings.enriched),
        }
    }
}

impl Retrieval {
    /// The passages on `queries`, grouped by attachment in their order, best first. Attachments whose whole text is wanted give that.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an attached file that could not be read, with the reason, and for whole texts that are too long together; [`Error::Unavailable`] where processing takes
    /// longer than a question waits; [`Error::Conflict`] where another embedding model's vectors would have to be compared.
    pub async fn find(&self, scope: &Scope, queries: &[String]) -> Result<Vec<Source>, Error> {
        let mut sources = Vec::with_capacity(scope.attachments.len());
        let settings = self.settings();
        let (asked, search) = (Asked::new(queries), Question::default().search(&settings));
        let mut whole = 0;
        for attachment in &scope.attachments {
            let files = self.finished(&scope.caller, attachment).await?;
            let source = if attachment.full || settings.full_context || settings.bypass {
                whole += self.whole_length(&scope.caller, &files).await?;
                check_length(whole, settings.whole_texts)?;
                self.whole(&scope.caller, attachment, &files).await?
            } else {
                self.check_fingerprints(&files)?;
                found(attachment, &files, self.passages(&files, &asked, &search).await?)
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
    /// As [`Retrieval::resolve`] and [`Retrieval::find`]; [`Error::Invalid`] where more passages are asked for than a question gets.
    pub async fn query(&self, caller: &Caller, names: &[String], question: &Question) -> Result<Passages, Error> {
        for (name, number) in [("k", question.limit), ("k_reranker", question.reranked)] {
            if let Some(number) = number.filter(|number| *number > MOST_PASSAGES) {
                return Err(Error::Invalid(format!("`{name}` is {number}, and one question gets {MOST_PASSAGES} passages at most")));
            }
        }
        let (scope, settings) = (self.resolve_names(caller, names).await?, self.settings());
        if settings.bypass {
            return Err(Error::Invalid("nothing can be searched while BYPASS_EMBEDDING_AND_RETRIEVAL is on".to_owned()));
        }
        let mut files: Vec<File> = Vec::new();
        for attachment in &scope.attachments {
            files.extend(self.finished(caller, attachment).await?);
        }
        self.check_fingerprints(&files)?;
        let queries = std::slice::from_ref(&question.text);
        let passages = self.passages(&files, &Asked::new(queries), &question.search(&settings)).await?;
        let source = Found::new(&files, passages);
        Ok(Passages { distances: vec![source.distances], metadatas: vec![source.metadata], documents: vec![source.document] })
    }

    async fn passages(&self, files: &[File], asked: &Asked<'_>, search: &Search) -> Result<Vec<Passage>, Error> {
        let indexed =
            files.iter().map(|file| Indexed { id: file.id.clone(), languages: file.languages.clone(), name: file.filename.clone() });
        let indexed: Vec<Indexed> = indexed.collect();
        self.index.find(&indexed, asked, search).await.map_err(unsearched)
    }

    /// The attachment's files once nothing is left to do for them, but for those of a collection that have no text.
    async fn finished(&self, caller: &Caller, attachment: &Attachment) -> Result<Vec<File>, Error> {
        let until = tokio::time::Instant::now() + self.settings().wait;
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
        if self.settings().bypass { Fingerprint(NO_VECTORS.to_owned()) } else { self.index.embedder().fingerprint().clone() }
    }

    fn check_fingerprints(&self, files: &[File]) -> Result<(), Error> {
        let current = self.index.embedder().fingerprint();
        let Some(other) = files.iter().find(|file| file.fingerprint.as_ref() != Some(current)) else { return Ok(()) };
        Err(Error::Conflict(format!(
            "file {} was indexed by another embedding model than the present one, so it cannot be searched: \
             ask your administrator to run `transom doctor --reindex`",
            other.id
        )))
    }

    /// Characters of the whole texts of these files, without reading them.
    async fn whole_length(&self, caller: &Caller, files: &[File]) -> Result<u64, Error> {
        let ids: Vec<FileId> = files.iter().map(|file| file.id.clone()).collect();
        Ok(self.store.text_length(caller, &ids).await?)
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

/// Refuses whole texts that are too long before any of them is read.
fn check_length(length: u64, most: u64) -> Result<(), Error> {
    if length <= most {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "the attached documents are given whole and have {length} characters or more, and one question gets {most} at most: \
         attach fewer, or let passages be found in them in place of `\"context\": \"full\"`"
    )))
}

/// Passages, taken apart into what clients are shown.
struct Found {
    document: Vec<String>,
    metadata: Vec<Map<String, Value>>,
    distances: Vec<f32>,
}

impl Found {
    fn new(files: &[File], passages: Vec<Passage>) -> Self {
        let by_id: HashMap<&FileId, &File> = files.iter().map(|file| (&file.id, file)).collect();
        Self {
            distances: passages.iter().map(|passage| passage.score).collect(),
            metadata: passages.iter().map(|Passage { chunk, .. }| metadata(by_id.get(&chunk.file_id).copied(), chunk)).collect(),
            document: passages.into_iter().map(|passage| passage.chunk.text).collect(),
        }
    }
}

fn found(attachment: &Attachment, files: &[File], passages: Vec<Passage>) -> Source {
    let Found { document, metadata, distances } = Found::new(files, passages);
    Source { source: attachment.source.clone(), document, metadata, distances }
}

fn metadata(file: Option<&File>, chunk: &Chunk) -> Map<String, Value> {
    let mut metadata = file.map(file_metadata).unwrap_or_default();
    metadata.insert("file_id".to_owned(), chunk.file_id.as_str().into());
    metadata.insert("start_index".to_owned(), chunk.start_index.into());
    if let Some(page) = chunk.page {
        metadata.insert("page".to_owned(), page.saturating_sub(1).into());
        metadata.insert("page_label".to_owned(), page.to_string().into());
        if let Some(pages) = file.and_then(|file| file.pages) {
            metadata.insert("total_pages".to_owned(), pages.into());
        }
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

fn unsearched(error: IndexError) -> Error {
    match error {
        IndexError::Vectors(VectorError::Damaged(reason)) => {
            tracing::error!(%reason, "the stored vectors are damaged");
            Error::Unavailable("the search index is damaged and is being made again: try again later".to_owned())
        }
        IndexError::Vectors(error) => error.into(),
        IndexError::Embedding(error) => error.into(),
        IndexError::Splitting | IndexError::TooManyChunks { .. } => Error::internal(error),
    }
}
