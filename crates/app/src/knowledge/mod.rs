//! Knowledge collections: named sets of files, shared by grants.
//!
//! A file in a collection is a row and nothing more: adding it embeds nothing, taking it out erases nothing.

use std::collections::HashMap;

use serde_json::Value;
use transom_domain::{Caller, File, FileId, Grant, Knowledge, KnowledgeId, Permission, User, UserId, access};
use transom_store::{FileQuery, NewKnowledge, Store};
pub use transom_store::{KnowledgeOrder, KnowledgeQuery, KnowledgeView, Whose};

use crate::Error;
use crate::distinct::distinct;
use crate::files::{Files, readable};
use crate::sharing::{self, Shared};

/// Files at most that one request puts into a collection.
pub(crate) const MOST_AT_ONCE: usize = 10_000;

/// Knowledge collections. Cheap to clone.
#[derive(Clone)]
pub struct KnowledgeBases {
    store: Store,
    files: Files,
}

/// What a client says of a collection.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// Its name; must not be blank.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// Free facts.
    pub meta: Option<Value>,
    /// Who else; `None` leaves them.
    pub access_grants: Option<Vec<Grant>>,
}

/// A collection in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The collection and whether the caller may change it.
    pub view: KnowledgeView,
    /// Whose it is, where that account is still there.
    pub owner: Option<User>,
    /// How many files are in it.
    pub file_count: u64,
}

/// A collection with its files.
#[derive(Clone, Debug)]
pub struct WithFiles {
    /// The collection and whether the caller may change it.
    pub view: KnowledgeView,
    /// The files in it.
    pub files: Vec<File>,
}

impl KnowledgeBases {
    /// Collections in `store` of files in `files`.
    pub fn new(store: Store, files: Files) -> Self {
        Self { store, files }
    }

    /// Makes a collection of the caller's.
    pub async fn create(&self, caller: &Caller, described: Described) -> Result<Knowledge, Error> {
        if !caller.may("workspace.knowledge") {
            return Err(Error::WrongRole);
        }
        sharing::check(caller, Shared::Knowledge, described.access_grants.as_deref().unwrap_or_default(), &[])?;
        Ok(self.store.create_knowledge(caller, described.checked()?).await?)
    }

    /// A collection that the caller may see.
    pub async fn get(&self, caller: &Caller, id: &KnowledgeId) -> Result<KnowledgeView, Error> {
        self.store.knowledge(caller, id, Permission::Read).await?.ok_or_else(|| missing(id))
    }

    /// The collections that the caller may see.
    pub async fn list(&self, caller: &Caller, query: &KnowledgeQuery) -> Result<(Vec<Listed>, u64), Error> {
        let (views, total) = self.store.list_knowledge(caller, query).await?;
        let owners = self.owners(views.iter().map(|view| view.knowledge.user_id.clone())).await?;
        let mut listed = Vec::with_capacity(views.len());
        for view in views {
            let none = FileQuery { limit: Some(0), ..FileQuery::default() };
            let file_count = self.store.knowledge_files(caller, &view.knowledge.id, &none).await?.map_or(0, |(_, total)| total);
            listed.push(Listed { owner: owners.get(&view.knowledge.user_id).cloned(), file_count, view });
        }
        Ok((listed, total))
    }

    /// Changes a collection that the caller may change; its files are named in the answer, also where the caller gave up its own access.
    pub async fn update(&self, caller: &Caller, id: &KnowledgeId, described: Described) -> Result<WithFiles, Error> {
        let view = self.writable(caller, id).await?;
        let grants = described.access_grants.as_deref().unwrap_or_default();
        sharing::check(caller, Shared::Knowledge, grants, &view.knowledge.access_grants)?;
        let (files, _) = self.files(caller, id, &FileQuery::default()).await?;
        let changed = self.store.update_knowledge(caller, id, described.checked()?).await?.ok_or_else(|| missing(id))?;
        Ok(WithFiles { view: view_of(caller, changed), files })
    }

    /// Replaces the grants of a collection that the caller may change.
    pub async fn share(&self, caller: &Caller, id: &KnowledgeId, grants: Vec<Grant>) -> Result<WithFiles, Error> {
        let view = self.writable(caller, id).await?;
        sharing::check(caller, Shared::Knowledge, &grants, &view.knowledge.access_grants)?;
        let (files, _) = self.files(caller, id, &FileQuery::default()).await?;
        let changed = self.store.set_knowledge_grants(caller, id, &grants).await?.ok_or_else(|| missing(id))?;
        Ok(WithFiles { view: view_of(caller, changed), files })
    }

    /// Deletes a collection that the caller may change. Its files stay.
    pub async fn delete(&self, caller: &Caller, id: &KnowledgeId) -> Result<(), Error> {
        self.writable(caller, id).await?;
        if self.store.delete_knowledge(caller, id).await? { Ok(()) } else { Err(missing(id)) }
    }

    /// Takes all files out of a collection that the caller may change. The files stay.
    pub async fn reset(&self, caller: &Caller, id: &KnowledgeId) -> Result<Knowledge, Error> {
        self.writable(caller, id).await?;
        self.store.reset_knowledge(caller, id).await?.ok_or_else(|| missing(id))
    }

