//! One worker: a process that runs one function's code, and the calls in it.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::codec::{AnyDelimiterCodec, FramedRead};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use transom_confine::Confinement;
use transom_llm::CallContext;

use super::asks;
use super::config::PythonConfig;
use super::conversation::Conversation;
use super::environment::Ready;
use super::processes::{died, end_group, unstarted, watch};
use super::protocol::{self, Call, Failure, Message, Op, Spoken};

/// A worker. Dropping it ends its process and every process that the function started.
pub(super) struct Worker {
    pub inner: Arc<Inner>,
}

/// What the worker's tasks share with its calls.
pub(super) struct Inner {
    pub calls: Mutex<HashMap<u64, Running>>,
    next: AtomicU64,
    outbox: mpsc::UnboundedSender<Bytes>,
    /// Ends the process.
    pub end: CancellationToken,
    /// Why it was ended, where it was; what its calls are told.
    pub reason: Mutex<Option<String>>,
    /// Takes no new calls: it is dead, or one of its calls does not end.
    pub retired: AtomicBool,
    last_used: Mutex<Instant>,
    largest_output: usize,
    /// How many processes it may start, and how much memory they may hold together.
    pub bounds: (usize, u64),
    pub grace: Duration,
}

/// A call that runs.
pub(super) struct Running {
    sender: mpsc::UnboundedSender<Message>,
    said: usize,
    context: Option<Arc<CallContext>>,
    pub asked: HashMap<u64, AbortOnDropHandle<()>>,
}

impl Worker {
    /// Starts the process; nothing is loaded yet.
    pub fn start(config: &PythonConfig, ready: &Ready, folder: &Path) -> std::io::Result<Self> {
        let mut child = command(config, ready, folder)?.spawn()?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err(std::io::Error::other("a worker without pipes"));
        };
        let (outbox, messages) = mpsc::unbounded_channel();
        let inner = Arc::new(Inner {
            calls: Mutex::default(),
            next: AtomicU64::new(0),
            outbox,
            end: CancellationToken::new(),
            reason: Mutex::default(),
            retired: AtomicBool::new(false),
            last_used: Mutex::new(Instant::now()),
            largest_output: config.limits.output_bytes,
            bounds: (config.limits.processes, config.limits.memory_bytes),
            grace: config.grace,
        });
        tokio::spawn(write(stdin, messages, inner.end.clone()));
        tokio::spawn(log(stderr));
        tokio::spawn(supervise(child, stdout, inner.clone()));
        Ok(Self { inner })
    }

    /// Whether new calls may be put to it.
    pub fn takes_calls(&self) -> bool {
        !self.inner.retired.load(Ordering::Acquire)
    }

    /// Since when nothing runs in it; `None` while something does.
    pub fn idle_since(&self) -> Option<Instant> {
        let calls = lock(&self.inner.calls);
        calls.is_empty().then(|| *lock(&self.inner.last_used))
    }

    /// Ends it at once; its calls fail with this sentence.
    pub fn kill(&self, sentence: &str) {
        self.inner.kill(sentence);
    }

    /// Says something that has no answer.
    pub fn tell(&self, op: Op<'_>) {
        self.inner.send(&Call { id: u64::MAX, op });
    }

    /// Puts a call to it, which may take until `limit` has passed.
    pub fn call(self: &Arc<Self>, op: Op<'_>, context: Option<Arc<CallContext>>, limit: Duration) -> Conversation {
        let inner = &self.inner;
        let id = inner.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::unbounded_channel();
        lock(&inner.calls).insert(id, Running { sender, said: 0, context, asked: HashMap::new() });
        if !self.takes_calls() {
            // It died between being chosen and being asked.
            lock(&inner.calls).remove(&id);
        }
        inner.send(&Call { id, op });
        Conversation::new(self.clone(), id, receiver, limit)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.inner.kill("the function was replaced");
    }
}

impl Inner {
    pub fn kill(&self, sentence: &str) {
        lock(&self.reason).get_or_insert_with(|| sentence.to_owned());
        self.retired.store(true, Ordering::Release);
        self.end.cancel();
    }

    pub fn send<T: serde::Serialize>(&self, message: &T) {
        // A worker that has ended reads nothing; its calls hear of it elsewhere.
        let _ = self.outbox.send(protocol::line(message));
    }

    /// Takes a line of the process; whether it is one of ours.
    fn take(self: &Arc<Self>, line: &Bytes) -> bool {
        match protocol::read(line) {
            Some(Spoken::Of(id, message)) => self.deliver(id, message, line.len()),
            Some(Spoken::Asks { question, call, what, payload }) => self.asked(question, call, what, payload),
            Some(Spoken::Drops(question)) => {
                for running in lock(&self.calls).values_mut() {
                    running.asked.remove(&question);
                }
            }
            None => return false,
        }
        true
    }

