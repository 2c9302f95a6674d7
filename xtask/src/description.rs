//! Whether the description of the API is true: a tester and a client that know nothing else try it on a running server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::walkthrough::processes::{Running, free_port, start, wait_for};
use crate::{place, run};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "Passw0rd!";

/// A model that the upstream has.
const MODEL: &str = "gpt-4-turbo";

/// Operations that end the session of all other calls, and are tried after them.
const ENDING: [&str; 3] = [
    "signout_api_v1_auths_signout_post",
    "revoke_user_sessions_api_v1_users__user_id__sessions_revoke_post",
    // It finds the tester's own account among the users, and gives it another password.
    "update_user_by_id_api_v1_users__user_id__update_post",
];

/// What can be chosen.
#[derive(clap::Args)]
pub struct Options {
    /// Use a release build of the server
    #[arg(long)]
    release: bool,
    /// Run this server in place of one built from here
    #[arg(long, conflicts_with = "release")]
    server: Option<PathBuf>,
    /// Calls that are made up for each operation, beside those that its boundaries ask for
    #[arg(long, default_value_t = 5)]
    examples: u32,
    /// The same seed makes up the same calls
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// The short form that is part of `cargo xtask ci`.
pub fn in_brief() -> Result<(), String> {
    run(&Options { release: false, server: None, examples: 5, seed: 1 })
}

/// Does it all; anything that is not as it is described is the error.
pub fn run(options: &Options) -> Result<(), String> {
    let server = run::server(options.release, options.server.as_deref())?;
    let python = environment()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let upstream_port = free_port()?.to_string();
    let script = material("upstream.py");
    let mut upstream = start(Command::new(python.join("python")).arg(&script).arg(&upstream_port))?;
    let upstream_base = format!("http://127.0.0.1:{upstream_port}");
    wait_for(&format!("{upstream_base}/v1/models"), Duration::from_secs(30), upstream.process())?;
    let (base, _server) = start_server(&server, &upstream_base, folder.path())?;
    let token = sign_up(&base)?;
    prepare(&base, &token)?;

    generated_client(&python, &base, folder.path())?;
    let mut most = tester(&python, &base, &token, options);
    most.args(ENDING.iter().flat_map(|operation| ["--exclude-operation-id", operation]));
    run::run(most.current_dir(folder.path()))?;
    let mut rest = tester(&python, &base, &sign_in(&base)?, options);
    rest.args(ENDING.iter().flat_map(|operation| ["--include-operation-id", operation]));
    run::run(rest.current_dir(folder.path()))
}

fn material(name: &str) -> PathBuf {
    place::root().join("xtask/description").join(name)
}

/// The folder of programs of a Python environment with what is needed, kept in the build folder.
fn environment() -> Result<PathBuf, String> {
    let folder = place::metadata()?.target_directory.join("description-venv");
    let (programs, wanted) = (folder.join("bin"), material("requirements.txt"));
    let installed = folder.join("requirements.txt");
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    if read(&installed) != read(&wanted) {
        run::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        run::run(Command::new(programs.join("pip")).args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&wanted))?;
        fs::copy(&wanted, &installed).map_err(|error| format!("{}: {error}", installed.display()))?;
    }
    Ok(programs)
}

/// Starts the server as developers do, on an empty folder.
fn start_server(binary: &Path, upstream: &str, folder: &Path) -> Result<(String, Running), String> {
    let port = free_port()?.to_string();
    let log = fs::File::create(folder.join("server.log")).map_err(|error| error.to_string())?;
    let mut command = Command::new(binary);
    command.arg("serve").stdout(Stdio::null()).stderr(log);
    command.env("ENV", "dev").env("HOST", "127.0.0.1").env("PORT", &port).env("DATA_DIR", folder.join("data"));
    command.env("OPENAI_API_BASE_URL", format!("{upstream}/v1")).env("OPENAI_API_KEY", "sk-upstream");
    command.env("OLLAMA_BASE_URL", upstream).env("RAG_OLLAMA_BASE_URL", upstream);
    command.env("RAG_EMBEDDING_ENGINE", "ollama").env("RAG_EMBEDDING_MODEL", "nomic-embed-text").env("ENABLE_API_KEYS", "true");
    for unset in ["DATABASE_URL", "WEBUI_SECRET_KEY", "OPENAI_API_BASE_URLS", "OPENAI_API_KEYS", "OLLAMA_BASE_URLS"] {
        command.env_remove(unset);
    }
    let mut running = start(&mut command)?;
    let base = format!("http://127.0.0.1:{port}");
    wait_for(&format!("{base}/health"), Duration::from_secs(180), running.process())?;
    Ok((base, running))
}

fn sign_up(base: &str) -> Result<String, String> {
    token(&post(&format!("{base}/api/v1/auths/signup"), None, &json!({ "name": "Ada", "email": EMAIL, "password": PASSWORD }))?)
}

fn sign_in(base: &str) -> Result<String, String> {
    token(&post(&format!("{base}/api/v1/auths/signin"), None, &json!({ "email": EMAIL, "password": PASSWORD }))?)
}

fn token(session: &Value) -> Result<String, String> {
    session["token"].as_str().map(str::to_owned).ok_or_else(|| format!("no token in {session}"))
}

/// A function and a collection, so that there is something to find; the function's first use sets up Python.
fn prepare(base: &str, token: &str) -> Result<(), String> {
    let code = "class Pipe:\n    def pipe(self, body):\n        return 'yes'\n";
    let function = json!({ "id": "yes", "name": "Yes", "content": code, "meta": {} });
    post(&format!("{base}/api/v1/functions/create"), Some(token), &function)?;
    post(&format!("{base}/api/v1/knowledge/create"), Some(token), &json!({ "name": "Manuals", "description": "" }))?;
    Ok(())
}

fn post(url: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
    let mut request = ureq::post(url).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut answer = request.send(body.to_string()).map_err(|error| format!("{url}: {error}"))?;
    let text = answer.body_mut().read_to_string().map_err(|error| format!("{url}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{url}: {error}"))
}

/// Calls every operation with what its description allows and with what it does not, and judges the answers by it.
fn tester(python: &Path, base: &str, token: &str, options: &Options) -> Command {
    let mut command = Command::new(python.join("schemathesis"));
    command.arg("--config-file").arg(material("schemathesis.toml")).arg("run").arg(format!("{base}/openapi.json"));
    command.args(["--checks", "all", "--no-color", "--workers", "2", "--generation-database", "none"]);
    command.args(["--seed", &options.seed.to_string(), "--max-examples", &options.examples.to_string()]);
    command.arg("--header").arg(format!("Authorization: Bearer {token}"));
    command
}

/// Generates a client of the description alone, and has it sign in and chat.
fn generated_client(python: &Path, base: &str, folder: &Path) -> Result<(), String> {
    let client = folder.join("client");
    let mut generate = Command::new(python.join("openapi-python-client"));
    generate.args(["generate", "--meta", "none", "--fail-on-warning", "--url"]).arg(format!("{base}/openapi.json"));
    run::run(generate.arg("--output-path").arg(client.join("transom_client")).env("PATH", path_with(python)?))?;
    run::run(Command::new(python.join("python")).arg(material("client.py")).args([base, EMAIL, PASSWORD, MODEL]).env("PYTHONPATH", client))
}

/// The generator calls a formatter that is installed beside it.
fn path_with(programs: &Path) -> Result<std::ffi::OsString, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(programs.to_path_buf()).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).map_err(|error| error.to_string())
}
