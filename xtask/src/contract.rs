//! The contract suite, against a server built from here.

use std::process::Command;

use crate::{place, run};

/// Builds the server and runs the suite against it.
pub fn run(release: bool) -> Result<(), String> {
    let Some(script) = place::shared("contract/run") else {
        return Err("there is no contract suite in ../shared/contract; TRANSOM_SHARED can name the folder that holds contract/".into());
    };
    run::build_server(release)?;
    run::run(Command::new("bash").arg(script).arg("--").arg(place::server(release)?).arg("serve"))
}
