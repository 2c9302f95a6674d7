//! The verbs of this repository: `cargo xtask help`.
//!
//! People, `.ci/run` and the workflows call the same verbs, so that what passes here passes there.
#![allow(clippy::print_stdout, reason = "printing is what these commands are for")]
#![allow(clippy::disallowed_methods, reason = "there is no runtime here, and no settings but the caller's environment")]

mod attack;
mod bench;
mod ci;
mod contract;
mod description;
mod documents;
mod instructions;
mod place;
mod retrieval;
mod run;
mod tidy;
mod walkthrough;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The verbs of this repository")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Builds the server and runs it on http://localhost:3000 (HOST, PORT and the other variables change that)
    ///
    /// A debug build starts sooner after a change; what is slow in it (inference, hashing, PDF) is optimised even there.
    Serve {
        /// Build with all optimisations: takes longer, answers faster
        #[arg(long)]
        release: bool,
        /// Passed on to `transom serve`
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Runs every test: with cargo-nextest where it is installed, else with cargo test; then the examples in documentation
    Test {
        /// Passed on to the test runner, such as `-p transom-store`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Everything that a change must pass: format, tidy, clippy, documentation, tests, counts of instructions, the contract suite
    Ci,
    /// Checks which crate depends on which, the manifests, and the front page of every crate
    Tidy,
    /// Runs the contract suite (../shared/contract, or TRANSOM_SHARED) against a server built from here, and lists where its description
    /// differs from the reference's
    Contract {
        /// Use a release build
        #[arg(long)]
        release: bool,
        /// Run this server in place of one built from here
        #[arg(long, conflicts_with = "release")]
        server: Option<PathBuf>,
    },
    /// Tries the description of the API on a running server: with schemathesis, and with a client that is generated from it
    Description(description::Options),
    /// Attacks a server: everybody calls every operation, others try to hold it up, and nothing may be told, changed or broken
    Attack(attack::Options),
    /// Kills the server again and again while files come and go, and compares what is left with what was acknowledged
    Crash(run::Crash),
    /// Measures how well questions find the passages that answer them, and writes the table of docs/src/retrieval.md
    Retrieval(retrieval::Options),
    /// Does the main job for real: a language model, a manual and five guides, questions with cited answers
    Walkthrough(walkthrough::Options),
    /// Measures what the server adds to a call, beside the direct call, and writes the table of docs/src/performance.md
    Bench(bench::Options),
    /// Counts the instructions of the hot path's pieces; a rise of over 10 % fails. Needs valgrind
    Instructions(instructions::Options),
    /// Measures what documents cost (time, memory) and writes the table into docs/src/documents.md
    Documents(documents::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().verb {
        Verb::Serve { release, args } => run::serve(release, &args),
        Verb::Test { args } => run::tests(&args),
        Verb::Ci => ci::run(),
        Verb::Tidy => tidy::run(),
        Verb::Contract { release, server } => contract::run(release, server),
        Verb::Description(options) => description::run(&options),
        Verb::Attack(options) => attack::run(&options),
        Verb::Crash(crash) => run::crash(&crash),
        Verb::Retrieval(options) => retrieval::run(&options),
        Verb::Walkthrough(options) => walkthrough::run(&options),
        Verb::Bench(options) => bench::run(&options),
        Verb::Instructions(options) => instructions::run(&options),
        Verb::Documents(options) => documents::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}
