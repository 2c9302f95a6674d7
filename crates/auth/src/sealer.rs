//! Texts that are stored and shown again: encrypted at rest, each for the place that it belongs to.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};

use crate::{AuthError, Secret, random};

const FORM: u8 = 1;
const NONCE: usize = 12;
/// What sealed text begins with.
const SEALED: &str = "sealed:";

/// Encrypts texts of one purpose with a key of their own (AES-256-GCM).
pub struct Sealer(Aes256Gcm);

impl Sealer {
    /// The one for the settings of functions.
    ///
    /// # Errors
    /// Where the secret is of no use for it.
    pub fn for_valves(secret: &Secret) -> Result<Self, AuthError> {
        Self::new(secret, "valves at rest")
    }

    pub(crate) fn new(secret: &Secret, purpose: &str) -> Result<Self, AuthError> {
        Ok(Self(Aes256Gcm::new(&secret.derive(purpose)?.into())))
    }

    /// Encrypts a text for a place, such as the id of its row: it opens nowhere else. What comes out is text again.
    ///
    /// # Errors
    /// Where the system has no randomness.
    pub fn seal_text(&self, place: &str, text: &str) -> Result<String, AuthError> {
        Ok(format!("{SEALED}{}", hex::encode(self.seal(place, text)?)))
    }

    /// Decrypts what [`Sealer::seal_text`] made for this place; `None` where it was made for another one or under another secret.
    pub fn open_text(&self, place: &str, sealed: &str) -> Option<String> {
        self.open(place, &hex::decode(sealed.strip_prefix(SEALED)?).ok()?)
    }

    /// The same in bytes.
    pub(crate) fn seal(&self, place: &str, text: &str) -> Result<Vec<u8>, AuthError> {
        let nonce: [u8; NONCE] = random::bytes()?;
        let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
        let encrypted =
            self.0.encrypt(&Nonce::from(nonce), payload).map_err(|_| AuthError::Crypto("a text could not be encrypted".to_owned()))?;
        Ok([&[FORM][..], &nonce, &encrypted].concat())
    }

    pub(crate) fn open(&self, place: &str, sealed: &[u8]) -> Option<String> {
        let (form, rest) = sealed.split_first()?;
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE>()?;
        if *form != FORM {
            return None;
        }
        let payload = Payload { msg: encrypted, aad: place.as_bytes() };
        String::from_utf8(self.0.decrypt(&Nonce::from(*nonce), payload).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_for_its_place_secret_and_purpose_alone() {
        let (secret, other) = (Secret::new("a"), Secret::new("b"));
        let sealer = Sealer::for_valves(&secret).expect("a sealer");
        let sealed = sealer.seal("echo", "sk-1").expect("sealed");
        assert!(!sealed.windows(4).any(|part| part == b"sk-1"));
        assert_ne!(sealed, sealer.seal("echo", "sk-1").expect("sealed"));
        assert_eq!(sealer.open("echo", &sealed).as_deref(), Some("sk-1"));
        assert_eq!(sealer.open("other", &sealed), None);
        assert_eq!(Sealer::for_valves(&other).expect("a sealer").open("echo", &sealed), None);
        assert_eq!(Sealer::new(&secret, "another purpose").expect("a sealer").open("echo", &sealed), None);
        assert_eq!(sealer.open("echo", b""), None);
        let text = sealer.seal_text("echo", "sk-1").expect("sealed");
        assert_eq!(sealer.open_text("echo", &text).as_deref(), Some("sk-1"));
        assert_eq!(sealer.open_text("other", &text), None);
        assert_eq!(sealer.open_text("echo", "sealed:zz"), None);
    }
}
