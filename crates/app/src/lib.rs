//! The use cases of Transom, one module a resource. No HTTP, no SQL: ports and rows in, plain data out.

mod error;

pub use error::Error;
