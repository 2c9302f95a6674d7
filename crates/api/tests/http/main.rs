//! The API as clients see it: a real server, real requests. One module a path.
#![allow(clippy::unwrap_used)]

mod common;

mod api_keys;
mod auths;
mod credentials;
mod groups;
mod system;
mod users;
