//! Files, collections, retrieval and the work behind them, on a real database, with bytes and vectors in memory.
#![allow(clippy::unwrap_used)]

mod files;
mod full;
mod house;
mod hybrid;
mod jobs;
mod knowledge;
mod repair;
mod leases;
mod ranking;
mod retrieval;
