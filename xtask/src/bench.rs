//! What the server adds to a call. The measuring is `bins/bench`, always a release build; this builds it and the server.

use std::path::PathBuf;
use std::process::Command;

use crate::{place, run};

/// What can be chosen.
#[derive(clap::Args)]
pub struct Options {
    /// Measure this server in place of a release build from here
    #[arg(long)]
    server: Option<PathBuf>,
    /// Scenarios (none is all), and what else `transom-bench run --help` lists: `--peer NAME=URL`, `--peer-key NAME=KEY`, `--rounds N`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// Builds, and measures.
pub fn run(options: &Options) -> Result<(), String> {
    let server = run::server(true, options.server.as_deref())?;
    run::run(&mut run::cargo(["build", "--release", "--package", "transom-bench"]))?;
    let bench = place::metadata()?.target_directory.join("release").join(format!("transom-bench{}", std::env::consts::EXE_SUFFIX));
    run::run(Command::new(bench).arg("run").arg("--server").arg(server).args(&options.args).current_dir(place::root()))
}
