//! How often a password may be guessed, and how often anybody may sign in from one address.
//!
//! * An address that guessed wrong too often at one account is refused for that account. Others may go on, the account's owner among
//!   them: nobody can lock an account for somebody else.
//! * An account at which many addresses guess answers later, the owner too, by seconds at most.
//! * An address may sign in a few times a second, whatever the account, because each costs a hash.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use transom_domain::{Timestamp, now};

use super::SignInLimits;
use crate::Error;

/// Wrong guesses within [`WINDOW`] seconds from one address.
const LIMIT: usize = 15;
const WINDOW: i64 = 180;

/// How much later an account answers for each guess beyond [`LIMIT`], and at most.
const DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(3);

/// How many accounts and addresses are remembered; the least recently used are forgotten.
const REMEMBERED: u64 = 100_000;

/// Where a request comes from, as far as limits tell callers apart: an IPv4 address, or the /64 that a subscriber of IPv6 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin(Option<IpAddr>);

impl Origin {
    pub(super) fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
            v4 => v4,
        }))
    }
}

/// The guesses and the sign-ins of the last minutes.
pub(super) struct Attempts {
    by_address: Cache<(String, Origin), Arc<Mutex<Guesses>>>,
    by_account: Cache<String, Arc<Mutex<Guesses>>>,
    sign_ins: Cache<Origin, Arc<Mutex<Bucket>>>,
    limits: SignInLimits,
}

impl Attempts {
    pub(super) fn new(limits: SignInLimits) -> Self {
        let idle = Duration::from_secs(WINDOW.unsigned_abs());
        // A bucket that was left alone for so long is full again.
        let full = Duration::from_secs(u64::from(limits.burst / limits.per_second.max(1)) + 1);
        Self { by_address: remembered(idle), by_account: remembered(idle), sign_ins: remembered(full), limits }
    }

    /// Takes a sign-in of an address into account, or refuses it.
    pub(super) fn admit(&self, from: Origin) -> Result<(), Error> {
        let bucket = self.sign_ins.get_with(from, || Arc::new(Mutex::new(Bucket::full(self.limits))));
        if lock(&bucket).take(Instant::now(), self.limits) {
            return Ok(());
        }
        Err(Error::TooMany { detail: "too many sign-ins from this address; wait a moment and try again".to_owned(), retry_after: 1 })
    }

    /// Counts a guess before it is looked at, so that many at once are counted too; how long it must wait.
    pub(super) fn guess(&self, at: &str, from: Origin) -> Result<Duration, Error> {
        let now = now();
        let own = self.by_address.get_with((at.to_owned(), from), Arc::default);
        if let Some(wait) = lock(&own).count(now) {
            return Err(Error::TooMany {
                detail: "too many wrong passwords; wait three minutes and try again".to_owned(),
                retry_after: wait,
            });
        }
        let all = self.by_account.get_with(at.to_owned(), Arc::default);
        let beyond = lock(&all).note(now).saturating_sub(LIMIT);
        Ok(Ord::min(DELAY.saturating_mul(u32::try_from(beyond).unwrap_or(u32::MAX)), LONGEST_DELAY))
    }

    /// The guess was right: the address starts anew.
    pub(super) fn was_right(&self, at: &str, from: Origin) {
        self.by_address.invalidate(&(at.to_owned(), from));
        if let Some(all) = self.by_account.get(at) {
            lock(&all).take_back();
        }
    }

    /// The guess was not looked at.
    pub(super) fn take_back(&self, at: &str, from: Origin) {
        for guesses in [self.by_address.get(&(at.to_owned(), from)), self.by_account.get(at)].into_iter().flatten() {
            lock(&guesses).take_back();
        }
    }
}

