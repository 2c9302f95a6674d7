//! The Python side's own unit tests, run with the environment that functions run in.

use std::path::Path;
use std::process::Command;

use transom_llm::FunctionRuntime;
use transom_provider_function::{Launcher, PythonConfig, PythonRuntime};

#[tokio::test]
async fn the_python_side_passes_its_own_tests() {
    let folder = tempfile::tempdir().expect("a folder");
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("functions");
    let launcher = Launcher { path: env!("CARGO_BIN_EXE_transom-function-launcher").into(), arguments: Vec::new() };
    let mut config = PythonConfig::new(folder.path(), launcher, std::env::vars_os());
    config.environment = environment.clone();
    // Loading any function sets the environment up, where no other test has yet.
    PythonRuntime::new(config).function("any", "class Pipe:\n    pass\n").about().await.expect("it loads");
    let homes = std::fs::read_dir(environment).expect("the environment").map(|entry| entry.expect("an entry").path());
    let python = homes.map(|home| home.join("bin").join("python")).find(|python| python.exists()).expect("an interpreter");
    let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    let mut tests = Command::new(python);
    tests.args(["-B", "-m", "unittest", "discover", "-t", ".", "-s", "tests"]).current_dir(code);
    let output = tokio::task::spawn_blocking(move || tests.output()).await.expect("a thread").expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("\nRan "), "{said}");
}
