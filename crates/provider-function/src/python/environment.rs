//! The interpreter, and the packages that functions find.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::sync::Mutex;

use super::config::PythonConfig;
use super::files::{self, REQUIREMENTS};

/// The oldest Python that the worker's code and today's packages run on.
const OLDEST: (u32, u32) = (3, 10);

/// How long a failure is remembered: an installation that cannot reach its index is not tried at every call.
const REMEMBERED: Duration = Duration::from_secs(20);

/// What a worker is started with.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    /// The environment's interpreter.
    pub python: PathBuf,
    /// The file to run.
    pub worker: PathBuf,
    /// What the interpreter reads outside of the environment: its standard library, shared libraries and certificates.
    pub reads: Vec<PathBuf>,
}

/// Has the interpreter say which files it reads.
const READS: &str = include_str!("../../python/transom_reads.py");

/// Sets itself up at the first need, and keeps what was set up on the disk.
pub(super) struct Environment {
    state: Mutex<State>,
}

enum State {
    Unknown,
    Ready(Ready),
    Failed(String, Instant),
}

/// Why Python functions cannot run here, in a sentence that is fit for a client.
type Sentence = String;

impl Environment {
    pub fn new() -> Self {
        Self { state: Mutex::new(State::Unknown) }
    }

    /// The environment, set up where it is not yet. Who comes in the meantime waits for the same.
    pub async fn ready(&self, config: &PythonConfig) -> Result<Ready, Sentence> {
        let mut state = self.state.lock().await;
        match &*state {
            State::Ready(ready) if ready.python.exists() => return Ok(ready.clone()),
            State::Failed(sentence, when) if when.elapsed() < REMEMBERED => return Err(sentence.clone()),
            _ => {}
        }
        // A task of its own: a client that leaves in the middle does not end the installation for those who come after,
        // who wait at the lock for it.
        let config = config.clone();
        let setting_up = tokio::spawn(async move { set_up(&config).await });
        let result = setting_up.await.unwrap_or_else(|_| Err("Python functions cannot run: their environment cannot be set up".to_owned()));
        *state = match &result {
            Ok(ready) => State::Ready(ready.clone()),
            Err(sentence) => State::Failed(sentence.clone(), Instant::now()),
        };
        result
    }
}

async fn set_up(config: &PythonConfig) -> Result<Ready, Sentence> {
    let interpreter = find(config).await?;
    let (folder, environment) = (config.folder.clone(), config.environment.clone());
    let unwritable = |error: io::Error| {
        tracing::error!(%error, "the folder of the functions cannot be written");
        "Python functions cannot run: the server's data folder cannot be written".to_owned()
    };
    // Another server may be setting up the same environment, and tests of many processes do.
    let (worker, _lock) = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&environment)?;
        let lock = std::fs::File::create(environment.join("lock"))?;
        lock.lock()?;
        Ok((files::write(&folder)?, lock))
    })
    .await
    .unwrap_or_else(|error| Err(io::Error::other(error)))
    .map_err(unwritable)?;
    let (major, minor) = interpreter.version;
    let home = config.environment.join(format!("python{major}.{minor}"));
    let python = home.join("bin").join("python");
    let installed = home.join("installed.txt");
    if !python.exists() || std::fs::read_to_string(&installed).ok().as_deref() != Some(REQUIREMENTS) {
        tracing::info!("setting up the environment of Python functions");
        make(config, &interpreter.path, &home).await?;
        std::fs::write(&installed, REQUIREMENTS).map_err(unwritable)?;
    }
    let reads = reads(config, &python).await?;
    // Workers cannot write into the folder of their code: what Python keeps of compiled code is made here.
    let code = config.folder.join("worker");
    let compile = ["-I".as_ref(), "-m".as_ref(), "compileall".as_ref(), "-q".as_ref(), code.as_os_str()];
    if let Err(error) = run(config, &python, &compile, config.patience).await {
        tracing::debug!(%error, "the code of workers is not compiled ahead");
    }
    Ok(Ready { python, worker, reads })
}

