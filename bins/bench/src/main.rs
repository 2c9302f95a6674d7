//! Measures what a gateway adds to a call: `cargo xtask bench`.
//!
//! Every figure is taken beside the direct call to the upstream in the same run, round by round, and is the median of the rounds.
#![allow(clippy::disallowed_methods, reason = "the caller's environment is this program's only setting beside its arguments")]

mod bench;
mod load;
mod report;
mod sample;
mod scenarios;
mod server;
mod target;
mod upstream;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(name = "transom-bench", about = "Measures what Transom adds to a call")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Measures, and writes the page's table
    Run(Options),
    /// The bench's upstream by itself, for other gateways to stand in front of
    Upstream {
        /// 0 is any free one; the address is printed
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

/// What can be chosen.
#[derive(Args)]
struct Options {
    /// Measure these scenarios alone; the page is then left as it is
    #[arg(value_enum)]
    only: Vec<scenarios::Scenario>,
    /// The server to measure
    #[arg(long)]
    server: PathBuf,
    /// Another gateway that is running, by its OpenAI-compatible base address: open-webui=http://127.0.0.1:8080/api
    #[arg(long, value_name = "NAME=URL", value_parser = pair)]
    peer: Vec<(String, String)>,
    /// Its key
    #[arg(long, value_name = "NAME=KEY", value_parser = pair)]
    peer_key: Vec<(String, String)>,
    /// Port of the bench's upstream, which other gateways have in their settings
    #[arg(long, default_value_t = 0)]
    upstream_port: u16,
    /// How often everything is measured
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How many streams at once
    #[arg(long, default_value_t = 1000)]
    streams: u32,
    /// The page whose table is replaced; the figures go beside it as JSON
    #[arg(long, default_value = "docs/src/performance.md")]
    page: PathBuf,
    /// Write the page also where not everything was measured
    #[arg(long)]
    write: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it must look like NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn main() -> ExitCode {
    match run(Cli::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<(), String> {
    // One thread: on two cores the driver must leave room to what it measures, and the upstream is a process of its own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    match verb {
        Verb::Upstream { port } => runtime.block_on(upstream::serve(port)),
        Verb::Run(options) => runtime.block_on(bench::run(options)),
    }
}
