//! The contract suite, against a server built from here, and the two descriptions of the API side by side.

mod compare;

use std::path::PathBuf;
use std::process::Command;

use crate::{place, run};

/// Builds the server, runs the suite against it, and says where its description differs from the reference's.
pub fn run(release: bool, server: Option<PathBuf>) -> Result<(), String> {
    let Some(script) = place::shared("contract/run") else {
        return Err("there is no contract suite in ../shared/contract; TRANSOM_SHARED can name the folder that holds contract/".into());
    };
    let server = run::server(release, server.as_deref())?;
    if let Some(reference) = place::shared("contract/reference/openapi-0.12.4.json") {
        compare::print(&server, &reference)?;
    }
    run::run(Command::new("bash").arg(script).arg("--").arg(server).arg("serve"))
}
