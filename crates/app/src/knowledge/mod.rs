//! Knowledge collections: named sets of files, shared by grants.
//!
//! A file in a collection is a row and nothing more: adding it embeds nothing, taking it out erases nothing.

use std::collections::HashMap;

use serde_json::Value;
use transom_domain::{Caller, File, FileId, Grant, Knowledge, KnowledgeId, Permission, Principal, User, UserId};
use transom_store::{FileQuery, NewKnowledge, Store};
pub use transom_store::{KnowledgeQuery, KnowledgeView};

use crate::Error;
use crate::distinct::distinct;
use crate::files::{Files, readable};

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
        check_public(caller, described.access_grants.as_deref(), &[])?;
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

    /// Changes a collection that the caller may change; its files are named in the answer.
    pub async fn update(&self, caller: &Caller, id: &KnowledgeId, described: Described) -> Result<WithFiles, Error> {
        let view = self.writable(caller, id).await?;
        check_public(caller, described.access_grants.as_deref(), &view.knowledge.access_grants)?;
        self.store.update_knowledge(caller, id, described.checked()?).await?.ok_or_else(|| missing(id))?;
        self.with_files(caller, id).await
    }

    /// Replaces the grants of a collection that the caller may change.
    pub async fn share(&self, caller: &Caller, id: &KnowledgeId, grants: Vec<Grant>) -> Result<WithFiles, Error> {
        let Knowledge { name, description, .. } = self.writable(caller, id).await?.knowledge;
        self.update(caller, id, Described { name, description, meta: None, access_grants: Some(grants) }).await
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

    /// Puts files that the caller may see into a collection that it may change: all of them or none.
    /// Files that are still being processed are waited for.
    pub async fn add(&self, caller: &Caller, id: &KnowledgeId, files: &[FileId]) -> Result<WithFiles, Error> {
        self.writable(caller, id).await?;
        let files = &distinct(files, MOST_AT_ONCE, "files")?;
        for file in files {
            self.files.get(caller, file).await?;
        }
        for file in files {
            readable(&self.files.wait(caller, file).await?)?;
        }
        if !self.store.add_to_knowledge(caller, id, files).await? {
            return Err(Error::NotFound(format!("could not find collection {id}, or one of the files to add")));
        }
        self.with_files(caller, id).await
    }

    /// Reads a file of a collection once more. The caller may change both.
    pub async fn refresh(&self, caller: &Caller, id: &KnowledgeId, file: &FileId) -> Result<WithFiles, Error> {
        self.writable(caller, id).await?;
        if !self.with_files(caller, id).await?.files.iter().any(|member| member.id == *file) {
            return Err(Error::NotFound(format!("could not find file {file} in collection {id}")));
        }
        readable(&self.files.process(caller, file).await?)?;
        self.with_files(caller, id).await
    }

    /// Takes a file out of a collection that the caller may change.
    ///
    /// With `delete`, as Open WebUI has it by default, the file itself goes too where it is the caller's own (or the caller an
    /// administrator); a file that somebody else put into a shared collection is never deleted by this.
    pub async fn remove(&self, caller: &Caller, id: &KnowledgeId, file: &FileId, delete: bool) -> Result<WithFiles, Error> {
        self.writable(caller, id).await?;
        let found = self.files.get(caller, file).await?;
        if !self.store.remove_from_knowledge(caller, id, file).await? {
            return Err(Error::NotFound(format!("could not find file {file} in collection {id}")));
        }
        if delete && (found.user_id == caller.id || caller.is_admin()) {
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
    pub(crate) async fn writable(&self, caller: &Caller, id: &KnowledgeId) -> Result<KnowledgeView, Error> {
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

/// Opening a collection to everyone needs a permission of its own; leaving it open does not.
fn check_public(caller: &Caller, new: Option<&[Grant]>, old: &[Grant]) -> Result<(), Error> {
    let opens = |grant: &&Grant| matches!(&grant.principal, Principal::User(id) if id.as_str() == Grant::EVERYONE);
    let newly = new.unwrap_or_default().iter().filter(opens).any(|grant| !old.contains(grant));
    if newly && !caller.may("sharing.public_knowledge") {
        return Err(Error::Forbidden("your account may not share collections with everyone; ask your administrator".to_owned()));
    }
    Ok(())
}

fn missing(id: &KnowledgeId) -> Error {
    Error::NotFound(format!("could not find collection {id}"))
}
