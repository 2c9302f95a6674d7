//! One child, as its parent sees it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use transom_domain::Text;
use transom_ingest::{Document, ExtractError};

use crate::clock::Clock;
use crate::frame::{Reply, Request, receive_head, send_head};
use crate::limits::{Limits, MEGABYTE, Protection};
use crate::sandbox::Program;

/// How long a process that has closed its socket may take to end.
const LAST_BREATH: Duration = Duration::from_secs(2);
/// So much of what a child last complained of is kept.
const COMPLAINT: usize = 1024;
/// What Rust's runtime says where memory ends.
const OUT_OF_MEMORY: &[u8] = b"memory allocation of";

/// A process that reads documents. Dropped, it is killed.
pub(crate) struct Child {
    process: tokio::process::Child,
    socket: BufReader<UnixStream>,
    complaint: JoinHandle<Vec<u8>>,
    /// Documents it has read.
    pub(crate) documents: u32,
    /// Processor time that its documents took; where the system does not say, how long they lasted.
    pub(crate) worked: Duration,
}

impl Child {
    /// Starts a process, and says what it is kept from.
    pub(crate) async fn start(program: &Program, limits: &Limits) -> io::Result<(Self, Protection)> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .arg0(program.name())
            // A secret that is not there cannot be told. One document is one processor's work.
            .env_clear()
            .env("RAYON_NUM_THREADS", "1")
            .current_dir("/")
            // What is typed to stop the server is not for its children: it stops them itself, and knows why they ended.
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut process = command.spawn()?;
        // With it goes our copy of the child's end: a child that ends is noticed by that.
        drop(command);
        let stderr = process.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let complaint = tokio::spawn(last_words(stderr));
        let socket = BufReader::new(UnixStream::from_std(ours)?);
        let mut child = Self { process, socket, complaint, documents: 0, worked: Duration::ZERO };
        send_head(&mut child.socket, limits).await?;
        let protection = receive_head(&mut child.socket).await?;
        Ok((child, protection))
    }

    /// Whether it still runs: an idle one may have been killed by somebody.
    pub(crate) fn lives(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Memory that it holds now, where the system says.
    pub(crate) fn memory_megabytes(&self) -> Option<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()?)).ok()?;
        let kilobytes: usize =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse().ok())?;
        Some(kilobytes * 1024 / MEGABYTE)
    }

    /// Gives it a document and waits for the text. The outer error is the child's end: it can read nothing more.
    pub(crate) async fn read(
        &mut self,
        document: Document,
        limits: &Limits,
        patience: Duration,
    ) -> Result<Result<Text, ExtractError>, ExtractError> {
        match timeout(patience, self.give(document)).await {
            Ok(Ok(())) => {}
            Ok(Err(Given::Source)) => return Err(interrupted("its stored bytes could not be read")),
            Ok(Err(Given::Broken)) => return Err(self.why(limits).await),
            Err(_elapsed) => return Err(interrupted("its stored bytes came too slowly")),
        }
        let clock = Clock::start(self.process.id());
        let taken = tokio::select! {
            taken = self.take(limits) => taken,
            reason = clock.overrun(limits.time, patience) => return Err(reason),
        };
        self.documents += 1;
        self.worked += clock.worked().unwrap_or_else(|| clock.elapsed());
        match taken {
            Ok(outcome) => Ok(outcome),
            Err(_broken) => Err(self.why(limits).await),
        }
    }

    async fn give(&mut self, document: Document) -> Result<(), Given> {
        let Document { mut bytes, size, filename, content_type } = document;
        send_head(&mut self.socket, &Request { size, filename, content_type }).await?;
        let mut left = size;
        while let Some(piece) = bytes.next().await {
            let piece = piece.map_err(|reason| {
                tracing::error!(%reason, "the bytes of a file could not be read");
                Given::Source
            })?;
            left = left.checked_sub(piece.len() as u64).ok_or(Given::Source)?;
            self.socket.write_all(&piece).await?;
        }
        if left == 0 { Ok(()) } else { Err(Given::Source) }
    }

    async fn take(&mut self, limits: &Limits) -> io::Result<Result<Text, ExtractError>> {
        let Reply { size, outcome } = receive_head(&mut self.socket).await?;
        let size = usize::try_from(size).ok().filter(|&size| size <= limits.text_megabytes.saturating_mul(MEGABYTE));
        let mut letters = vec![0; size.ok_or(io::ErrorKind::InvalidData)?];
        self.socket.read_exact(&mut letters).await?;
        let mut text = match outcome {
            Ok(text) => text,
            Err(reason) => return Ok(Err(reason)),
        };
        // Whoever wrote this may be in the hands of the document: nothing about it is taken on trust.
        text.text = String::from_utf8(letters).map_err(|_| io::ErrorKind::InvalidData)?;
        if text.is_consistent() { Ok(Ok(text)) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// Why the conversation broke off.
    async fn why(&mut self, limits: &Limits) -> ExtractError {
        let Ok(Ok(status)) = timeout(LAST_BREATH, self.process.wait()).await else {
            tracing::warn!("a process that reads documents spoke out of turn");
            return ExtractError::Crashed;
        };
        tracing::warn!(%status, "a process that reads documents ended over one");
        let complaint = timeout(LAST_BREATH, &mut self.complaint).await.ok().and_then(Result::ok).unwrap_or_default();
        let out_of_memory = complaint.windows(OUT_OF_MEMORY.len()).any(|words| words == OUT_OF_MEMORY);
        reason(status, out_of_memory, limits)
    }
}

/// What a process's end says about the document it was reading.
fn reason(status: ExitStatus, out_of_memory: bool, limits: &Limits) -> ExtractError {
    const BY_OTHERS: [rustix::process::Signal; 4] = {
        use rustix::process::Signal;
        [Signal::KILL, Signal::TERM, Signal::INT, Signal::HUP]
    };
    match status.signal() {
        _ if out_of_memory => ExtractError::TooCostly { megabytes: limits.memory_megabytes },
        Some(signal) if signal == rustix::process::Signal::XCPU.as_raw() => ExtractError::TimedOut { seconds: limits.time.as_secs() },
        // No document does this: the system was short of memory, or somebody stops us.
        Some(signal) if BY_OTHERS.iter().any(|other| other.as_raw() == signal) => interrupted("the process that read it was stopped"),
        _ => ExtractError::Crashed,
    }
}

/// Why a document was not given as a whole.
enum Given {
    /// Its bytes did not come, or were more or fewer than was said.
    Source,
    /// The child did not take them.
    Broken,
}

impl From<io::Error> for Given {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

pub(crate) fn interrupted(reason: &'static str) -> ExtractError {
    ExtractError::Interrupted { reason: reason.into() }
}

/// Reads what a child says, and keeps the last of it. It may hold a document's words, so nobody else gets to see it.
async fn last_words(mut stderr: ChildStderr) -> Vec<u8> {
    let (mut kept, mut piece) = (Vec::new(), [0; COMPLAINT]);
    while let Ok(length @ 1..) = stderr.read(&mut piece).await {
        kept.extend_from_slice(&piece[..length]);
        let before = kept.len().saturating_sub(COMPLAINT);
        kept.drain(..before);
    }
    kept
}
