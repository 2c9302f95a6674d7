//! The HTTP API: handlers, requests and responses, the one error mapping.
//!
//! [`configure`] mounts every route on any actix-web application that holds a `web::Data<transom_app::App>`.
//! [`description`] describes them all in OpenAPI, from the same table and the handlers' own types; [`documentation`] serves that.

mod auth_config;
mod body;
mod credentials;
mod description;
mod error;
mod head;
mod params;
mod pictures;
mod relay;
mod reply;
mod routes;
mod server;
mod table;
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
pub mod system;
pub mod users;

pub use credentials::{Admin, SignedIn, Visitor};
pub use description::{description, description_text, documentation};
pub use error::ApiError;
pub use routes::{configure, routes};
pub use server::{REQUEST_ID, RequestSpan, answer, cors, limits, request_log};
