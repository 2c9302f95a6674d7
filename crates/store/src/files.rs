//! Uploaded files: rows and extracted text.
//!
//! A caller reads a file that is its own, or that is in a collection it may read; it changes its own, or one in a collection it may write;
//! administrators read and change all.

use transom_domain::{Caller, File, FileId, NewFile, Permission, Text};

use crate::{Direction, Store, StoreError};

/// What files can be ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileOrder {
    /// When they were uploaded.
    #[default]
    CreatedAt,
    /// When they were changed.
    UpdatedAt,
    /// By name.
    Name,
}

/// Which files to list.
#[derive(Clone, Debug, Default)]
pub struct FileQuery {
    /// A pattern for the name: `*` any text, `?` one character; case-insensitive. `None` for all.
    pub name: Option<String>,
    /// Only the caller's own, also for administrators.
    pub own: bool,
    /// Order.
    pub order: FileOrder,
    /// Direction.
    pub direction: Direction,
    /// How many to pass over.
    pub skip: u64,
    /// How many at most; `None` for all.
    pub limit: Option<u64>,
}

impl Store {
    /// Makes a file row of the caller's; with `process`, its job in the same transaction.
    pub async fn create_file(&self, _caller: &Caller, _new: NewFile, _process: bool) -> Result<File, StoreError> {
        todo!()
    }

    /// A file that the caller may read, or change.
    pub async fn file(&self, _caller: &Caller, _id: &FileId, _needed: Permission) -> Result<Option<File>, StoreError> {
        todo!()
    }

    /// The files that are the caller's (all, for administrators), and how many the query has without skip and limit.
    pub async fn list_files(&self, _caller: &Caller, _query: &FileQuery) -> Result<(Vec<File>, u64), StoreError> {
        todo!()
    }

    /// The extracted text of a file that the caller may read; `None` where the file or its text is missing.
    pub async fn file_text(&self, _caller: &Caller, _id: &FileId) -> Result<Option<Text>, StoreError> {
        todo!()
    }

    /// The extracted texts of files that the caller may read, by id; for lists.
    pub async fn file_texts(&self, _caller: &Caller, _ids: &[FileId]) -> Result<std::collections::HashMap<FileId, String>, StoreError> {
        todo!()
    }

    /// Replaces the text of a file that the caller may change, and leaves a job to index it again. Its status becomes pending.
    pub async fn replace_file_text(&self, _caller: &Caller, _id: &FileId, _text: &Text) -> Result<Option<File>, StoreError> {
        todo!()
    }

    /// Renames a file that the caller may change.
    pub async fn rename_file(&self, _caller: &Caller, _id: &FileId, _name: &str) -> Result<Option<File>, StoreError> {
        todo!()
    }

    /// Leaves a job to extract and index a file that the caller may change (again). Its status becomes pending.
    pub async fn process_file(&self, _caller: &Caller, _id: &FileId) -> Result<Option<File>, StoreError> {
        todo!()
    }

    /// Deletes a file that the caller may change: row, text, memberships and waiting jobs, and leaves a job to erase bytes and vectors.
    pub async fn delete_file(&self, _caller: &Caller, _id: &FileId) -> Result<bool, StoreError> {
        todo!()
    }

    /// The same for every file there is; nothing unless the caller is an administrator. How many.
    pub async fn delete_all_files(&self, _caller: &Caller) -> Result<u64, StoreError> {
        todo!()
    }
}
