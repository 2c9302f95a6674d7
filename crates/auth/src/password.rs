//! Passwords: argon2id, with bcrypt read for imported accounts.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::AuthError;

/// How our own hashes start; others are right but old.
const CURRENT: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
const BCRYPT: [&str; 3] = ["$2a$", "$2b$", "$2y$"];

/// Characters of a new password at least: what NIST SP 800-63B asks for.
const SHORTEST: usize = 8;

/// Longest password, in bytes. The reference stops at 72, bcrypt's limit; argon2 has none, so this only bounds the work.
const LONGEST: usize = 1024;

/// What a new password must keep to, said to whoever chose it. One that is set already is good whatever this says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRule {
    /// It is empty.
    #[error("the password must not be empty")]
    Empty,
    /// It is too short.
    #[error("the password must have at least {SHORTEST} characters")]
    TooShort,
    /// It is too long.
    #[error("the password must not be longer than 1024 bytes")]
    TooLong,
}

/// What a look at a password gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is another one, or there is no such account.
    Wrong,
    /// It is right.
    Right,
    /// It is right, and its hash should be made anew.
    RightButOld,
}

/// Hashes and verifies passwords on the blocking pool, a few at a time, with a short queue before them: each takes 19 MiB and some 20 ms
/// of a core, and a flood of sign-ins must leave cores, threads and sockets to everybody else. What finds no place in the queue fails at
/// once with [`AuthError::Busy`], and a caller that leaves gives its place back.
#[derive(Clone, Debug)]
pub struct Passwords {
    /// Those that are computed.
    turns: Arc<Semaphore>,
    /// Those that are computed or wait for it.
    places: Arc<Semaphore>,
}

/// How many wait for each that is computed, so that the last of them waits for less than a second.
const WAITING_FOR_EACH: usize = 32;

impl Default for Passwords {
    /// As many at once as there are cores, and eight at most, which take 150 MiB.
    fn default() -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
        Self::new(at_once, at_once * WAITING_FOR_EACH)
    }
}

