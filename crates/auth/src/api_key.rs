//! API keys: `sk-` and 32 hex digits, found by a keyed digest, encrypted at rest because they are shown again.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use transom_domain::UserId;

use crate::{AuthError, Sealer, Secret, random};

/// Makes, finds and seals API keys.
pub struct ApiKeys {
    digests: Hmac<Sha256>,
    sealer: Sealer,
}

impl ApiKeys {
    /// What every API key starts with.
    pub const PREFIX: &'static str = "sk-";

    pub(crate) fn new(secret: &Secret) -> Result<Self, AuthError> {
        let crypto = |error: hmac::digest::InvalidLength| AuthError::Crypto(error.to_string());
        Ok(Self {
            digests: <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&secret.derive("API key digest")?).map_err(crypto)?,
            sealer: Sealer::new(secret, "API key at rest")?,
        })
    }

    /// A new key from the system's random source.
    pub fn generate(&self) -> Result<String, AuthError> {
        Ok(format!("{}{}", Self::PREFIX, hex::encode(random::bytes::<16>()?)))
    }

    /// What a key is found by. Without the server's secret nobody can tell which key a digest belongs to.
    pub fn digest(&self, key: &str) -> String {
        let mut mac = self.digests.clone();
        mac.update(key.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    /// Encrypts a key for the row of its account.
    pub fn seal(&self, user: &UserId, key: &str) -> Result<Vec<u8>, AuthError> {
        self.sealer.seal(user.as_str(), key)
    }

    /// Decrypts what [`ApiKeys::seal`] made for this account; `None` where it was made for another one or under another secret.
    pub fn open(&self, user: &UserId, sealed: &[u8]) -> Option<String> {
        self.sealer.open(user.as_str(), sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secret: &str) -> ApiKeys {
        ApiKeys::new(&Secret::new(secret)).expect("keys")
    }

    #[test]
    fn a_key_is_sk_and_32_hex_digits() {
        let key = keys("a").generate().expect("a key");
        let digits = key.strip_prefix("sk-").expect("sk-");
        assert!(digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        assert_ne!(key, keys("a").generate().expect("a key"));
    }

    #[test]
    fn a_digest_is_stable_and_belongs_to_one_secret() {
        assert_eq!(keys("a").digest("sk-1"), keys("a").digest("sk-1"));
        assert_ne!(keys("a").digest("sk-1"), keys("b").digest("sk-1"));
        assert_ne!(keys("a").digest("sk-1"), keys("a").digest("sk-2"));
    }

    #[test]
    fn a_sealed_key_opens_for_its_account_and_secret_alone() {
        let (ada, eve) = (UserId::from("ada"), UserId::from("eve"));
        let mut sealed = keys("a").seal(&ada, "sk-1").expect("sealed");
        assert!(!sealed.windows(4).any(|part| part == b"sk-1"));
        assert_eq!(keys("a").open(&ada, &sealed).as_deref(), Some("sk-1"));
        assert_eq!(keys("a").open(&eve, &sealed), None);
        assert_eq!(keys("b").open(&ada, &sealed), None);
        assert_eq!(keys("a").open(&ada, &[]), None);
        *sealed.last_mut().expect("a byte") ^= 1;
        assert_eq!(keys("a").open(&ada, &sealed), None);
    }
}
