//! The API as clients see it: a real server, real requests. One module a path.
#![allow(clippy::unwrap_used)]

mod common;

mod api_keys;
mod auths;
mod bodies;
mod catalogue;
mod chat;
mod connections;
mod contained_keys;
mod credentials;
mod deadlines;
mod description;
mod fields;
mod filters;
mod function_access;
mod functions;
mod gateway;
mod groups;
mod http_1_0;
mod models;
mod never_passed_on;
mod ollama_proxy;
mod openai_forms;
mod openai_proxy;
mod payloads;
mod permissions;
mod profiles;
mod promises;
mod reachability;
mod record_changes;
mod records;
mod refusals;
mod routing;
mod status;
mod system;
mod upstreams;
mod users;
mod valves;
