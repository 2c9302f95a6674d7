//! How often a password may be guessed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use transom_domain::{Timestamp, now};

use crate::Error;

const LIMIT: usize = 15;
const WINDOW: i64 = 180;

/// Wrong guesses of the last three minutes, by what was guessed at. A right one is taken back.
pub(super) struct Attempts(Cache<String, Arc<Mutex<VecDeque<Timestamp>>>>);

impl Default for Attempts {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(100_000).time_to_idle(Duration::from_secs(WINDOW as u64)).build())
    }
}

impl Attempts {
    /// Counts a guess before it is looked at, so that many at once are counted too.
    pub(super) fn count(&self, at: &str) -> Result<(), Error> {
        let guesses = self.0.get_with(at.to_owned(), Arc::default);
        let mut guesses = guesses.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        while guesses.front().is_some_and(|guess| *guess <= now - WINDOW) {
            guesses.pop_front();
        }
        if guesses.len() >= LIMIT {
            // The next guess is free when the oldest one has left the window.
            let wait = guesses.front().map_or(WINDOW, |oldest| oldest + WINDOW - now);
            return Err(Error::TooMany {
                detail: "too many wrong passwords; wait three minutes and try again".to_owned(),
                retry_after: u64::try_from(wait).unwrap_or(1).max(1),
            });
        }
        guesses.push_back(now);
        Ok(())
    }

    /// The guess was right.
    pub(super) fn forget(&self, at: &str) {
        self.0.invalidate(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixteenth_wrong_guess_is_not_looked_at() {
        let attempts = Attempts::default();
        for _ in 0..LIMIT {
            attempts.count("ada@example.com").expect("counted");
        }
        assert!(matches!(attempts.count("ada@example.com"), Err(Error::TooMany { .. })));
        attempts.count("bob@example.com").expect("another account is not concerned");
        attempts.forget("ada@example.com");
        attempts.count("ada@example.com").expect("forgotten");
    }
}
