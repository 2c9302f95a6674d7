//! [`VectorStore`](transom_vector::VectorStore) on LanceDB.
//!
//! [`LanceStore`] keeps one table for each space, in a folder (or whatever else LanceDB takes as an address). A table's
//! name is a digest of the space, and what it is a digest of stands in the table's schema. A search looks at every
//! vector of the files it names, so it is exact; the files are found by an index once a table is large.
//!
//! One process has the folder to itself. Inside it, one write runs at a time and reads run beside it: LanceDB writes
//! a new version each time, and old ones go when [`optimize`](transom_vector::VectorStore::optimize) finds that no
//! search can still be reading them.
//!
//! What cannot be read comes back as [`Damaged`](transom_vector::VectorError::Damaged): the caller drops the space and
//! makes it again, for vectors are a cache.

mod config;
mod error;
mod read;
mod rows;
mod store;
mod tables;
mod tidy;
mod write;

#[cfg(test)]
mod tests;

pub use config::LanceConfig;
pub use store::LanceStore;