    /// The files in a collection that the caller may see, and how many the query has.
    pub async fn files(&self, caller: &Caller, id: &KnowledgeId, query: &FileQuery) -> Result<(Vec<File>, u64), Error> {
        self.store.knowledge_files(caller, id, query).await?.ok_or_else(|| missing(id))
    }

    /// Puts files that the caller may change into a collection that it may change: all of them or none.
    /// Files that are still being processed are waited for.
    pub async fn add(&self, caller: &Caller, id: &KnowledgeId, files: &[FileId]) -> Result<WithFiles, Error> {
        self.writable(caller, id).await?;
        let files = &distinct(files, MOST_AT_ONCE, "files")?;
        for file in files {
            self.files.get(caller, file).await?;
            if self.store.file(caller, file, Permission::Write).await?.is_none() {
                return Err(not_to_share(file));
            }
        }
        for file in files {
            readable(&self.files.wait(caller, file).await?)?;
        }
        if !self.store.add_to_knowledge(caller, id, files).await? {
            return Err(Error::Forbidden(format!(
                "one of the files could not be put into collection {id}: it is gone, or your right to it cannot be passed on"
            )));
        }
        self.with_files(caller, id).await
    }

    /// Indexes a file of a collection again, from the text that is kept of it. The caller may change both.
    pub async fn refresh(&self, caller: &Caller, id: &KnowledgeId, file: &FileId) -> Result<WithFiles, Error> {
        self.writable(caller, id).await?;
        if !self.with_files(caller, id).await?.files.iter().any(|member| member.id == *file) {
            return Err(Error::NotFound(format!("could not find file {file} in collection {id}")));
        }
        readable(&self.files.index(caller, file).await?)?;
        self.with_files(caller, id).await
    }

    /// Takes a file out of a collection that the caller may change.
    ///
    /// With `delete`, as Open WebUI has it by default, the file itself goes too where it is the caller's own (or the caller an
    /// administrator); a file that somebody else put into a shared collection is never deleted by this.
    pub async fn remove(&self, caller: &Caller, id: &KnowledgeId, file: &FileId, delete: bool) -> Result<WithFiles, Error> {
        self.writable(caller, id).await?;
        // What the collection no longer opens to the caller can still be taken out of it.
        let found = self.store.file(caller, file, Permission::Read).await?;
        if !self.store.remove_from_knowledge(caller, id, file).await? {
            return Err(Error::NotFound(format!("could not find file {file} in collection {id}")));
        }
        if delete && found.is_some_and(|found| found.user_id == caller.id || caller.is_admin()) {
            self.files.delete(caller, file).await?;
        }
        self.with_files(caller, id).await
    }

    /// Deletes every collection there is; the files stay. Administrators only.
    pub async fn delete_all(&self, caller: &Caller) -> Result<(), Error> {
        if !caller.is_admin() {
            return Err(Error::WrongRole);
        }
        Ok(self.store.delete_all_knowledge(caller).await?)
    }

    /// The accounts of `ids`, by id.
    pub async fn owners(&self, ids: impl Iterator<Item = UserId>) -> Result<HashMap<UserId, User>, Error> {
        let mut ids: Vec<UserId> = ids.collect();
        ids.sort();
        ids.dedup();
        Ok(self.store.users_by_id(&ids).await?.into_iter().map(|user| (user.id.clone(), user)).collect())
    }

    async fn with_files(&self, caller: &Caller, id: &KnowledgeId) -> Result<WithFiles, Error> {
        let view = self.get(caller, id).await?;
        let (files, _) = self.files(caller, id, &FileQuery::default()).await?;
        Ok(WithFiles { view, files })
    }

    /// What the caller may not see is missing; what it may see but not change is refused.
    pub async fn writable(&self, caller: &Caller, id: &KnowledgeId) -> Result<KnowledgeView, Error> {
        let view = self.get(caller, id).await?;
        if view.write_access {
            return Ok(view);
        }
        Err(Error::Forbidden(format!("you may ask collection {id} but not change it")))
    }
}

impl Described {
    fn checked(self) -> Result<NewKnowledge, Error> {
        if self.name.trim().is_empty() {
            return Err(Error::Invalid("a collection needs a name".to_owned()));
        }
        Ok(NewKnowledge { name: self.name, description: self.description, meta: self.meta, access_grants: self.access_grants })
    }
}

/// A collection as its change left it, which may have taken the caller's own access away.
fn view_of(caller: &Caller, knowledge: Knowledge) -> KnowledgeView {
    let write_access = access::permits(caller, &knowledge.user_id, &knowledge.access_grants, Permission::Write);
    KnowledgeView { knowledge, write_access }
}

fn not_to_share(file: &FileId) -> Error {
    Error::Forbidden(format!("you may read file {file} but not put it into a collection, which would share it with others"))
}

fn missing(id: &KnowledgeId) -> Error {
    Error::NotFound(format!("could not find collection {id}"))
}
