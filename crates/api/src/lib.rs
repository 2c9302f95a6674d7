//! The HTTP API: handlers, requests and responses, the one error mapping.

mod error;

pub use error::ApiError;
