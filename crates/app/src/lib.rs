//! The use cases of Transom, one module a resource. No HTTP, no SQL: ports and rows in, plain data out.
//!
//! [`App`] holds one service a resource, as the API uses them: accounts and groups, the catalogue of models, chat, functions, files, what
//! becomes a file without being uploaded, collections, passages. Every method that touches a user's thing takes the
//! [`Caller`](transom_domain::Caller); what the caller may not see answers like what is not there.
//! [`Gateway`] is the part that reaches models, which stands without accounts, documents and a database.
//! Work in the background is in [`jobs`]: a pipeline, workers that lease from a queue of rows, and what puts right what a crash left;
//! [`background`] restarts tasks that panic.
//!
//! [`Error`] is the one error, sorted by what the caller can do about it; its words are fit for a client, and what is not goes to the log.
//!
//! ```
//! use std::sync::Arc;
//!
//! use transom_app::Gateway;
//! use transom_app::chat::{Reply, Road};
//! use transom_app::models::Connection;
//! use transom_domain::{Caller, Role};
//! use transom_llm::{Body, RequestHead};
//! # use transom_llm::testkit::FakeModel;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Any `ChatModel`: an upstream's adapter, or one of your own.
//! let parrot = Arc::new(FakeModel::new("parrot", &["grey"]).says(&["Pieces of eight"]));
//! let gateway = Gateway::open(vec![Connection::own(0, parrot)]);
//!
//! let visitor = Caller::new("visitor".into(), Role::User);
//! let call = br#"{"model": "grey", "messages": [{"role": "user", "content": "Say something"}]}"#;
//! let answer = gateway.chat.complete(&visitor, Body::parse(call.as_slice().into())?, Road::Api, RequestHead::default).await?;
//! let Reply::Whole(json) = answer else { return Err("no stream was asked for".into()) };
//! assert!(String::from_utf8_lossy(&json).contains("Pieces of eight"));
//! # Ok(())
//! # }
//! ```
//!
//! It knows the ports (`transom-llm`, `transom-vector`, `transom-ingest`'s `Reader`) and no adapter: whoever composes a server chooses those.

pub mod accounts;
pub mod background;
pub mod chat;
mod distinct;
mod error;
pub mod files;
pub mod functions;
mod gateway;
pub mod groups;
pub mod intake;
pub mod jobs;
pub mod knowledge;
pub mod models;
pub mod retrieval;
pub mod settings;
mod sharing;
pub mod status;

pub use error::Error;
pub use gateway::Gateway;

/// The services, as the API uses them.
pub struct App {
    /// What `/api/config` and `/api/version` say of the server.
    pub about: About,
    /// Accounts, sessions, API keys and permissions.
    pub accounts: accounts::Accounts,
    /// Groups of accounts.
    pub groups: groups::Groups,
    /// The model catalogue and model records.
    pub models: models::Models,
    /// Chat and embeddings calls, and the upstreams' own APIs.
    pub chat: chat::Chat,
    /// Functions: pipes and filters.
    pub functions: functions::Functions,
    /// Uploaded files.
    pub files: files::Files,
    /// Texts and web pages that become files.
    pub intake: intake::Intake,
    /// Knowledge collections.
    pub knowledge: knowledge::KnowledgeBases,
    /// Passages for questions.
    pub retrieval: retrieval::Retrieval,
    /// How the server itself is.
    pub status: status::Status,
}

impl App {
    /// The part of it that reaches models. Shares everything with it.
    pub fn gateway(&self) -> Gateway {
        Gateway { models: self.models.clone(), chat: self.chat.clone() }
    }

    /// Whether requests can be served; else a sentence about what is missing.
    pub async fn ready(&self) -> Result<(), Error> {
        self.accounts.ping().await
    }
}

/// What the server says of itself.
#[derive(Clone, Debug)]
pub struct About {
    /// `WEBUI_NAME`.
    pub name: String,
    /// The version of the API that is spoken.
    pub version: String,
}
