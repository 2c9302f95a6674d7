//! What becomes a file without being uploaded: texts and web pages.
//!
//! A text or page is a file of the caller's like any other: it is kept, listed, shared through collections and deleted the same way.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use transom_domain::{Caller, File, FileId, FileStatus, KnowledgeId};
use transom_fetch::{FetchError, Fetcher, Page};
use transom_ingest::{Document, Reader};

use crate::Error;
use crate::distinct::distinct;
use crate::files::{Files, Upload, UploadOptions, readable};
use crate::knowledge::{KnowledgeBases, MOST_AT_ONCE};

/// Takes texts and pages in. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    files: Files,
    knowledge: KnowledgeBases,
    fetcher: Fetcher,
    reader: Arc<dyn Reader>,
}

/// What became of one file of several.
#[derive(Debug)]
pub struct Outcome {
    /// The file.
    pub file: FileId,
    /// Why it is not where it was to be.
    pub error: Option<Error>,
}

impl Intake {
    /// Files go to `files` and into the collections of `knowledge`; pages come through `fetcher`, and `reader` reads those that are
    /// only to be looked at.
    pub fn new(files: Files, knowledge: KnowledgeBases, fetcher: Fetcher, reader: Arc<dyn Reader>) -> Self {
        Self { files, knowledge, fetcher, reader }
    }

    /// Makes a file of a text, puts it into a collection that the caller may change, where one is named, and returns once it can be found.
    pub async fn text(&self, caller: &Caller, name: &str, text: String, into: Option<&KnowledgeId>) -> Result<File, Error> {
        self.check(caller, into).await?;
        let mut upload = self.files.begin(caller, name, "text/plain; charset=utf-8")?;
        upload.write(Bytes::from(text)).await?;
        self.settle(caller, upload, Map::new(), into).await
    }

    /// Fetches a page and makes a file of it, as [`Intake::text`] does. With `overwrite`, files of the same address in that collection
    /// go out of it, and the caller's own of them are deleted.
    pub async fn page(&self, caller: &Caller, url: &str, into: Option<&KnowledgeId>, overwrite: bool) -> Result<File, Error> {
        self.check(caller, into).await?;
        let page = self.open(caller, url).await?;
        let mut upload = self.files.begin(caller, &name(&page), &content_type(&page))?;
        let source = json!({ "source": url }).as_object().cloned().unwrap_or_default();
        let mut bytes = page.into_stream();
        while let Some(part) = bytes.next().await {
            upload.write(part.map_err(unfetched)?).await?;
        }
        let file = self.settle(caller, upload, source, into).await?;
        if let (Some(collection), true) = (into, overwrite) {
            self.remove_earlier(caller, collection, &file, url).await?;
        }
        Ok(file)
    }

    /// The text of a page, which is not kept.
    pub async fn look(&self, caller: &Caller, url: &str) -> Result<String, Error> {
        let page = self.open(caller, url).await?;
        let (name, content_type) = (name(&page), content_type(&page));
        let bytes = page.read().await.map_err(unfetched)?.bytes;
        let text = self.reader.read(Document::whole(bytes, name, Some(content_type))).await;
        Ok(text.map_err(|reason| Error::Invalid(format!("{url} cannot be read: {reason}")))?.text)
    }

    /// Reads a file that the caller may change (again), or takes a text in its place, and puts it into a collection as [`Intake::text`] does.
    /// On its way into a collection, a file keeps the text that it has.
    pub async fn file(&self, caller: &Caller, id: &FileId, text: Option<String>, into: Option<&KnowledgeId>) -> Result<File, Error> {
        self.check(caller, into).await?;
        let file = match (text, into) {
            (Some(text), _) => self.files.replace_text(caller, id, text).await?,
            (None, Some(_)) => self.files.index(caller, id).await?,
            (None, None) => self.files.process(caller, id).await?,
        };
        readable(&file)?;
        if let Some(collection) = into {
            self.knowledge.add(caller, collection, std::slice::from_ref(id)).await?;
        }
        Ok(file)
    }

