//! Passwords, session tokens, API keys and their secrets.
//!
//! * [`Secret`]: the server's one secret, configured or made and kept in the data folder; [`Keys`] are derived from it.
//! * [`Passwords`]: argon2id on the blocking pool, a few at a time behind a short queue; bcrypt hashes of imported accounts are verified.
//! * [`Tokens`]: session tokens (JWT, HS256 and nothing else).
//! * [`ApiKeys`]: `sk-…` keys, found by a keyed digest and encrypted at rest.
//! * [`Sealer`]: other texts that are encrypted at rest.
//!
//! ```
//! use transom_auth::{Keys, Lifetime, Secret};
//! use transom_domain::UserId;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let keys = Keys::derive(&Secret::new("0123456789abcdef0123456789abcdef"))?;
//! let ada = UserId::from("ada");
//! let issued = keys.tokens.issue(&ada, 0, transom_domain::now(), "4w".parse::<Lifetime>()?)?;
//! assert_eq!(keys.tokens.read(&issued.text)?.id, ada);
//! # Ok(())
//! # }
//! ```
//!
//! A credential that is wrong, foreign or too old is one error without a reason, since a reason helps whoever guesses; a damaged secret
//! is an error of the start, in words for whoever runs the server.
//!
//! This crate knows neither HTTP nor rows: which account a credential belongs to is decided by who asks the store.

mod api_key;
mod error;
mod lifetime;
mod password;
mod random;
mod sealer;
mod secret;
mod token;

pub use api_key::ApiKeys;
pub use error::AuthError;
pub use lifetime::{Lifetime, UnknownLifetime};
pub use password::{PasswordRule, Passwords, Verdict};
pub use sealer::Sealer;
pub use secret::{Secret, SecretError};
pub use token::{Claims, IssuedToken, Tokens};

/// What is derived from the server's secret.
pub struct Keys {
    /// Signs and reads session tokens.
    pub tokens: Tokens,
    /// Makes, finds and seals API keys.
    pub api_keys: ApiKeys,
}

impl Keys {
    /// Derives one key a purpose, so that none can stand in for another.
    pub fn derive(secret: &Secret) -> Result<Self, AuthError> {
        Ok(Self { tokens: Tokens::new(&secret.derive("session token")?), api_keys: ApiKeys::new(secret)? })
    }
}
