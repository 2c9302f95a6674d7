//! The database schema, one purpose a file.
//!
//! [`Migrator`] holds the steps in their order. They run forward only, each in a transaction of its own; the store runs those that are missing
//! when it opens a database, SQLite or PostgreSQL. A step that landed is never changed: old data is carried along by a new one.
//!
//! ```
//! use transom_migrations::{Migrator, MigratorTrait};
//!
//! let names: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
//! assert!(names.is_sorted() && names[0] == "m0001_accounts");
//! ```
//!
//! It knows no rows: what is in the tables is the store's business. A step that fails is sea-orm's own error, and its transaction is undone.

use sea_orm_migration::{MigrationTrait, async_trait};

pub use sea_orm_migration::MigratorTrait;

mod m0001_accounts;
mod m0002_api_keys;
mod m0003_groups;
mod m0004_grants;
mod m0005_files;
mod m0006_knowledge;
mod m0007_models;
mod m0008_settings;
mod m0009_jobs;
mod m0020_functions;
mod m0021_function_versions;
mod m0030_file_languages;
mod m0040_job_turns;
mod m0050_link_adders;
mod m0051_profiles;
mod m0080_job_owner;
mod m0090_file_pages;

/// Brings a database's schema up to date.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_api_keys::Migration),
            Box::new(m0003_groups::Migration),
            Box::new(m0004_grants::Migration),
            Box::new(m0005_files::Migration),
            Box::new(m0006_knowledge::Migration),
            Box::new(m0007_models::Migration),
            Box::new(m0008_settings::Migration),
            Box::new(m0009_jobs::Migration),
            Box::new(m0020_functions::Migration),
            Box::new(m0021_function_versions::Migration),
            Box::new(m0030_file_languages::Migration),
            Box::new(m0040_job_turns::Migration),
            Box::new(m0050_link_adders::Migration),
            Box::new(m0051_profiles::Migration),
            Box::new(m0080_job_owner::Migration),
            Box::new(m0090_file_pages::Migration),
        ]
    }
}
