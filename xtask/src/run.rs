//! Running cargo and other programs from the workspace's folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::place;

/// A cargo command in the workspace's folder.
pub fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    // CARGO is set where cargo started us, and keeps the toolchain the same.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // `cargo run` tells this program which package it is. Build scripts look at that too, and those that find another value than a
    // plain `cargo build` gave them run again, with everything that stands on them.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command.args(args).current_dir(place::root());
    command
}

/// Runs a command to its end; anything but success is the error.
pub fn run(command: &mut Command) -> Result<(), String> {
    let name = format!("{command:?}");
    let status = command.status().map_err(|error| format!("cannot run {name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}")) }
}

/// Builds and runs the server. Its own exit is not an error of ours to explain.
pub fn serve(release: bool, args: &[String]) -> Result<(), String> {
    let mut command = cargo(["run", "--package", "transom"]);
    if release {
        command.arg("--release");
    }
    command.args(["--", "serve"]).args(args);
    let status = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err("the server ended with an error; what it said is above".into()) }
}

/// The server to use: the one that was given, or one that is built now.
///
/// A debug build goes with the tests, of which it is a part: what the tests bring in changes the features of what the server
/// stands on, and without them cargo would compile the vector store a second time.
pub fn server(release: bool, given: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(server) = given {
        return Ok(server.to_owned());
    }
    let args: &[&str] = if release { &["build", "--release", "--package", "transom"] } else { &["test", "--workspace", "--no-run"] };
    run(&mut cargo(args.iter().copied()))?;
    place::server(release)
}

/// `cargo xtask crash`.
#[derive(clap::Args)]
pub struct Crash {
    /// How often the server is killed
    #[arg(long, default_value_t = 300)]
    rounds: u64,
    /// The same seed makes the same choices; what the machine makes of them differs from run to run
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// The process test of that name, with more rounds than it has among the others.
pub fn crash(crash: &Crash) -> Result<(), String> {
    let mut command = cargo(["test", "--workspace", "--test", "process", "rounds::", "--", "--nocapture"]);
    run(command.env("TRANSOM_CRASH_ROUNDS", crash.rounds.to_string()).env("TRANSOM_CRASH_SEED", crash.seed.to_string()))
}

/// Every test, then every example in documentation. With arguments, only what they select.
pub fn tests(args: &[String]) -> Result<(), String> {
    if args.is_empty() {
        unit_tests()?;
        return doc_tests();
    }
    let mut command = if has_nextest() { cargo(["nextest", "run"]) } else { cargo(["test"]) };
    run(command.args(args))
}

/// Every test but the examples.
pub fn unit_tests() -> Result<(), String> {
    if has_nextest() {
        run(&mut cargo(["nextest", "run", "--workspace", "--no-fail-fast"]))
    } else {
        println!("cargo-nextest is not installed; running cargo test");
        run(&mut cargo(["test", "--workspace", "--all-targets", "--no-fail-fast"]))
    }
}

/// Every example in documentation.
pub fn doc_tests() -> Result<(), String> {
    run(&mut cargo(["test", "--workspace", "--doc", "--quiet"]))
}

fn has_nextest() -> bool {
    cargo(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