fn remembered<K: std::hash::Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(idle: Duration) -> Cache<K, V> {
    // Recent use decides what stays: otherwise a flood of new names could keep an entry from being counted at all.
    Cache::builder().max_capacity(REMEMBERED).time_to_idle(idle).eviction_policy(EvictionPolicy::lru()).build()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When the last guesses were made.
#[derive(Default)]
struct Guesses(VecDeque<Timestamp>);

impl Guesses {
    /// As many as the longest delay counts.
    const KEPT: usize = 2 * LIMIT;

    /// Counts a guess; the seconds to wait where there were too many, and then it is not counted.
    fn count(&mut self, now: Timestamp) -> Option<u64> {
        self.forget(now);
        if self.0.len() < LIMIT {
            self.0.push_back(now);
            return None;
        }
        // The next guess is free when the oldest one has left the window.
        let wait = self.0.front().map_or(WINDOW, |oldest| oldest + WINDOW - now);
        Some(u64::try_from(wait).unwrap_or(1).max(1))
    }

    /// Notes a guess; how many there are with it.
    fn note(&mut self, now: Timestamp) -> usize {
        self.forget(now);
        if self.0.len() == Self::KEPT {
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len()
    }

    fn take_back(&mut self) {
        self.0.pop_back();
    }

    fn forget(&mut self, now: Timestamp) {
        while self.0.front().is_some_and(|guess| *guess <= now - WINDOW) {
            self.0.pop_front();
        }
    }
}

/// What is left of an address's sign-ins; it fills up again with time.
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn full(limits: SignInLimits) -> Self {
        Self { left: f64::from(limits.burst), at: Instant::now() }
    }

    fn take(&mut self, now: Instant, limits: SignInLimits) -> bool {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + since * f64::from(limits.per_second)).min(f64::from(limits.burst));
        self.at = now;
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> Origin {
        Origin::of(Some(address.parse().expect("an address")))
    }

    #[test]
    fn the_sixteenth_wrong_guess_of_an_address_is_not_looked_at_and_another_address_is_not_concerned() {
        let attempts = Attempts::new(SignInLimits::default());
        for _ in 0..LIMIT {
            assert_eq!(attempts.guess("ada@example.com", from("192.0.2.1")).expect("counted"), Duration::ZERO);
        }
        assert!(matches!(attempts.guess("ada@example.com", from("192.0.2.1")), Err(Error::TooMany { retry_after: 1..=180, .. })));
        attempts.guess("bob@example.com", from("192.0.2.1")).expect("another account");
        attempts.guess("ada@example.com", from("192.0.2.2")).expect("another address");
        attempts.was_right("ada@example.com", from("192.0.2.1"));
        attempts.guess("ada@example.com", from("192.0.2.1")).expect("forgotten");
    }

    #[test]
    fn an_account_that_many_addresses_guess_at_answers_later_and_always_answers() {
        let attempts = Attempts::new(SignInLimits::default());
        let mut last = Duration::ZERO;
        for n in 0..100 {
            let delay = attempts.guess("ada@example.com", from(&format!("192.0.2.{n}"))).expect("looked at");
            assert!(delay >= last && delay <= LONGEST_DELAY, "{delay:?}");
            last = delay;
        }
        assert_eq!(last, LONGEST_DELAY);
    }

    #[test]
    fn a_guess_that_was_not_looked_at_does_not_count() {
        let attempts = Attempts::new(SignInLimits::default());
        for _ in 0..10 * LIMIT {
            attempts.guess("ada@example.com", from("192.0.2.1")).expect("counted");
            attempts.take_back("ada@example.com", from("192.0.2.1"));
        }
    }

    #[test]
    fn an_address_that_signs_in_too_fast_is_refused_until_time_has_passed() {
        let limits = SignInLimits { burst: 3, per_second: 2 };
        let attempts = Attempts::new(limits);
        for _ in 0..3 {
            attempts.admit(from("192.0.2.1")).expect("within the burst");
        }
        assert!(matches!(attempts.admit(from("192.0.2.1")), Err(Error::TooMany { .. })));
        attempts.admit(from("192.0.2.2")).expect("another address");
        let mut bucket = Bucket { left: 0.0, at: Instant::now() };
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert!(bucket.take(later(1), limits) && bucket.take(later(1), limits));
        assert_eq!((0..9).filter(|_| bucket.take(later(100), limits)).count(), 3, "it fills up to its burst");
    }

    #[test]
    fn addresses_of_one_subscriber_are_one() {
        assert_eq!(from("2001:db8:1:2:3::4"), from("2001:db8:1:2:ffff::1"));
        assert_ne!(from("2001:db8:1:2::1"), from("2001:db8:1:3::1"));
        assert_eq!(from("::ffff:192.0.2.1"), from("192.0.2.1"));
        assert_ne!(from("192.0.2.1"), from("192.0.2.2"));
    }
}
