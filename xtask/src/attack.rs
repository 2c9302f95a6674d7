//! An attack on the server: what must be refused, what must not hold it up, and what must not break it.
//!
//! Everything is on the loopback and on a data folder that is thrown away.
//! The operations are those of the server's own description, so that a new route is attacked without a change here.

mod chance;
mod description;
mod fingerprint;
mod health;
mod http;
mod matrix;
mod mutate;
mod pressure;
mod report;
mod rules;
mod server;
mod storm;
mod upstream;
mod victim;

use std::path::PathBuf;

use chance::Chance;
use description::Description;
use matrix::Matrix;
use pressure::Pressure;
use report::Report;
use server::Server;
use upstream::{INTRANET, Upstream};
use victim::Stage;

use crate::run;

/// What can be chosen.
#[derive(clap::Args)]
pub struct Options {
    /// Use a release build of the server
    #[arg(long)]
    release: bool,
    /// Run this server in place of one built from here
    #[arg(long, conflicts_with = "release")]
    server: Option<PathBuf>,
    /// Mutated requests
    #[arg(long, default_value_t = 2_000)]
    requests: usize,
    /// The same seed makes the same requests
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many times as many silent connections and sign-ins as in continuous integration
    #[arg(long, default_value_t = 1)]
    scale: usize,
}

/// The short form that is part of `cargo xtask ci`.
pub fn in_brief() -> Result<(), String> {
    run(&Options { release: false, server: None, requests: 2_000, seed: 1, scale: 1 })
}

/// Does it all; anything that was found is the error.
pub fn run(options: &Options) -> Result<(), String> {
    let binary = run::server(options.release, options.server.as_deref())?;
    let description = Description::of(&binary)?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut chance = Chance::new(options.seed);
    let intranet = format!("canary{}", chance.word());
    let keys = [format!("sk-canary{}", chance.word()), format!("sk-canary{}", chance.word())];
    let upstreams = [Upstream::start(&intranet)?, Upstream::start(&intranet)?];
    upstreams[0].must_not_see([keys[1].clone()]);
    upstreams[1].must_not_see([keys[0].clone()]);
    let pairs: Vec<(Upstream, String)> = upstreams.iter().cloned().zip(keys).collect();
    let mut server = Server::start(&binary, folder.path(), &pairs)?;
    let page = format!("http://{}{INTRANET}", upstreams[0].address);
    let mut stage = Stage::build(server.address, (page, intranet), options.seed)?;
    for upstream in &upstreams {
        let credentials = stage.actors.values().map(|(credential, _)| credential.clone());
        upstream.must_not_see(credentials.chain([stage.admin.clone(), stage.victim.0.clone(), stage.key.clone()]));
    }

    let mut report = Report::default();
    Pressure { server: &mut server, stage: &stage, report: &mut report, scale: options.scale }.run()?;
    storm::run(&mut server, &mut stage, &description, &mut report, options.requests, options.seed)?;
    stage.set_up()?;
    Matrix::new(&description, &mut stage, &upstreams, &mut report).run()?;

    for line in server.panics() {
        report.finding("the server's log tells of a panic", line);
    }
    if !server.is_alive() {
        report.finding("the server has ended", "during the attack");
    }
    report.end()
}
