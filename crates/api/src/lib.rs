//! The HTTP API: handlers, requests and responses, the one mapping of errors to statuses.
//!
//! [`configure`] mounts every route over a [`transom_app::App`]; [`cors`], [`answer`], [`deadlines`], [`request_log`] and [`limits`] are what
//! the server puts around them. [`bind`] listens with limits on connections. [`gateway`] mounts those alone that reach models, in an application with accounts of its own; its page has an example
//! that runs.
//! [`description`] describes every route in OpenAPI, from the same table and the handlers' own types; [`documentation`] serves that.
//!
//! A handler extracts who calls ([`SignedIn`], [`Admin`]) and what is asked, calls one use case of `transom_app` and writes what comes
//! back. Credentials are judged before anything of a body is read.
//! What goes wrong becomes an [`ApiError`]: a status and `{"detail": …}`, the words fit for the client, the rest in the log.
//! Where OpenAI's, Anthropic's or Ollama's clients ask, the body holds the error in their shape too.
//!
//! ```
//! use actix_web::ResponseError;
//! use transom_api::ApiError;
//!
//! let error = ApiError::from(transom_app::Error::NotFound("there is no such file".to_owned()));
//! assert_eq!(error.status_code(), 404);
//! assert_eq!(error.to_string(), r#"404 Not Found: "there is no such file""#);
//! ```
//!
//! It knows no SQL, no vector store and no upstream: what it needs of them is behind `transom_app`.

mod auth_config;
mod body;
mod connection;
mod credentials;
mod description;
mod error;
mod gateway;
mod head;
mod model_call;
mod params;
mod parts;
mod pictures;
mod public;
mod relay;
mod reply;
mod routes;
mod server;
mod shape;
mod table;
mod unchanged;
mod user_shapes;

pub mod accounts;
pub mod chat;
pub mod files;
pub mod functions;
pub mod groups;
pub mod knowledge;
pub mod models;
pub mod ollama;
pub mod openai;
pub mod retrieval;
pub mod status;
pub mod system;
pub mod users;

pub use connection::{ConnectionLimits, bind, deadlines};
pub use credentials::{Admin, AdminInSession, InSession, SignedIn, Visitor};
pub use description::{description, description_text, documentation};
pub use error::ApiError;
pub use gateway::gateway;
pub use routes::{configure, routes};
pub use server::{REQUEST_ID, RequestSpan, answer, cors, limits, request_log};
