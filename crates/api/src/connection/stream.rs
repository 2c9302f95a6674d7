//! One connection's socket, which gives up on a client that keeps it without using it.

use std::cell::Cell;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::ConnectionLimits;
use super::admission::Permit;

/// What the socket knows of the requests on it. The middleware tells.
#[derive(Clone)]
pub(super) struct Activity(Rc<State>);

struct State {
    requests: Cell<usize>,
    idle_since: Cell<Instant>,
}

/// A request that is being answered, until this is dropped.
pub(super) struct Busy(Activity);

impl Activity {
    fn new() -> Self {
        Self(Rc::new(State { requests: Cell::new(0), idle_since: Cell::new(Instant::now()) }))
    }

    pub(super) fn begin(&self) -> Busy {
        self.0.requests.set(self.0.requests.get() + 1);
        Busy(self.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let state = &self.0.0;
        state.requests.set(state.requests.get() - 1);
        state.idle_since.set(Instant::now());
    }
}

/// A TCP stream with limits on waiting for its client.
///
/// Reading fails once there has been no request for too long. The wait for the rest of a request's body is not judged here but by
/// [`super::pace`], which sees whether anybody waits for it.
/// Writing fails once the client reads less than the limits ask for.
pub(super) struct GuardedStream {
    stream: TcpStream,
    activity: Activity,
    limits: Rc<ConnectionLimits>,
    wait: Pin<Box<Sleep>>,
    blocked: Option<Blocked>,
    _permit: Permit,
}

/// A client that has not taken all that was written.
struct Blocked {
    /// Bytes that it has taken in this span.
    taken: u64,
    end_of_span: Pin<Box<Sleep>>,
}

impl GuardedStream {
    pub(super) fn new(stream: TcpStream, limits: Rc<ConnectionLimits>, permit: Permit) -> Self {
        let wait = Box::pin(sleep(limits.patience()));
        Self { stream, activity: Activity::new(), limits, wait, blocked: None, _permit: permit }
    }

    pub(super) fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// Pending, until there has been no request for too long.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.wait.as_mut().poll(cx));
            let (now, patience) = (Instant::now(), self.limits.patience());
            let in_use = self.activity.0.requests.get() > 0 || self.blocked.is_some();
            let end = if in_use { now + patience } else { self.activity.0.idle_since.get() + patience };
            if end <= now {
                return Poll::Ready(io::Error::new(ErrorKind::TimedOut, "the client sent no request"));
            }
            self.wait.as_mut().reset(end);
        }
    }

    /// Pending, until the client has taken too little for too long.
    fn poll_blocked(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let limits = &self.limits;
        let blocked = self.blocked.get_or_insert_with(|| Blocked { taken: 0, end_of_span: Box::pin(sleep(limits.stall)) });
        loop {
            ready!(blocked.end_of_span.as_mut().poll(cx));
            if blocked.taken < limits.quota().max(1) {
                return Poll::Ready(io::Error::new(ErrorKind::TimedOut, "the client does not read its answer"));
            }
            *blocked = Blocked { taken: 0, end_of_span: Box::pin(sleep_until(Instant::now() + limits.stall)) };
        }
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            Poll::Pending => this.poll_wait(cx).map(Err),
            read => read,
        }
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_write(cx, bytes) {
            Poll::Pending => this.poll_blocked(cx).map(Err),
            written => {
                if let (Some(blocked), Poll::Ready(Ok(count))) = (&mut this.blocked, &written) {
                    blocked.taken += *count as u64;
                }
                written
            }
        }
    }

    /// Called once everything has been written: nothing is held up any more.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.blocked = None;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