    fn deliver(&self, id: u64, message: Message, size: usize) {
        let mut calls = lock(&self.calls);
        let Some(running) = calls.get_mut(&id) else { return };
        if matches!(message, Message::End(_) | Message::Failed(_)) {
            if let Some(running) = calls.remove(&id) {
                let _ = running.sender.send(message);
            }
            *lock(&self.last_used) = Instant::now();
            return;
        }
        if running.said > self.largest_output && !matches!(message, Message::Heard) {
            return;
        }
        running.said += size;
        if running.said > self.largest_output {
            let words = format!("the function's answer is larger than {} bytes", self.largest_output);
            let _ = running.sender.send(Message::Failed(Failure { words, status: 500, line: None }));
        } else {
            let _ = running.sender.send(message);
        }
    }

    fn asked(self: &Arc<Self>, question: u64, call: u64, what: String, payload: Bytes) {
        let mut calls = lock(&self.calls);
        let Some(running) = calls.get_mut(&call) else { return };
        let context = running.context.clone().unwrap_or_default();
        let outbox = self.outbox.clone();
        let answering = tokio::spawn(asks::answer(context, question, what, payload, move |answer| {
            let _ = outbox.send(protocol::line(&answer));
        }));
        running.asked.insert(question, AbortOnDropHandle::new(answering));
    }
}

fn command(config: &PythonConfig, ready: &Ready, folder: &Path) -> std::io::Result<Command> {
    let (work, temporary) = (folder.join("work"), folder.join("tmp"));
    let confinement = Confinement {
        program: ready.python.clone(),
        arguments: vec!["-I".to_owned(), "-u".to_owned(), ready.worker.to_string_lossy().into_owned()],
        read: vec![config.folder.join("worker"), config.environment.clone(), folder.join("packages")],
        read_around: ready.reads.iter().cloned().chain(config.certificates()).collect(),
        hidden: config.hidden.clone(),
        write: vec![work.clone(), temporary.clone()],
        ..Confinement::default()
    };
    let mut command = Command::new(&config.launcher.path);
    command
        .args(&config.launcher.arguments)
        .arg(confinement.argument()?)
        .current_dir(&work)
        .env_clear()
        .envs(config.for_workers())
        .env("HOME", &work)
        .env("TMPDIR", &temporary)
        // Each thread's arena is 64 MiB of addresses, which count as memory.
        .env("MALLOC_ARENA_MAX", "2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, which is ended as a whole.
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

async fn write(mut stdin: ChildStdin, mut messages: mpsc::UnboundedReceiver<Bytes>, end: CancellationToken) {
    while let Some(Some(message)) = end.run_until_cancelled(messages.recv()).await {
        if !matches!(end.run_until_cancelled(stdin.write_all(&message)).await, Some(Ok(()))) {
            break;
        }
    }
}

/// What a function prints is for who writes it. It is read to the end, whatever its lines look like.
async fn log(mut stderr: impl AsyncRead + Unpin) {
    let mut part = vec![0; 8 << 10];
    while let Ok(length @ 1..) = stderr.read(&mut part).await {
        tracing::debug!(target: "transom::function", printed = %String::from_utf8_lossy(&part[..length]).trim_end());
    }
}

/// Reads what the process says until it ends, ends what is left of it, and tells its calls.
async fn supervise(mut child: Child, stdout: ChildStdout, inner: Arc<Inner>) {
    let group = child.id();
    // A line is a little longer than what it holds.
    let longest = inner.largest_output + (64 << 10);
    let mut lines = FramedRead::new(stdout, AnyDelimiterCodec::new_with_max_length(b"\n".to_vec(), b"\n".to_vec(), longest));
    let watch = AbortOnDropHandle::new(tokio::spawn(watch(group, inner.clone())));
    let mut has_spoken = false;
    loop {
        match inner.end.run_until_cancelled(lines.next()).await {
            Some(Some(Ok(line))) if inner.take(&line) => has_spoken = true,
            Some(Some(_)) => {
                inner.kill("the function's process sent something that is no answer and was ended");
                break;
            }
            Some(None) | None => break,
        }
    }
    drop(watch);
    inner.retired.store(true, Ordering::Release);
    // It closed its pipe: it is ending. What it started may go on, and is ended with it.
    let status = match tokio::time::timeout(Duration::from_millis(500), child.wait()).await {
        Ok(Ok(status)) if !inner.end.is_cancelled() => Some(status),
        _ => None,
    };
    end_group(group);
    let _ = child.kill().await;
    if let Some(status) = status {
        lock(&inner.reason).get_or_insert_with(|| if has_spoken { died(status) } else { unstarted(status) });
    }
    inner.end.cancel();
    lock(&inner.calls).clear();
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
