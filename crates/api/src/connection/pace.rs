//! How fast a request's body comes.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep};

use super::ConnectionLimits;

/// What the middleware, the body and the extractors share of one request.
#[derive(Clone, Default)]
pub(super) struct Pace(Rc<Shared>);

#[derive(Default)]
struct Shared {
    /// Whether the body has no deadline as a whole.
    unhurried: Cell<bool>,
    too_slow: Cell<bool>,
    clock: RefCell<Clock>,
}

/// Only time in which somebody waits for the client counts: a server that writes an upload to a slow disk holds nothing against the client.
#[derive(Default)]
struct Clock {
    waiting_since: Option<Instant>,
    waited: Duration,
    received: u64,
    span_waited: Duration,
    span_received: u64,
}

impl Pace {
    pub(super) fn unhurried(&self) {
        self.0.unhurried.set(true);
    }

    pub(super) fn is_too_slow(&self) -> bool {
        self.0.too_slow.get()
    }
}

impl Clock {
    /// Adds the time since the wait began.
    fn stop(&mut self, now: Instant) {
        if let Some(since) = self.waiting_since.take() {
            let waited = now.saturating_duration_since(since);
            self.waited += waited;
            self.span_waited += waited;
        }
    }

    /// How long the wait may go on before it has to be judged again; nothing where it has been too long.
    fn left(&mut self, limits: &ConnectionLimits, unhurried: bool) -> Option<Duration> {
        if self.span_waited >= limits.stall {
            if self.span_received < limits.quota().max(1) {
                return None;
            }
            (self.span_waited, self.span_received) = (Duration::ZERO, 0);
        }
        let span = limits.stall.saturating_sub(self.span_waited);
        if unhurried {
            return Some(span);
        }
        let whole = limits.allowance(self.received).checked_sub(self.waited).filter(|left| !left.is_zero())?;
        Some(span.min(whole))
    }
}

/// A body that fails once it has come too slowly.
pub(super) struct PacedBody {
    body: Payload,
    pace: Pace,
    limits: ConnectionLimits,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl PacedBody {
    pub(super) fn new(body: Payload, pace: Pace, limits: ConnectionLimits) -> Self {
        Self { body, pace, limits, alarm: None }
    }

    fn left(&self, clock: &mut Clock) -> Option<Duration> {
        clock.left(&self.limits, self.pace.0.unhurried.get())
    }

    fn give_up(&self) -> Poll<Option<Result<Bytes, PayloadError>>> {
        self.pace.0.too_slow.set(true);
        let error = io::Error::new(ErrorKind::TimedOut, "the body came too slowly");
        Poll::Ready(Some(Err(PayloadError::Io(error))))
    }
}

impl Stream for PacedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.pace.is_too_slow() {
            return Poll::Ready(None);
        }
        let pace = this.pace.clone();
        let mut clock = pace.0.clock.borrow_mut();
        let polled = Pin::new(&mut this.body).poll_next(cx);
        let now = Instant::now();
        if let Poll::Ready(item) = polled {
            clock.stop(now);
            this.alarm = None;
            if let Some(Ok(bytes)) = &item {
                clock.received += bytes.len() as u64;
                clock.span_received += bytes.len() as u64;
                // A body that drips never waits until the alarm.
                if this.left(&mut clock).is_none() {
                    return this.give_up();
                }
            }
            return Poll::Ready(item);
        }
        loop {
            if let Some(alarm) = &mut this.alarm {
                if alarm.as_mut().poll(cx).is_pending() {
                    clock.waiting_since.get_or_insert(now);
                    return Poll::Pending;
                }
                clock.stop(Instant::now());
            }
            match this.left(&mut clock) {
                Some(left) => this.alarm = Some(Box::pin(sleep(left))),
                None => return this.give_up(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> ConnectionLimits {
        let second = Duration::from_secs(1);
        ConnectionLimits { body: 10 * second, stall: 5 * second, rate: 100, ..ConnectionLimits::default() }
    }

    fn after(seconds: u64, received: u64) -> Clock {
        let waited = Duration::from_secs(seconds);
        Clock { waited, received, span_waited: waited, span_received: received, waiting_since: None }
    }

    #[test]
    fn a_body_that_stands_still_for_a_span_is_too_slow() {
        assert!(after(4, 0).left(&limits(), true).is_some());
        assert!(after(5, 499).left(&limits(), true).is_none());
        assert!(after(5, 500).left(&limits(), true).is_some());
    }

    #[test]
    fn what_came_in_an_earlier_span_does_not_count_for_the_next() {
        let mut clock = after(5, 1_000_000);
        assert!(clock.left(&limits(), true).is_some());
        clock.span_waited = Duration::from_secs(5);
        assert!(clock.left(&limits(), true).is_none());
    }

    #[test]
    fn a_buffered_body_has_a_deadline_by_its_size_and_an_upload_has_none() {
        let mut drips = Clock { span_waited: Duration::ZERO, ..after(11, 1_100) };
        assert!(drips.left(&limits(), false).is_none());
        assert!(drips.left(&limits(), true).is_some());
        // 16,000 bytes at 1,600 a second are ten seconds more.
        let mut large = Clock { span_waited: Duration::ZERO, ..after(11, 16_000) };
        assert!(large.left(&limits(), false).is_some());
    }
}
