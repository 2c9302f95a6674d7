//! The server as a library: the command line, the composition of every part, and what a program may add to it.
//!
//! [`main`] is a whole program; [`run_with`] is the same for a program that has a command line of its own around it, and [`serve_with`] for one
//! with settings of its own. What it adds is in [`Extensions`]: functions ([`LinkedFunction`]) and providers, which are models like any other.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use transom::Extensions;
//! # use transom_llm::{ChatAnswer, ChatModel, ChatRequest, LlmError, UpstreamModel};
//! # struct Parrot;
//! # #[async_trait::async_trait]
//! # impl ChatModel for Parrot {
//! #     fn name(&self) -> &str { "parrot" }
//! #     async fn models(&self) -> Result<Vec<UpstreamModel>, LlmError> { Ok(Vec::new()) }
//! #     async fn chat(&self, _: ChatRequest) -> Result<ChatAnswer, LlmError> { Err(LlmError::Invalid("no".into())) }
//! # }
//!
//! fn main() -> ExitCode {
//!     transom::main(Extensions::new().with_provider(Parrot))
//! }
//! ```
//!
//! `examples/own-provider` is such a program, with a test that runs it. [`House`] holds the parts, for those who serve them otherwise.
//!
//! Settings come from `transom_config`; each part takes its own configuration. Errors are sentences, one a line, fit for a terminal.

mod cli;
mod doctor;
mod extensions;
mod functions;
mod hello;
mod house;
mod installation;
mod lock;
mod logging;
mod serve;
mod settings;
mod upstreams;
mod user;

pub use cli::Cli;
pub use extensions::Extensions;
pub use house::House;
pub use serve::{serve, serve_with};
pub use transom_app::functions::{Audience, LinkedFunction};

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use cli::Command;
use transom_app::accounts::{UnknownPermission, permissions_from_environment};
use transom_config::Config;

/// How long work that blocks a thread may take to end once everything else has.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// A whole program: reads the command line, does what it says, and says on standard error what went wrong.
pub fn main(extensions: Extensions) -> ExitCode {
    match run_with(Cli::parse(), extensions) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentences) => {
            eprintln!("{sentences}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the command line says; the error is one sentence a line, fit for a terminal.
pub fn run(cli: Cli) -> Result<(), String> {
    run_with(cli, Extensions::new())
}

/// The same in a server with functions and providers of the program's own.
pub fn run_with(cli: Cli, extensions: Extensions) -> Result<(), String> {
    if let Command::Extract = cli.command {
        // Before there is a thread, a setting or a log: this process is to have none of them.
        let ended = transom_sandbox::answer(transom_ingest::Extractors::standard());
        return ended.map_err(|error| format!("transom extract is for the server's own use: {error}"));
    }
    if let Command::Confine { confinement } = &cli.command {
        return Err(format!("transom confine is for the server's own use: {}", transom_confine::run(confinement)));
    }
    if let Command::Openapi = cli.command {
        return print(&transom_api::description_text());
    }
    let config = read_settings(&cli.command)?;
    logging::start(config.log)?;
    // From here on there are secrets in memory. The children read foreign documents and run foreign code.
    if let Err(error) = transom_confine::hide_memory() {
        tracing::warn!(%error, "other processes of this account can read the server's memory");
    }
    write_for_owner_alone();
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("the async runtime does not start: {error}"))?;
    let done = match cli.command {
        Command::Serve(_) => runtime.block_on(serve_with(config, extensions)),
        Command::Init(_) => runtime.block_on(installation::make(&config)).map(|done| doctor::say(&done)),
        Command::Settings(settings) => runtime.block_on(settings::run(config, settings)),
        Command::User(user) => runtime.block_on(user::run(config, user)),
        Command::Doctor(doctor) => runtime.block_on(doctor::run(config, &doctor)),
        Command::Extract | Command::Confine { .. } | Command::Openapi => Ok(()),
    };
    // What still blocks a thread keeps it; the process does not wait for it.
    runtime.shutdown_timeout(LAST_WAIT);
    done
}

/// Whatever this process writes from here on, databases, uploads, vectors and environments of functions, is its owner's alone.
fn write_for_owner_alone() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Prints what somebody may read as far as they like: a pipe that is closed early is no failure.
fn print(text: &str) -> Result<(), String> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("the description cannot be printed: {error}")),
        _ => Ok(()),
    }
}

/// The settings; where something is wrong, all of it, before anything is touched.
fn read_settings(command: &Command) -> Result<Config, String> {
    let unknown: Vec<String> = unknown_permissions().iter().map(ToString::to_string).collect();
    match Config::from_env_and(command.overrides()) {
        Ok(config) if unknown.is_empty() => Ok(config),
        Ok(_) => Err(unknown.join("\n")),
        Err(problems) => Err(std::iter::once(problems.to_string()).chain(unknown).collect::<Vec<_>>().join("\n")),
    }
}

/// Which permissions there are is the accounts' knowledge, so the settings' own reader does not check their names.
fn unknown_permissions() -> Vec<UnknownPermission> {
    let names = std::env::vars_os().filter(|(_, value)| !value.is_empty()).filter_map(|(name, _)| name.into_string().ok());
    let named = names.filter_map(|name| Some((name.strip_prefix(transom_config::USER_PERMISSIONS)?.to_owned(), true)));
    permissions_from_environment(&named.collect()).err().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_that_the_reference_has_a_variable_for_has_that_one_here() {
        let names = transom_config::reference_variables().filter_map(|name| name.strip_prefix(transom_config::USER_PERMISSIONS));
        let all: std::collections::BTreeMap<String, bool> = names.map(|name| (name.to_owned(), true)).collect();
        assert!(all.len() > 50);
        assert_eq!(permissions_from_environment(&all).err(), None);
    }
}
