//! The rows as the tables hold them; `migrations` says what each column is for.

pub mod account;
pub mod api_key;
pub mod file;
pub mod file_text;
pub mod function;
pub mod function_version;
pub mod grant;
pub mod group;
pub mod job;
pub mod knowledge;
pub mod knowledge_file;
pub mod member;
pub mod model;
pub mod revoked_token;
pub mod setting;
