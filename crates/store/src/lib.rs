//! Accounts, keys, files, knowledge, models, functions, settings and jobs in SQLite or PostgreSQL.
//!
//! Every read and write of a user's thing takes the [`transom_domain::Caller`] and touches only what that caller may see or change.
//! What workers need without a caller is in [`jobs`]; beside it, start-up reads which functions run and seals values of their settings.
//! The rows are the truth: what a call acknowledged is committed, and in SQLite on the disk.
//!
//! A [`StoreError`] says what the caller can do: choose another name, make room, or look into the log. What is missing, or not the
//! caller's to see, is no error but `None`.
//!
//! It knows neither HTTP nor passwords, and no bytes or vectors: a deleted file leaves a job for whoever keeps those.
//!
//! ```
//! use transom_domain::{Caller, NewUser, Role};
//! use transom_store::{NewKnowledge, Store, StoreConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), transom_store::StoreError> {
//! let store = Store::open(&StoreConfig { url: "sqlite::memory:".to_owned(), pool_size: 1 }).await?;
//! let new = NewUser { email: "ann@example.test".into(), name: "Ann".into(), password_hash: "…".into(), profile_image_url: "".into() };
//! let ann = store.create_user(new, Role::User).await?;
//! let ann = Caller::new(ann.id, ann.role);
//! store.create_knowledge(&ann, NewKnowledge { name: "Manuals".into(), ..NewKnowledge::default() }).await?;
//!
//! let stranger = Caller::new("someone else".into(), Role::User);
//! assert_eq!(store.list_knowledge(&stranger, &Default::default()).await?.1, 0);
//! # Ok(())
//! # }
//! ```

mod access;
mod accounts;
mod census;
mod connect;
mod entity;
mod error;
mod files;
mod function_versions;
mod functions;
mod grants;
mod groups;
pub mod jobs;
mod json;
mod keys;
mod knowledge;
mod leases;
mod links;
mod look;
mod membership;
mod models;
mod profiles;
mod query;
mod queue;
mod sealing;
mod settings;
mod texts;
mod users;

pub use accounts::{Credentials, Principal};
pub use census::Census;
pub use connect::StoreConfig;
pub use error::StoreError;
pub use files::{FileOrder, FileQuery};
pub use functions::{NewFunction, StoredFunction, Switch, SyncedFunction};
pub use groups::{GroupPatch, NewGroup};
pub use keys::ApiKeyRow;
pub use knowledge::{KnowledgeOrder, KnowledgeQuery, KnowledgeView, NewKnowledge};
pub use look::DatabaseState;
pub use models::{ModelRecordChange, NewModelRecord};
pub use profiles::ProfilePatch;
pub use query::{Direction, Whose};
pub use users::{UserOrder, UserPatch, UserQuery};

use sea_orm::DatabaseConnection;

/// The database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    /// Where reads go.
    read: DatabaseConnection,
    /// Where writes go. SQLite has one writer at a time: a pool of one connection makes the others wait in a fair queue.
    write: DatabaseConnection,
}
