//! Settings of Python functions.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

/// Where Python functions run, and what they may use.
#[derive(Clone, Debug)]
pub struct PythonConfig {
    /// The folder for all of it: the worker's code and each function's own folder.
    pub folder: PathBuf,
    /// The folder of the environment with the packages that every function finds. Servers may share one.
    pub environment: PathBuf,
    /// The interpreter; `None` for the `python3` of the path.
    pub interpreter: Option<PathBuf>,
    /// Whether the `requirements:` of a function's front matter are installed for it.
    pub requirements: bool,
    /// What one worker and one call may use.
    pub limits: Limits,
    /// How long a call may take in all.
    pub deadline: Duration,
    /// How long a function's code may take to load, and to list its models.
    pub patience: Duration,
    /// How long a package installer may take.
    pub installation: Duration,
    /// How long what was cancelled may take to end before it counts as stuck.
    pub grace: Duration,
    /// After how long without a call a worker is stopped.
    pub idle: Duration,
    /// The variables of this process. Workers and installers get the few of them that say where things are on this machine
    /// and how the network is reached, and nothing else.
    pub variables: Vec<(OsString, OsString)>,
}

/// What one worker and one call may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Addresses of one worker, in bytes.
    pub memory_bytes: u64,
    /// Processor time of one call.
    pub cpu_seconds: u64,
    /// Open files and connections of one worker.
    pub open_files: u64,
    /// The largest file that a function may write, in bytes.
    pub file_bytes: u64,
    /// The largest answer to one call, in bytes.
    pub output_bytes: usize,
}

impl PythonConfig {
    /// The usual settings, with everything below `folder`.
    pub fn new(folder: impl Into<PathBuf>, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let folder = folder.into();
        Self {
            environment: folder.join("environment"),
            folder,
            interpreter: None,
            requirements: false,
            limits: Limits::default(),
            deadline: Duration::from_secs(600),
            patience: Duration::from_secs(60),
            installation: Duration::from_secs(600),
            grace: Duration::from_secs(5),
            idle: Duration::from_secs(600),
            variables: variables.into_iter().collect(),
        }
    }
}

impl Default for Limits {
    /// 2 GiB of addresses, a minute of processor time, 512 files, files of 1 GiB, answers of 16 MiB.
    fn default() -> Self {
        Self { memory_bytes: 2 << 30, cpu_seconds: 60, open_files: 512, file_bytes: 1 << 30, output_bytes: 16 << 20 }
    }
}

/// Variables that a function may see: none of them is a setting of the server.
const FOR_WORKERS: [&str; 9] =
    ["PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NO_PROXY"];
/// The same, where the address holds no password.
const PROXIES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
/// What an installer is told beside that: where the user's settings are, and its own variables.
const FOR_INSTALLERS: [&str; 5] = ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR", "NETRC"];

impl PythonConfig {
    /// The variables of this process that a worker gets too.
    pub(crate) fn for_workers(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.some(|name, value| {
            let upper = name.to_ascii_uppercase();
            FOR_WORKERS.contains(&upper.as_str()) || PROXIES.contains(&upper.as_str()) && !value.to_string_lossy().contains('@')
        })
    }

    /// The variables of this process that an installer gets too; credentials of its own package index may be among them.
    pub(crate) fn for_installers(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.some(|name, _| {
            let upper = name.to_ascii_uppercase();
            FOR_WORKERS.contains(&upper.as_str())
                || PROXIES.contains(&upper.as_str())
                || FOR_INSTALLERS.contains(&name)
                || name.starts_with("PIP_")
                || name.starts_with("UV_")
        })
    }

    fn some(&self, wanted: impl Fn(&str, &OsStr) -> bool) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let named = self.variables.iter().filter(move |(name, value)| name.to_str().is_some_and(|name| wanted(name, value)));
        named.map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'a>(variables: impl Iterator<Item = (&'a OsStr, &'a OsStr)>) -> Vec<&'a str> {
        variables.map(|(name, _)| name.to_str().expect("a name")).collect()
    }

    #[test]
    fn no_secret_of_the_server_goes_on() {
        let given = [
            ("WEBUI_SECRET_KEY", "x"),
            ("OPENAI_API_KEY", "x"),
            ("DATABASE_URL", "x"),
            ("PATH", "/bin"),
            ("PIP_INDEX_URL", "https://user:word@index"),
            ("https_proxy", "http://proxy:3128"),
            ("HTTP_PROXY", "http://user:word@proxy:3128"),
        ];
        let config = PythonConfig::new("/nowhere", given.map(|(name, value)| (name.into(), value.into())));
        assert_eq!(names(config.for_workers()), ["PATH", "https_proxy"]);
        assert_eq!(names(config.for_installers()), ["PATH", "PIP_INDEX_URL", "https_proxy", "HTTP_PROXY"]);
    }
}
