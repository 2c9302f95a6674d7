//! Whether a secret can be guessed.

use std::collections::BTreeSet;

/// A secret signs sessions and encrypts keys, so it should be at least as long as the digest it keys.
pub(crate) const SHORTEST: usize = 32;

/// Fewer different characters than this are a pattern. Random hexadecimal digits have sixteen.
pub(crate) const LEAST_DISTINCT: usize = 8;

/// What placeholders in deployment examples say, in lower case and without punctuation. Examples get longer than any minimum.
const PLACEHOLDERS: [&str; 14] = [
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "replacewith",
    "yoursecret",
    "yourwebuisecret",
    "mysecret",
    "secretkeyhere",
    "supersecret",
    "topsecret",
    "t0ps3cr3t",
    "examplesecret",
    "insecure",
];

/// Whether a secret is too short, is a pattern, or is a placeholder that everybody has read.
pub(crate) fn is_weak(secret: &str) -> bool {
    let characters: Vec<char> = secret.chars().collect();
    let distinct: BTreeSet<&char> = characters.iter().collect();
    characters.len() < SHORTEST || distinct.len() < LEAST_DISTINCT || repeats(&characters) || is_placeholder(secret)
}

/// Whether it is a shorter text, several times: `0123456789abcdef0123456789abcdef`.
fn repeats(characters: &[char]) -> bool {
    (1..=characters.len() / 2).any(|period| characters.iter().zip(&characters[period..]).all(|(first, second)| first == second))
}

fn is_placeholder(secret: &str) -> bool {
    let bare: String = secret.to_lowercase().chars().filter(|character| character.is_alphanumeric()).collect();
    PLACEHOLDERS.iter().any(|placeholder| bare.contains(placeholder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_of_an_example_is_weak_however_long_it_is() {
        for weak in [
            "t0p-s3cr3t",
            "short",
            &"a".repeat(64),
            "0123456789abcdef0123456789abcdef",
            "0123456789abcdef0123456789abcdef01234567",
            "CHANGE_ME_to_a_long_random_string_0123456789",
            "your-secret-key-that-is-at-least-32-characters-long",
            "please-replace-this-with-random-bytes-0123",
        ] {
            assert!(is_weak(weak), "{weak}");
        }
    }

    #[test]
    fn a_random_secret_is_not_weak() {
        for good in
            ["2f1d0c6b9a8e47f35b60718293a4b5c6", "correct horse battery staple, 0123456789", "contract-suite-secret-0123456789abcdef"]
        {
            assert!(!is_weak(good), "{good}");
        }
    }
}