async fn reads(config: &PythonConfig, python: &Path) -> Result<Vec<PathBuf>, Sentence> {
    let unclear = |reason: String| {
        tracing::error!(reason, "the Python interpreter does not say which files it reads");
        "Python functions cannot run: their interpreter does not work; the server's log says why".to_owned()
    };
    let output = run(config, python, &["-I", "-c", READS], config.patience).await.map_err(|error| unclear(error.to_string()))?;
    if !output.status.success() {
        return Err(unclear(output.status.to_string()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| unclear(error.to_string()))
}

/// The version of the interpreter that is found.
pub(super) async fn interpreter(config: &PythonConfig) -> Result<String, Sentence> {
    let (major, minor) = find(config).await?.version;
    Ok(format!("{major}.{minor}"))
}

struct Interpreter {
    path: PathBuf,
    version: (u32, u32),
}

async fn find(config: &PythonConfig) -> Result<Interpreter, Sentence> {
    let asked = config.interpreter.clone().unwrap_or_else(|| PathBuf::from("python3"));
    let (major, minor) = OLDEST;
    let needs = format!("Python functions need Python {major}.{minor} or newer");
    let help = "install python3 or name one with TRANSOM_PYTHON";
    let code = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)";
    let output = match run(config, asked.as_ref(), &["-I", "-c", code], Duration::from_secs(30)).await {
        Ok(output) => output,
        Err(error) => {
            tracing::warn!(%error, interpreter = %asked.display(), "the Python interpreter does not start");
            return Err(format!("{needs}, and this machine has none: {help}"));
        }
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = said.trim().splitn(3, ' ');
    let mut number = || words.next().and_then(|word| word.parse::<u32>().ok());
    let (Some(has_major), Some(has_minor)) = (number(), number()) else {
        return Err(format!("{needs}, and what this machine has does not run: {help}"));
    };
    if (has_major, has_minor) < OLDEST {
        return Err(format!("{needs}, and this machine has {has_major}.{has_minor}: {help}"));
    }
    let path = words.next().map(str::trim).filter(|path| !path.is_empty()).map_or(asked, PathBuf::from);
    Ok(Interpreter { path, version: (has_major, has_minor) })
}

/// Makes the environment in a folder beside, and puts it in place when it is whole.
async fn make(config: &PythonConfig, interpreter: &Path, home: &Path) -> Result<(), Sentence> {
    let fresh = config.environment.join("new");
    let _ = tokio::fs::remove_dir_all(&fresh).await;
    let installer = venv(config, interpreter, &fresh).await?;
    let binary = ["--only-binary", ":all:", "--"];
    let pinned: Vec<&str> = binary.into_iter().chain(packages().map(|(line, _)| line)).collect();
    if let Err(sentence) = installer.install(config, &pinned).await {
        // A Python that is newer than these versions needs newer ones.
        if !["o matching distribution", "o solution found"].iter().any(|words| sentence.contains(words)) {
            return Err(sentence);
        }
        let newest: Vec<&str> = binary.into_iter().chain(packages().map(|(_, name)| name)).collect();
        installer.install(config, &newest).await?;
    }
    let failed = |error: io::Error| format!("the environment of Python functions cannot be set up: {}", error.kind());
    let _ = tokio::fs::remove_dir_all(home).await;
    tokio::fs::rename(&fresh, home).await.map_err(failed)
}

/// The packages that every function finds: each with its version, and its name alone.
fn packages() -> impl Iterator<Item = (&'static str, &'static str)> {
    REQUIREMENTS.lines().filter_map(|line| line.split_once("==").map(|(name, _)| (line, name)))
}

/// A program that installs packages.
struct Installer {
    program: PathBuf,
    arguments: Vec<std::ffi::OsString>,
}

/// Makes a virtual environment and finds what installs into it: its own pip, or, where this Python comes without, another.
async fn venv(config: &PythonConfig, interpreter: &Path, home: &Path) -> Result<Installer, Sentence> {
    let python = home.join("bin").join("python");
    let succeeds = |result: io::Result<Output>| result.is_ok_and(|output| output.status.success());
    if succeeds(run(config, interpreter, &["-I".as_ref(), "-m".as_ref(), "venv".as_ref(), home.as_os_str()], config.installation).await) {
        let arguments = ["-m", "pip", "install"].map(Into::into).to_vec();
        return Ok(Installer { program: python, arguments });
    }
    // Debian's Python has the module and not what it copies pip from.
    let _ = tokio::fs::remove_dir_all(home).await;
    let bare = ["-I".as_ref(), "-m".as_ref(), "venv".as_ref(), "--without-pip".as_ref(), home.as_os_str()];
    if succeeds(run(config, interpreter, &bare, config.installation).await) {
        if succeeds(run(config, interpreter, &["-m", "pip", "--python", "x", "--version"], config.patience).await)
            || succeeds(run(config, interpreter, &["-m", "pip", "--version"], config.patience).await)
        {
            let arguments = vec!["-m".into(), "pip".into(), "--python".into(), python.into(), "install".into()];
            return Ok(Installer { program: interpreter.to_owned(), arguments });
        }
        if succeeds(run(config, "uv".as_ref(), &["--version"], config.patience).await) {
            return Ok(Installer { program: "uv".into(), arguments: uv(&python) });
        }
    }
    Err("Python functions need an environment of their own, which this machine's Python cannot make: install python3-venv (or uv)"
        .to_owned())
}

/// What uv is told. It compiles only where it is asked to, and workers cannot keep what they compile.
fn uv(python: &Path) -> Vec<std::ffi::OsString> {
    ["pip", "install", "--compile-bytecode", "--python"].map(Into::into).into_iter().chain([python.into()]).collect()
}

impl Installer {
    async fn install<S: AsRef<std::ffi::OsStr>>(&self, config: &PythonConfig, what: &[S]) -> Result<(), Sentence> {
        let arguments: Vec<&std::ffi::OsStr> =
            self.arguments.iter().map(AsRef::as_ref).chain(["--quiet".as_ref()]).chain(what.iter().map(AsRef::as_ref)).collect();
        let cannot = "the packages that Python functions need cannot be installed (this needs the package index once)";
        match run(config, &self.program, &arguments, config.installation).await {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                // Addresses of an index may hold a password.
                let safe: Vec<&str> = said.lines().filter(|line| !line.contains("://")).collect();
                tracing::error!(installer = safe.join("\n"), "the packages that Python functions need cannot be installed");
                let why = safe.iter().rev().find_map(|line| line.strip_prefix("ERROR:").or(line.strip_prefix("error:")));
                Err(format!("{cannot}: {}", why.unwrap_or("see the server's log").trim()))
            }
            Err(error) => Err(format!("{cannot}: {error}")),
        }
    }
}

/// Installs a function's own requirements into `folder`, where they are not there yet, and gives the folder to look into.
pub(super) async fn own_packages(
    config: &PythonConfig,
    ready: &Ready,
    folder: &Path,
    requirements: &str,
) -> Result<Option<PathBuf>, Sentence> {
    let wanted = missing(requirements);
    if wanted.is_empty() {
        return Ok(None);
    }
    let (packages, mark) = (folder.join("packages"), folder.join("packages.txt"));
    let text = wanted.join("\n");
    if tokio::fs::read_to_string(&mark).await.ok().as_deref() == Some(&text) {
        return Ok(Some(packages));
    }
    let _ = tokio::fs::remove_dir_all(&packages).await;
    let pip = run(config, &ready.python, &["-m", "pip", "--version"], config.patience).await;
    let installer = if pip.is_ok_and(|output| output.status.success()) {
        Installer { program: ready.python.clone(), arguments: ["-m", "pip", "install"].map(Into::into).to_vec() }
    } else {
        Installer { program: "uv".into(), arguments: uv(&ready.python) }
    };
    let mut arguments: Vec<&std::ffi::OsStr> = vec!["--target".as_ref(), packages.as_os_str(), "--".as_ref()];
    arguments.extend(wanted.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
    installer.install(config, &arguments).await?;
    let unwritable = |error: io::Error| format!("the function's folder cannot be written: {}", error.kind());
    tokio::fs::write(mark, text).await.map_err(unwritable)?;
    Ok(Some(packages))
}

/// The requirements that every function's environment does not fulfil already.
fn missing(requirements: &str) -> Vec<&str> {
    let there: Vec<&str> = packages().map(|(_, name)| name).collect();
    let wanted = requirements.split(',').map(str::trim).filter(|wanted| !wanted.is_empty());
    wanted.filter(|wanted| !there.contains(&wanted.to_ascii_lowercase().as_str())).collect()
}

/// Runs a program of this machine to its end, without the server's variables.
async fn run<S: AsRef<std::ffi::OsStr>>(config: &PythonConfig, program: &Path, arguments: &[S], limit: Duration) -> io::Result<Output> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(config.for_installers()).stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(limit, command.output()).await {
        Ok(output) => output,
        Err(_) => Err(io::Error::other(format!("it took more than {} s", limit.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_installed_again() {
        assert!(missing("").is_empty() && missing("httpx, Pydantic ,requests").is_empty());
        assert_eq!(missing("httpx, tiktoken==0.9,requests>=99"), ["tiktoken==0.9", "requests>=99"]);
    }
}
