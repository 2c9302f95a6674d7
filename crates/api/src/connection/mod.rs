//! Connections of clients: how many there may be, and how long each may take for what it sends and reads.
//!
//! actix-web limits the time for the first request's head and the idle time between requests. Everything else is here:
//!
//! * [`bind`] accepts connections up to the limits, in all and for each address, and closes those above.
//! * `GuardedStream` closes a connection that is neither idle nor in a request for too long, such as one that sends the second head byte by
//!   byte or never ends the body of a request that was refused, and one that does not read its answer.
//! * [`deadlines`] is the middleware that ends the wait for a body that comes too slowly, with a 408.

mod admission;
mod bind;
mod deadlines;
mod pace;
mod stream;

use std::time::Duration;

pub use bind::bind;
pub use deadlines::deadlines;
pub(crate) use deadlines::unhurried;

/// A body that is buffered must come this many times as fast as the slowest upload.
const BUFFERED: u64 = 16;

/// What a connection may take. [`bind`] needs them, and [`deadlines`] finds them in the application's data.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Connections at once; `None`: no limit.
    pub all: Option<usize>,
    /// Connections at once from one address; of IPv6 from one /64 network. `None`: no limit.
    pub per_address: Option<usize>,
    /// How long a client may take for a request's line and headers.
    pub head: Duration,
    /// How long a connection may be idle between requests; zero closes it after each.
    pub keep_alive: Duration,
    /// How long a client may take for a body that is buffered, beside what its size allows at sixteen times `rate`.
    pub body: Duration,
    /// In each such span a client must send or read `rate` bytes a second at least, as long as the server waits for it.
    pub stall: Duration,
    /// Bytes a second.
    pub rate: u64,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            all: Some(10_000),
            per_address: Some(2_000),
            head: Duration::from_secs(10),
            keep_alive: Duration::from_secs(5),
            body: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            rate: 1024,
        }
    }
}

impl ConnectionLimits {
    /// Bytes that must move in each span.
    fn quota(&self) -> u64 {
        (self.rate as f64 * self.stall.as_secs_f64()) as u64
    }

    /// How long a connection may be without a request before it is closed, idle or not.
    fn patience(&self) -> Duration {
        self.head + self.keep_alive
    }

    /// How long a client may take for a buffered body of which so many bytes have come.
    fn allowance(&self, received: u64) -> Duration {
        self.body + Duration::from_secs_f64(received as f64 / (BUFFERED * self.rate.max(1)) as f64)
    }
}
