//! How one Ollama is reached.

use secrecy::SecretString;
use transom_upstream::Limits;

/// How one Ollama is reached.
#[derive(Clone, Debug)]
pub struct OllamaConfig {
    /// The address above `/api`, such as `http://localhost:11434`.
    pub base_url: String,
    /// Sent as `Authorization: Bearer …`, for a proxy before the Ollama; none where it is empty.
    pub key: Option<SecretString>,
    /// How long and how large answers may be.
    pub limits: Limits,
}
