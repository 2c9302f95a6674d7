//! How `/health` answers while something else goes on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use super::http::Request;

/// What is wished for.
const WISHED: Duration = Duration::from_millis(100);

/// What no machine excuses.
const WORST: Duration = Duration::from_secs(1);

/// Asks again and again, on a thread of its own.
pub struct Health {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

/// The times of one case.
pub struct Times {
    pub count: usize,
    pub p99: Duration,
    pub longest: Duration,
}

impl Health {
    pub fn watch(server: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let own = over.clone();
        let thread = std::thread::spawn(move || {
            let mut times = Vec::new();
            while !own.load(Ordering::Relaxed) {
                let begin = Instant::now();
                let answered = Request::new("GET", "/health").send(server).is_ok_and(|answer| answer.status == 200);
                // What is not answered at all took longer than anything.
                times.push(if answered { begin.elapsed() } else { Duration::MAX });
                sleep(Duration::from_millis(5));
            }
            times
        });
        Self { over, thread }
    }

    /// Ends the watch.
    pub fn end(self) -> Times {
        self.over.store(true, Ordering::Relaxed);
        let mut times = self.thread.join().unwrap_or_default();
        times.sort_unstable();
        let at =
            |share: f64| times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1))).copied().unwrap_or_default();
        Times { count: times.len(), p99: at(0.99), longest: at(1.0) }
    }
}

impl Times {
    /// Whether the server was held up, beyond what a busy machine does.
    pub fn are_bad(&self) -> bool {
        self.p99 > WORST
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let spell =
            |time: Duration| if time == Duration::MAX { "never".to_owned() } else { format!("{:.1} ms", time.as_secs_f64() * 1000.0) };
        let verdict = if self.p99 <= WISHED { "" } else { ", over 100 ms" };
        write!(f, "health p99 {}, longest {} of {}{verdict}", spell(self.p99), spell(self.longest), self.count)
    }
}
