//! Passwords: argon2id, with bcrypt read for imported accounts.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::AuthError;

/// How our own hashes start; others are right but old.
const CURRENT: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
const BCRYPT: [&str; 3] = ["$2a$", "$2b$", "$2y$"];

/// Longest password, in bytes. The reference stops at 72, bcrypt's limit; argon2 has none, so this only bounds the work.
const LONGEST: usize = 1024;

/// What a new password must keep to, said to whoever chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRule {
    /// It is empty.
    #[error("the password must not be empty")]
    Empty,
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

/// Hashes and verifies passwords on the blocking pool, a few at a time: each takes 19 MiB and some 20 ms of a core,
/// and a flood of sign-ins must leave cores and blocking threads to everybody else.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    /// Half the cores at most, at least one.
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, |cores| cores.get() / 2).clamp(1, 4))
    }
}

impl Passwords {
    /// At most `at_once` hashes are computed at once; the others wait for their turn.
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once.max(1))) }
    }

    /// Whether a new password keeps to the rules.
    pub fn check(password: &str) -> Result<(), PasswordRule> {
        match password.len() {
            0 => Err(PasswordRule::Empty),
            length if length > LONGEST => Err(PasswordRule::TooLong),
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
        let turn = self.turns.clone().acquire_owned().await.map_err(|error| AuthError::Crypto(error.to_string()))?;
        // The permit travels with the work: a caller that leaves does not make room for more than `at_once`.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(|error| AuthError::Crypto(error.to_string()))
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
        Passwords::new(2).verify(password.to_owned(), Some(hash.to_owned())).await.expect("a verdict")
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_with_19_mib_and_two_passes() {
        let hash = Passwords::new(1).hash("open sesame".to_owned()).await.expect("a hash");
        assert!(hash.starts_with(CURRENT), "{hash}");
        assert_eq!(look("open sesame", &hash).await, Verdict::Right);
        assert_eq!(look("open Sesame", &hash).await, Verdict::Wrong);
        assert_ne!(hash, Passwords::new(1).hash("open sesame".to_owned()).await.expect("a hash"));
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
        let passwords = Passwords::new(1);
        assert_eq!(passwords.verify("nobody's".to_owned(), None).await.expect("a verdict"), Verdict::Wrong);
        for broken in ["", "$argon2id$", "$2b$", "$2b$99$x", "plain"] {
            assert_eq!(look("plain", broken).await, Verdict::Wrong, "{broken}");
        }
    }

    #[test]
    fn a_password_is_neither_empty_nor_endless() {
        assert_eq!(Passwords::check(""), Err(PasswordRule::Empty));
        assert_eq!(Passwords::check(&"x".repeat(1025)), Err(PasswordRule::TooLong));
        assert_eq!(Passwords::check(&"x".repeat(1024)), Ok(()));
    }
}
