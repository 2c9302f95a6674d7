//! Accounts, keys, files, knowledge, models, settings and jobs in SQLite or PostgreSQL.
//!
//! Every read and write of a user's thing takes the [`transom_domain::Caller`] and touches only what that caller may see or change.
//! What workers and start-up need without a caller is in [`jobs`] and nowhere else.
//! The rows are the truth: what a call acknowledged is committed.

mod accounts;
mod error;
mod files;
mod groups;
pub mod jobs;
mod knowledge;
mod models;
mod settings;

pub use accounts::{ApiKeyRow, Credentials, Direction, Principal, UserOrder, UserPatch, UserQuery};
pub use error::StoreError;
pub use files::{FileOrder, FileQuery};
pub use groups::{GroupPatch, NewGroup};
pub use knowledge::{KnowledgeQuery, KnowledgeView, NewKnowledge};
pub use models::NewModelRecord;

/// The database.
#[derive(Clone, Debug)]
pub struct Store {}

/// Where the database is and how it is used.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `sqlite:///absolute/path/transom.db` (also `sqlite::memory:`) or `postgresql://user:password@host/name`.
    pub url: String,
    /// Connections at most.
    pub pool_size: u32,
}

impl Store {
    /// Connects, makes the database where it is missing, and brings its schema up to date.
    pub async fn open(_config: &StoreConfig) -> Result<Self, StoreError> {
        todo!()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }
}
