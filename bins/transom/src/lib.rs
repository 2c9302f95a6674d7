//! The server as a library: the command line, and the composition of every part.
//!
//! [`run`] is all that `main` calls. Settings come from `transom_config`; each part takes its own configuration.

mod cli;
mod doctor;
mod house;
mod logging;
mod serve;
mod upstreams;
mod user;

pub use cli::Cli;
pub use house::House;
pub use serve::serve;

use cli::Command;
use std::time::Duration;

use transom_config::Config;

/// How long work that blocks a thread may take to end once everything else has.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Does what the command line says; the error is one sentence a line, fit for a terminal.
pub fn run(cli: Cli) -> Result<(), String> {
    let config = Config::from_env_and(cli.command.overrides()).map_err(|problems| problems.to_string())?;
    logging::start(config.log)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("the async runtime does not start: {error}"))?;
    let done = match cli.command {
        Command::Serve(_) => runtime.block_on(serve(config)),
        Command::User(user) => runtime.block_on(user::run(config, user)),
        Command::Doctor(doctor) => runtime.block_on(doctor::run(config, &doctor)),
    };
    // A parser that never returns keeps its thread; the process does not wait for it.
    runtime.shutdown_timeout(LAST_WAIT);
    done
}