    /// Puts files into a collection that the caller may change, each for itself: those that can be are in it afterwards, the others say
    /// why not. Files that were uploaded without being read are read first.
    pub async fn batch(&self, caller: &Caller, files: &[FileId], into: &KnowledgeId) -> Result<Vec<Outcome>, Error> {
        self.knowledge.writable(caller, into).await?;
        let files = distinct(files, MOST_AT_ONCE, "files")?;
        let read = join_all(files.iter().map(async |file| (file.clone(), self.read(caller, file).await))).await;
        let ready: Vec<FileId> = read.iter().filter(|(_, read)| read.is_ok()).map(|(file, _)| file.clone()).collect();
        if !ready.is_empty() {
            self.knowledge.add(caller, into, &ready).await?;
        }
        Ok(read.into_iter().map(|(file, read)| Outcome { file, error: read.err() }).collect())
    }

    async fn read(&self, caller: &Caller, id: &FileId) -> Result<(), Error> {
        let file = self.files.get(caller, id).await?;
        let file = match file.status {
            FileStatus::Unprocessed => self.files.process(caller, id).await?,
            _ => self.files.wait(caller, id).await?,
        };
        readable(&file)
    }

    /// What is refused is refused before anything is kept or fetched.
    async fn check(&self, caller: &Caller, into: Option<&KnowledgeId>) -> Result<(), Error> {
        if let Some(collection) = into {
            self.knowledge.writable(caller, collection).await?;
        }
        Ok(())
    }

    async fn open(&self, caller: &Caller, url: &str) -> Result<Page, Error> {
        if !caller.may("chat.web_upload") {
            return Err(Error::Forbidden("your account may not fetch web pages; ask your administrator".to_owned()));
        }
        self.fetcher.open(url).await.map_err(unfetched)
    }

    async fn settle(
        &self,
        caller: &Caller,
        upload: Upload,
        metadata: Map<String, Value>,
        into: Option<&KnowledgeId>,
    ) -> Result<File, Error> {
        let file = upload.finish(caller, UploadOptions { metadata, process: true, wait: true, into: None }).await?;
        if let Err(reason) = readable(&file) {
            // The caller hears of no file, so none is left.
            if file.status == FileStatus::Failed {
                self.files.delete(caller, &file.id).await?;
            }
            return Err(reason);
        }
        if let Some(collection) = into {
            self.knowledge.add(caller, collection, std::slice::from_ref(&file.id)).await?;
        }
        Ok(file)
    }

    async fn remove_earlier(&self, caller: &Caller, collection: &KnowledgeId, new: &File, url: &str) -> Result<(), Error> {
        let (members, _) = self.knowledge.files(caller, collection, &Default::default()).await?;
        let same = |file: &&File| file.id != new.id && file.metadata.get("source").and_then(Value::as_str) == Some(url);
        for earlier in members.iter().filter(same) {
            self.knowledge.remove(caller, collection, &earlier.id, true).await?;
        }
        Ok(())
    }
}

/// The last part of the address that says something.
fn name(page: &Page) -> String {
    let last = page.url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty())).unwrap_or_default();
    if last.is_empty() { page.url.host_str().unwrap_or("page").to_owned() } else { last.to_owned() }
}

fn content_type(page: &Page) -> String {
    match (&page.media_type, &page.charset) {
        (Some(media_type), Some(charset)) => format!("{media_type}; charset={charset}"),
        (Some(media_type), None) => media_type.clone(),
        (None, _) => String::new(),
    }
}

fn unfetched(error: FetchError) -> Error {
    match error {
        FetchError::TooLarge { .. } => Error::TooLarge(error.to_string()),
        FetchError::Unusable(_) => Error::internal(error),
        _ => Error::Invalid(error.to_string()),
    }
}
