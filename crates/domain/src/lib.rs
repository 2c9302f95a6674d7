//! What everything in Transom talks about: ids, accounts, grants, models, files and knowledge collections.
//!
//! Plain data and the rules that need nothing but data, [`access::permits`] above all.
//! Types are the nouns that people use of the thing ([`Caller`], [`File`], [`Knowledge`], [`Chunk`], [`ModelRecord`]), and ids are types of
//! their own, so that one is never taken for another. Times are seconds since 1970. The only errors are of reading a word: an unknown role, say.
//!
//! This crate does no I/O and knows neither HTTP nor SQL.
//!
//! ```
//! use transom_domain::{Caller, Grant, Permission, Principal, Role, UserId, access};
//!
//! let owner = UserId::from("owner");
//! let reader = Caller::new(UserId::from("reader"), Role::User);
//! let grants = [Grant { principal: Principal::User(reader.id.clone()), permission: Permission::Read }];
//! assert!(access::permits(&reader, &owner, &grants, Permission::Read));
//! assert!(!access::permits(&reader, &owner, &grants, Permission::Write));
//! ```

pub mod access;
mod account;
mod chunk;
mod file;
mod function;
mod ids;
mod knowledge;
mod model;
mod permissions;
mod time;

pub use access::{Grant, Permission, Principal};
pub use account::{Caller, Group, NewUser, Role, UnknownRole, User};
pub use chunk::{Chunk, ChunkId, Fingerprint, Page, Text};
pub use file::{File, FileStatus, NewFile};
pub use function::{FunctionRecord, FunctionSnapshot, FunctionVersion};
pub use ids::{ConnectionId, FileId, FunctionId, GroupId, JobId, KnowledgeId, ModelId, UserId, VersionId, WorkerId};
pub use knowledge::Knowledge;
pub use model::ModelRecord;
pub use permissions::Permissions;
pub use time::{Timestamp, now};