impl Passwords {
    /// At most `at_once` hashes are computed at once, and at most `waiting` more wait for their turn.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        let at_once = at_once.max(1);
        Self { turns: Arc::new(Semaphore::new(at_once)), places: Arc::new(Semaphore::new(at_once + waiting)) }
    }

    /// Whether a new password keeps to the rules.
    pub fn check(password: &str) -> Result<(), PasswordRule> {
        match password.len() {
            0 => Err(PasswordRule::Empty),
            length if length > LONGEST => Err(PasswordRule::TooLong),
            _ if password.chars().count() < SHORTEST => Err(PasswordRule::TooShort),
            _ => Ok(()),
        }
    }

    /// The hash of a password, as a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, AuthError> {
        self.in_turn(move || hash(&password)).await?
    }

    /// Whether `password` is the one that `hash` was made of. Without a hash (an unknown account) the same work is done, and the answer is no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<Verdict, AuthError> {
        if password.len() > LONGEST {
            return Ok(Verdict::Wrong);
        }
        self.in_turn(move || match hash {
            Some(hash) => verify(&password, &hash),
            None => {
                verify(&password, nobodys_hash());
                Verdict::Wrong
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AuthError> {
        let failed = |error: &dyn std::fmt::Display| AuthError::Crypto(error.to_string());
        // Given back when this future is dropped, so that nobody waits behind a client that has left.
        let _place = self.places.clone().try_acquire_owned().map_err(|_| AuthError::Busy)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|error| failed(&error))?;
        // The permit travels with the work: a caller that leaves does not make room for more than `at_once`.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|error| failed(&error))
    }
}

fn argon2() -> Result<Argon2<'static>, AuthError> {
    let params = Params::new(19_456, 2, 1, None).map_err(|error| AuthError::Crypto(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, AuthError> {
    let hashed = argon2()?.hash_password(password.as_bytes()).map_err(|error| AuthError::Crypto(error.to_string()))?;
    Ok(hashed.to_string())
}

/// What an unknown account's password is compared with.
fn nobodys_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash("nobody's").unwrap_or_default())
}

fn verify(password: &str, hash: &str) -> Verdict {
    if BCRYPT.iter().any(|start| hash.starts_with(start)) {
        // bcrypt looks at 72 bytes alone; a longer password was never accepted where these hashes come from.
        let right = password.len() <= 72 && bcrypt::verify(password, hash).unwrap_or(false);
        return if right { Verdict::RightButOld } else { Verdict::Wrong };
    }
    let right = PasswordHash::new(hash).is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
    match right {
        false => Verdict::Wrong,
        true if hash.starts_with(CURRENT) => Verdict::Right,
        true => Verdict::RightButOld,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn look(password: &str, hash: &str) -> Verdict {
        Passwords::new(2, 8).verify(password.to_owned(), Some(hash.to_owned())).await.expect("a verdict")
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_with_19_mib_and_two_passes() {
        let hash = Passwords::new(1, 8).hash("open sesame".to_owned()).await.expect("a hash");
        assert!(hash.starts_with(CURRENT), "{hash}");
        assert_eq!(look("open sesame", &hash).await, Verdict::Right);
        assert_eq!(look("open Sesame", &hash).await, Verdict::Wrong);
        assert_ne!(hash, Passwords::new(1, 8).hash("open sesame".to_owned()).await.expect("a hash"));
    }

    #[tokio::test]
    async fn a_bcrypt_hash_of_an_imported_account_is_right_but_old() {
        let parts = bcrypt::hash_with_result("open sesame", 4).expect("a hash");
        for version in [bcrypt::Version::TwoA, bcrypt::Version::TwoB, bcrypt::Version::TwoY] {
            let hash = parts.format_for_version(version);
            assert_eq!(look("open sesame", &hash).await, Verdict::RightButOld);
            assert_eq!(look("shut sesame", &hash).await, Verdict::Wrong);
        }
    }

    #[tokio::test]
    async fn bcrypt_does_not_overlook_what_stands_behind_72_bytes() {
        let hash = bcrypt::hash("a".repeat(72), 4).expect("a hash");
        assert_eq!(look(&"a".repeat(72), &hash).await, Verdict::RightButOld);
        assert_eq!(look(&"a".repeat(73), &hash).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn an_argon2_hash_with_other_settings_is_right_but_old() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).expect("settings"));
        let hash = weak.hash_password(b"open sesame").expect("a hash").to_string();
        assert_eq!(look("open sesame", &hash).await, Verdict::RightButOld);
    }

    #[tokio::test]
    async fn no_account_no_hash_and_a_broken_hash_are_all_wrong() {
        let passwords = Passwords::new(1, 8);
        assert_eq!(passwords.verify("nobody's".to_owned(), None).await.expect("a verdict"), Verdict::Wrong);
        for broken in ["", "$argon2id$", "$2b$", "$2b$99$x", "plain"] {
            assert_eq!(look("plain", broken).await, Verdict::Wrong, "{broken}");
        }
    }

    /// A piece of work that runs until its sender is dropped.
    fn endless() -> (std::sync::mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
        let (sender, receiver) = std::sync::mpsc::channel();
        (sender, move || {
            let _ = receiver.recv();
        })
    }

    #[tokio::test]
    async fn what_finds_no_place_in_the_queue_is_refused_at_once() {
        let passwords = Passwords::new(1, 1);
        let (stop, work) = endless();
        let running = tokio::spawn({
            let passwords = passwords.clone();
            async move { passwords.in_turn(work).await }
        });
        while passwords.turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let mut waiting = Box::pin(passwords.in_turn(|| "mine"));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        assert!(matches!(passwords.verify("x".to_owned(), None).await, Err(AuthError::Busy)));
        assert!(matches!(passwords.hash("x".to_owned()).await, Err(AuthError::Busy)));
        drop(stop);
        assert_eq!(waiting.await.expect("its turn"), "mine");
        running.await.expect("a task").expect("done");
    }

    #[tokio::test]
    async fn a_caller_that_leaves_gives_its_place_back_and_no_turn_before_its_work_ends() {
        let passwords = Passwords::new(1, 1);
        let (stop, work) = endless();
        let running = tokio::spawn({
            let passwords = passwords.clone();
            async move { passwords.in_turn(work).await }
        });
        while passwords.turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let mut waiting = Box::pin(passwords.in_turn(|| ()));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(waiting);
        assert_eq!(passwords.places.available_permits(), 1);
        running.abort();
        assert!(running.await.expect_err("it was ended").is_cancelled());
        assert_eq!((passwords.places.available_permits(), passwords.turns.available_permits()), (2, 0), "its hash is still computed");
        drop(stop);
        passwords.in_turn(|| ()).await.expect("its turn comes");
    }

    #[test]
    fn a_new_password_has_eight_characters_and_an_end() {
        assert_eq!(Passwords::check(""), Err(PasswordRule::Empty));
        for short in ["x", "1234567", "äöüßäöü"] {
            assert_eq!(Passwords::check(short), Err(PasswordRule::TooShort), "{short}");
        }
        assert_eq!(Passwords::check("12345678"), Ok(()));
        assert_eq!(Passwords::check(&"x".repeat(1025)), Err(PasswordRule::TooLong));
        assert_eq!(Passwords::check(&"x".repeat(1024)), Ok(()));
    }
}
