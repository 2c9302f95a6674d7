//! Settings of Python functions.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where Python functions run, and what they may use.
#[derive(Clone, Debug)]
pub struct PythonConfig {
    /// The folder for all of it: the worker's code and each function's own folder.
    pub folder: PathBuf,
    /// The folder of the environment with the packages that every function finds. Servers may share one.
    pub environment: PathBuf,
    /// The program that confines a worker before it becomes one.
    pub launcher: Launcher,
    /// The interpreter; `None` for the `python3` of the path.
    pub interpreter: Option<PathBuf>,
    /// Folders and files that no function may read, though a folder above them may be read: the server's own data.
    pub hidden: Vec<PathBuf>,
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

/// A program that calls [`transom_confine::run`] with the last of its arguments, and does nothing else.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// Where it is.
    pub path: PathBuf,
    /// What it is told before the confinement.
    pub arguments: Vec<OsString>,
}

impl Launcher {
    /// The program that is running now, told this.
    ///
    /// # Errors
    /// Where the system does not say which that is.
    pub fn own(argument: impl Into<OsString>) -> io::Result<Self> {
        // Linux's own name for it stays right when the file was replaced or removed since: both sides are always of one version.
        let own = Path::new("/proc/self/exe");
        let path = if own.exists() { own.to_owned() } else { std::env::current_exe()? };
        Ok(Self { path, arguments: vec![argument.into()] })
    }
}

/// What one worker and one call may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Addresses of one worker, and memory of it and its processes together, in bytes.
    pub memory_bytes: u64,
    /// Processes that one worker may have beside itself.
    pub processes: usize,
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
    pub fn new(folder: impl Into<PathBuf>, launcher: Launcher, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let folder = folder.into();
        Self {
            environment: folder.join("environment"),
            hidden: vec![folder.clone()],
            folder,
            launcher,
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
    /// 2 GiB of memory, 64 processes, a minute of processor time, 512 files, files of 1 GiB, answers of 16 MiB.
    fn default() -> Self {
        Self { memory_bytes: 2 << 30, processes: 64, cpu_seconds: 60, open_files: 512, file_bytes: 1 << 30, output_bytes: 16 << 20 }
    }
}

/// Variables that name a file or folder with certificates.
const CERTIFICATES: [&str; 4] = ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
/// Variables that a function may see: none of them is a setting of the server.
const FOR_WORKERS: [&str; 9] =
    ["PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NO_PROXY"];
/// The same, where the address holds no password.
const PROXIES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
/// What an installer is told beside that: where the user's settings are, and its own variables.
const FOR_INSTALLERS: [&str; 5] = ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR", "NETRC"];

impl PythonConfig {
    /// The same with paths that mean the same in every folder: a worker starts in one of its own.
    pub(crate) fn absolute(mut self) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.folder = absolute(&self.folder);
        self.environment = absolute(&self.environment);
        self.hidden = self.hidden.iter().map(|path| absolute(path)).collect();
        // A bare name is looked for in the path.
        self.interpreter = self.interpreter.map(|path| if path.components().count() > 1 { absolute(&path) } else { path });
        self
    }

    /// Where the variables of a worker say that certificates are.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = PathBuf> {
        let named = self.for_workers().filter(|(name, _)| CERTIFICATES.iter().any(|known| name.eq_ignore_ascii_case(known)));
        named.flat_map(|(_, value)| std::env::split_paths(value)).filter(|path| path.is_absolute())
    }

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
        let launcher = Launcher { path: "/nowhere/launcher".into(), arguments: Vec::new() };
        let config = PythonConfig::new("/nowhere", launcher, given.map(|(name, value)| (name.into(), value.into())));
        assert_eq!(names(config.for_workers()), ["PATH", "https_proxy"]);
        assert_eq!(names(config.for_installers()), ["PATH", "PIP_INDEX_URL", "https_proxy", "HTTP_PROXY"]);
    }
}
