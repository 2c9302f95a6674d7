//! Files, collections, retrieval and the work behind them, on a real database, with bytes and vectors in memory.
#![allow(clippy::unwrap_used)]

mod bounds;
mod files;
mod full;
mod house;
mod hybrid;
mod jobs;
mod knowledge;
mod leases;
mod ranking;
mod repair;
mod retrieval;
