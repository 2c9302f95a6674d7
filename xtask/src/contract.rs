//! The contract suite, against a server built from here.

use std::process::Command;

use crate::{place, run};

/// Parts of the suite that ask for what is not in the server.
const LEFT_OUT: &[(&str, &str)] = &[("test_docs.py", "the server has no OpenAPI description and no /docs page")];

/// Builds the server and runs the suite against it. What PYTEST_ADDOPTS holds already is kept.
pub fn run(release: bool) -> Result<(), String> {
    let Some(script) = place::shared("contract/run") else {
        return Err("there is no contract suite in ../shared/contract; TRANSOM_SHARED can name the folder that holds contract/".into());
    };
    run::build_server(release)?;
    let mut options = std::env::var("PYTEST_ADDOPTS").unwrap_or_default();
    for (file, reason) in LEFT_OUT {
        println!("left out: {file}, because {reason}");
        options += &format!(" '--ignore={}'", script.with_file_name(file).display());
    }
    run::run(Command::new("bash").arg(script).arg("--").arg(place::server(release)?).arg("serve").env("PYTEST_ADDOPTS", options))
}
