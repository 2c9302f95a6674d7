//! Files, collections and retrieval over HTTP: a real server on the loopback, a real database, bytes and vectors in memory.
#![allow(clippy::unwrap_used)]

mod chat;
mod files;
mod house;
mod intake;
mod knowledge;
mod retrieval;
mod settings;
mod shared;
mod uploads;
#[path = "../http/upstreams.rs"]
mod upstreams;
