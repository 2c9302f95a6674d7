//! The children that are kept ready, and who gets which document.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use transom_domain::Text;
use transom_ingest::{Document, ExtractError, Reader};

use crate::child::{Child, interrupted};
use crate::limits::{Limits, MEGABYTE, Protection};

/// How long a process may take to begin; a machine that is busy with everything else needs some of it.
const BEGINNING: Duration = Duration::from_secs(30);

/// How long reading a document may last unless somebody says otherwise.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The program that children run, which must call [`answer`](crate::answer).
#[derive(Clone, Debug)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// What it is told.
    pub arguments: Vec<OsString>,
}

impl Program {
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

    /// What lists of processes call it.
    pub(crate) fn name(&self) -> OsString {
        let file = std::env::args_os().next().map(PathBuf::from);
        file.and_then(|file| Some(file.file_name()?.to_owned())).unwrap_or_else(|| "transom".into())
    }
}

/// How documents are read.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// What children run.
    pub program: Program,
    /// How many children at most: so many documents are read at once, others wait.
    pub children: usize,
    /// What a document may cost.
    pub limits: Limits,
    /// How long reading a document may last, however little processor time it gets. A machine that is busy with everything else is no
    /// fault of the document, so this is [`ExtractError::Interrupted`]: it may be tried again.
    pub patience: Duration,
    /// A child is replaced after so many documents.
    pub documents: u32,
    /// A child that holds more memory than this after a document is replaced; in megabytes.
    pub memory_megabytes: usize,
}

impl SandboxConfig {
    /// Usual limits, two children.
    pub fn new(program: Program) -> Self {
        Self { program, children: 2, limits: Limits::default(), patience: PATIENCE, documents: 500, memory_megabytes: 200 }
    }
}

/// Reads documents in child processes, which it starts when they are first needed and keeps.
pub struct Sandbox {
    config: SandboxConfig,
    turns: Semaphore,
    idle: Mutex<Vec<Child>>,
    told: AtomicBool,
}

impl Sandbox {
    /// Starts nothing yet.
    pub fn new(config: SandboxConfig) -> Self {
        Self { turns: Semaphore::new(config.children.max(1)), idle: Mutex::default(), told: AtomicBool::new(false), config }
    }

    async fn child(&self) -> Result<Child, ExtractError> {
        while let Some(mut child) = self.idle().pop() {
            if child.lives() {
                return Ok(child);
            }
        }
        let started = timeout(BEGINNING, Child::start(&self.config.program, &self.config.limits)).await;
        match started.unwrap_or_else(|elapsed| Err(elapsed.into())) {
            Ok((child, protection)) => {
                self.tell(protection);
                Ok(child)
            }
            Err(reason) => {
                tracing::error!(%reason, "no process that reads documents could be started");
                Err(interrupted("no process to read it could be started"))
            }
        }
    }

    /// Says once what keeps documents in their place, where that is not everything.
    fn tell(&self, protection: Protection) {
        let missing = protection.missing();
        if !missing.is_empty() && !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(missing = missing.join(", "), "this system lets documents be read with less protection than there could be");
        }
    }

    /// Keeps a child for the next document, unless it has done enough.
    fn keep(&self, child: Child) {
        let SandboxConfig { limits, documents, memory_megabytes, .. } = &self.config;
        let grown = child.memory_megabytes().is_some_and(|megabytes| megabytes > *memory_megabytes);
        if child.documents < *documents && child.worked < limits.time && !grown {
            self.idle().push(child);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Child>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Reader for Sandbox {
    async fn read(&self, document: Document) -> Result<Text, ExtractError> {
        let limits = &self.config.limits;
        let megabytes = limits.file_megabytes;
        if document.size > megabytes.saturating_mul(MEGABYTE) as u64 {
            return Err(ExtractError::TooLarge { megabytes });
        }
        let _turn = self.turns.acquire().await.map_err(|_closed| interrupted("the server is stopping"))?;
        let mut child = self.child().await?;
        // A child that is not kept is killed when this ends, or is broken off.
        let outcome = child.read(document, limits, self.config.patience).await?;
        self.keep(child);
        outcome
    }
}
