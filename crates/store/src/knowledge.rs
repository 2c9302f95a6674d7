//! Knowledge collections and which files are in them.

use serde_json::Value;
use transom_domain::{Caller, File, FileId, Grant, Knowledge, KnowledgeId, Permission};

use crate::{FileQuery, Store, StoreError};

/// What a collection is made of, and what an update replaces.
#[derive(Clone, Debug, Default)]
pub struct NewKnowledge {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// Free facts; `None` leaves an update's as they are.
    pub meta: Option<Value>,
    /// Who else; `None` leaves an update's grants as they are, and means nobody else for a new one.
    pub access_grants: Option<Vec<Grant>>,
}

/// A collection as one caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnowledgeView {
    /// The collection.
    pub knowledge: Knowledge,
    /// Whether the caller may change it.
    pub write_access: bool,
}

/// Which collections to list.
#[derive(Clone, Debug, Default)]
pub struct KnowledgeQuery {
    /// Part of the name or description, case-insensitive.
    pub search: Option<String>,
    /// Only those that the caller may change.
    pub writable: bool,
    /// How many to pass over.
    pub skip: u64,
    /// How many at most; `None` for all.
    pub limit: Option<u64>,
}

impl Store {
    /// Makes a collection of the caller's.
    pub async fn create_knowledge(&self, _caller: &Caller, _new: NewKnowledge) -> Result<Knowledge, StoreError> {
        todo!()
    }

    /// A collection that the caller may read, or change.
    pub async fn knowledge(&self, _caller: &Caller, _id: &KnowledgeId, _needed: Permission) -> Result<Option<KnowledgeView>, StoreError> {
        todo!()
    }

    /// The collections that the caller may read, last changed first, and how many there are without skip and limit.
    pub async fn list_knowledge(&self, _caller: &Caller, _query: &KnowledgeQuery) -> Result<(Vec<KnowledgeView>, u64), StoreError> {
        todo!()
    }

    /// Changes a collection that the caller may change.
    pub async fn update_knowledge(&self, _caller: &Caller, _id: &KnowledgeId, _new: NewKnowledge) -> Result<Option<Knowledge>, StoreError> {
        todo!()
    }

    /// Deletes a collection that the caller may change. Its files stay.
    pub async fn delete_knowledge(&self, _caller: &Caller, _id: &KnowledgeId) -> Result<bool, StoreError> {
        todo!()
    }

    /// Takes all files out of a collection that the caller may change.
    pub async fn reset_knowledge(&self, _caller: &Caller, _id: &KnowledgeId) -> Result<Option<Knowledge>, StoreError> {
        todo!()
    }

    /// The files in a collection that the caller may read, and how many there are; `None` where it may not.
    pub async fn knowledge_files(
        &self,
        _caller: &Caller,
        _id: &KnowledgeId,
        _query: &FileQuery,
    ) -> Result<Option<(Vec<File>, u64)>, StoreError> {
        todo!()
    }

    /// Puts a file that the caller may read into a collection that it may change; succeeds where it is in it already.
    /// `false` where the caller may not, or either is missing.
    pub async fn add_to_knowledge(&self, _caller: &Caller, _id: &KnowledgeId, _files: &[FileId]) -> Result<bool, StoreError> {
        todo!()
    }

    /// Takes a file out of a collection that the caller may change; whether it was in it.
    pub async fn remove_from_knowledge(&self, _caller: &Caller, _id: &KnowledgeId, _file: &FileId) -> Result<bool, StoreError> {
        todo!()
    }
}
