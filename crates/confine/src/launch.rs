//! A program that runs confined: what its parent says, and what becomes of the process that is told.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Resource, nice};
use serde::{Deserialize, Serialize};

use crate::{limit, system};

/// Other work goes before it.
const NICENESS: i32 = 5;

/// A program, and what it may do. Its variables, its folder and its open files are what the process has that calls [`run`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// The program.
    pub program: PathBuf,
    /// What it is told.
    pub arguments: Vec<String>,
    /// What it may read, besides [`SYSTEM`](crate::SYSTEM): exactly these paths and what is below.
    pub read: Vec<PathBuf>,
    /// The same, without what is `hidden`.
    pub read_around: Vec<PathBuf>,
    /// What it may not read, though a folder above it may be read.
    pub hidden: Vec<PathBuf>,
    /// What it may change too.
    pub write: Vec<PathBuf>,
    /// How many processes and threads the account may start beyond those that it has. Root is not held to it.
    pub processes: u64,
}

impl Default for Confinement {
    fn default() -> Self {
        let (program, arguments, read, read_around, hidden, write) = Default::default();
        Self { program, arguments, read, read_around, hidden, write, processes: 1024 }
    }
}

impl Confinement {
    /// The argument for the process that calls [`run`]. Other accounts can see it, so it must hold no secret.
    ///
    /// # Errors
    /// Where a path is not UTF-8.
    pub fn argument(&self) -> io::Result<String> {
        serde_json::to_string(self).map_err(io::Error::other)
    }
}

/// Confines this process and becomes the program. Must be called while the process has one thread.
///
/// It comes back only with what went wrong; then the program was not started.
pub fn run(argument: &str) -> io::Error {
    match confined(argument) {
        Ok(mut command) => command.exec(),
        Err(error) => error,
    }
}

fn confined(argument: &str) -> io::Result<Command> {
    let confinement: Confinement = serde_json::from_str(argument).map_err(io::Error::other)?;
    let mut command = Command::new(&confinement.program);
    command.args(&confinement.arguments);
    // A system that does not know one of these has the others.
    let _ = nice(NICENESS);
    let _ = limit(Resource::Core, 0, 0);
    system::confine(&confinement)?;
    Ok(command)
}
