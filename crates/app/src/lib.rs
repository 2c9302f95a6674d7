//! The use cases of Transom, one module a resource. No HTTP, no SQL: ports and rows in, plain data out.
//!
//! [`App`] holds one service a resource. Every method that touches a user's thing takes the [`transom_domain::Caller`].

pub mod accounts;
pub mod chat;
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
