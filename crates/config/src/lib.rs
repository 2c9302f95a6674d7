//! Boot settings: reads environment variables into plain structs.
//!
//! [`VARIABLES`] is the one list of what can be set: names, defaults, what is allowed, and a sentence each.
//! Reading, `transom serve --help` and the page `docs/src/configuration.md` all come from it.
//! [`Config::from_vars`] reads every variable before it answers, so [`Problems`] holds everything that is wrong, not the first alone.
//! A variable that is set to nothing counts as unset.
//! One that has no effect is a [`Notice`], or a problem where somebody may rely on what it does elsewhere.
//!
//! Names are Open WebUI's where the meaning is the same; what it has no name for begins with `TRANSOM_`.
//! Only the binary uses this crate: it hands each part of [`Config`] to the crate that needs it.
//! This crate opens no file and no connection, and no secret is ever part of a message.
//!
//! [`Problems`] is the one error: a sentence a line, each naming the variable and what it may be.
//!
//! ```
//! use transom_config::Config;
//!
//! let vars = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect::<Vec<_>>();
//!
//! let config = Config::from_vars(vars(&[("PORT", "8080")])).unwrap();
//! assert_eq!(config.server.port, 8080);
//!
//! let problems = Config::from_vars(vars(&[("PORT", "http"), ("RAG_TOP_K", "many")])).unwrap_err();
//! assert_eq!(problems.to_string().lines().count(), 2);
//! ```

mod check;
mod config;
mod connections;
mod duration;
mod help;
mod notice;
mod read;
mod reader;
mod refused;
mod secret;
mod variable;
mod variables;

pub use config::{
    Accounts, ApiKeys, AzureSettings, Config, Connection, ConnectionSettings, Connections, Cookies, Database, DefaultRole, Embedding,
    EmbeddingEngine, Environment, Extraction, Files, FirstAdmin, Log, LogFormat, LogLevel, Origins, PasswordRule, Prefixes, Reranker,
    Retrieval, SameSite, Server, SplitBy, Splitting, Upstreams,
};
pub use help::{as_markdown, as_text};
pub use notice::{Notice, reference_variables};
pub use reader::{Problem, Problems};
pub use variable::{Kind, Variable};
pub use variables::{BUILT_IN_EMBEDDING_MODEL, USER_PERMISSIONS, VARIABLES};
