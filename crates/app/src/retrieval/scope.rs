//! What a request attaches, resolved for one caller.

use std::collections::HashMap;

use serde_json::{Map, Value};
use transom_domain::{Caller, File, FileId, KnowledgeId, Permission};
use transom_store::FileQuery;

use super::Retrieval;
use crate::Error;
use crate::distinct::distinct;

/// Attachments of one request at most. Each is searched by itself.
const MOST_ATTACHMENTS: usize = 200;
/// How a file's own collection is named.
const FILE_PREFIX: &str = "file-";
/// What clients send along with an attachment that has no place in an answer.
const LEFT_OUT: [&str; 5] = ["file", "files", "docs", "content", "data"];

/// Attachments, all of them visible to the caller they were resolved for.
#[derive(Clone, Debug)]
pub struct Scope {
    pub(super) caller: Caller,
    pub(super) attachments: Vec<Attachment>,
}

#[derive(Clone, Debug)]
pub(super) struct Attachment {
    /// As the answer shows it.
    pub(super) source: Map<String, Value>,
    pub(super) files: Vec<File>,
    /// Whether it is one file rather than a collection: then a file without text is an error, not a gap.
    pub(super) single: bool,
    /// Whether its whole text is wanted.
    pub(super) full: bool,
}

/// What an attachment means, whatever way it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reference<'a> {
    File(&'a str),
    Collection(&'a str),
}

impl Scope {
    /// Whether nothing was attached.
    pub fn is_empty(&self) -> bool {
        self.attachments.is_empty()
    }
}

impl Retrieval {
    /// Resolves the `files` of a chat request for the caller.
    ///
    /// `{"type": "file", "id"}` and `{"type": "collection", "id"}` are understood, with `collection_name` in place of `id`,
    /// and a collection named `file-ID` is that file. `"context": "full"` asks for whole texts. What is named several times is one
    /// attachment, as its first mention says; its whole text is wanted where any of them says so.
    ///
    /// # Errors
    /// [`Error::NotFound`] naming the id of what is missing or not visible to the caller; [`Error::Invalid`] for anything else.
    pub async fn resolve(&self, caller: &Caller, files: &[Value]) -> Result<Scope, Error> {
        let mut mentioned: Vec<Reference<'_>> = Vec::with_capacity(files.len());
        let mut known: HashMap<Reference<'_>, (&Map<String, Value>, bool)> = HashMap::new();
        for item in files {
            let Value::Object(item) = item else {
                return Err(Error::Invalid("each entry of `files` is an object with a `type` and an `id`".to_owned()));
            };
            let reference = understand(item)?;
            mentioned.push(reference);
            known.entry(reference).or_insert((item, false)).1 |= item.get("context").and_then(Value::as_str) == Some("full");
        }
        let mut attachments = Vec::with_capacity(known.len());
        for reference in distinct(&mentioned, MOST_ATTACHMENTS, "attachments")? {
            let Some((item, full)) = known.get(&reference) else { continue };
            let attachment = self.attachment(caller, reference, echo(item)).await?;
            attachments.push(Attachment { full: *full, ..attachment });
        }
        Ok(Scope { caller: caller.clone(), attachments })
    }

    /// Resolves collections by name, where `file-ID` is a file's own.
    pub(super) async fn resolve_names(&self, caller: &Caller, names: &[String]) -> Result<Scope, Error> {
        let references: Vec<Reference<'_>> = names.iter().map(|name| collection(name)).collect();
        let mut attachments = Vec::new();
        for reference in distinct(&references, MOST_ATTACHMENTS, "collections")? {
            attachments.push(self.attachment(caller, reference, Map::new()).await?);
        }
        Ok(Scope { caller: caller.clone(), attachments })
    }

    async fn attachment(&self, caller: &Caller, reference: Reference<'_>, mut source: Map<String, Value>) -> Result<Attachment, Error> {
        let (kind, id, name, files) = match reference {
            Reference::File(id) => {
                let file = self.files.get(caller, &FileId::from(id)).await?;
                ("file", id, file.filename.clone(), vec![file])
            }
            Reference::Collection(id) => {
                let missing = || Error::NotFound(format!("could not find collection {id}"));
                let knowledge = KnowledgeId::from(id);
                let view = self.store.knowledge(caller, &knowledge, Permission::Read).await?.ok_or_else(missing)?;
                let all = self.store.knowledge_files(caller, &knowledge, &FileQuery::default()).await?.ok_or_else(missing)?;
                ("collection", id, view.knowledge.name, all.0)
            }
        };
        source.entry("type").or_insert_with(|| kind.into());
        // The id is what was resolved, whatever else the client wrote beside it.
        source.insert("id".to_owned(), id.into());
        source.entry("name").or_insert_with(|| name.into());
        Ok(Attachment { source, files, single: kind == "file", full: false })
    }
}

/// What of an attachment an answer repeats.
fn echo(item: &Map<String, Value>) -> Map<String, Value> {
    item.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn understand(item: &Map<String, Value>) -> Result<Reference<'_>, Error> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("id");
    let named = text("collection_name");
    match text("type") {
        Some("file") => {
            let nested = || item.get("file").and_then(|file| file.get("id")).and_then(Value::as_str);
            let named = || named.and_then(|name| name.strip_prefix(FILE_PREFIX));
            id.or_else(nested).or_else(named).map(Reference::File).ok_or_else(|| without_id("file"))
        }
        Some("collection") => id.or(named).map(collection).ok_or_else(|| without_id("collection")),
        Some(other) => Err(Error::Invalid(format!("attachments of type {other:?} are not supported; these are: file, collection"))),
        None => Err(Error::Invalid("an attachment needs a `type`: file or collection".to_owned())),
    }
}

fn collection(name: &str) -> Reference<'_> {
    name.strip_prefix(FILE_PREFIX).map_or(Reference::Collection(name), Reference::File)
}

fn without_id(kind: &str) -> Error {
    Error::Invalid(format!("an attachment of type {kind:?} needs an `id`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Result<Reference<'_>, Error> {
        understand(value.as_object().expect("an object"))
    }

    #[test]
    fn every_way_of_writing_an_attachment_is_understood() {
        for (value, expected) in [
            (json!({"type": "file", "id": "f"}), Reference::File("f")),
            (json!({"type": "file", "id": "f", "collection_name": "file-other"}), Reference::File("f")),
            (json!({"type": "file", "file": {"id": "f"}}), Reference::File("f")),
            (json!({"type": "file", "collection_name": "file-f"}), Reference::File("f")),
            (json!({"type": "collection", "id": "k"}), Reference::Collection("k")),
            (json!({"type": "collection", "id": "file-f"}), Reference::File("f")),
            (json!({"type": "collection", "collection_name": "k"}), Reference::Collection("k")),
        ] {
            assert_eq!(read(&value).expect("understood"), expected, "{value}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for value in
            [json!({"id": "f"}), json!({"type": "note", "id": "n"}), json!({"type": "file"}), json!({"type": "collection", "id": 7})]
        {
            assert!(matches!(read(&value), Err(Error::Invalid(_))), "{value}");
        }
    }
}
