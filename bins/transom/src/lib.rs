//! The server as a library: the command line, and the composition of every part.
//!
//! [`run`] is all that `main` calls. Settings come from `transom_config`; each part takes its own configuration.

mod cli;
mod logging;
mod serve;

pub use cli::Cli;
pub use serve::serve;

use cli::Command;
use transom_config::Config;

/// Does what the command line says; the error is one sentence a line, fit for a terminal.
pub fn run(cli: Cli) -> Result<(), String> {
    let config = Config::from_env_and(cli.command.overrides()).map_err(|problems| problems.to_string())?;
    logging::start(config.log)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("the async runtime does not start: {error}"))?;
    match cli.command {
        Command::Serve(_) => runtime.block_on(serve(config)),
        Command::User(_) | Command::Doctor(_) => Err("not composed yet".into()),
    }
}
