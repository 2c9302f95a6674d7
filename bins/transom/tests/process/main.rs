//! The server as a process of its own: how it starts, stops, is killed and comes back, and what its settings and its upstreams do to it.
//!
//! Every test has a folder of its own and a scripted upstream on the loopback, and waits for what must happen with a deadline.
#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "what was measured on the way is worth reading")]

mod client;
mod place;

mod accounts;
mod book;
mod changes;
mod connections;
mod crash;
mod doctor;
mod environment;
mod full;
mod functions;
mod hostile;
mod leaving;
mod rounds;
mod settings;
mod start;
mod upstreams;
mod vectors;
