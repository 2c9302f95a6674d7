//! Vectors that are the same everywhere.

use sha2::{Digest, Sha256};

/// Numbers in a vector.
const DIMENSION: u64 = 64;

/// The vector of a text: a count of its words, of length 1. Texts that share words are near each other.
pub fn embed(text: &str) -> Vec<f64> {
    let mut vector = vec![0.0; DIMENSION as usize];
    let lower = text.to_lowercase();
    for word in lower.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()) {
        let digest = Sha256::digest(word.as_bytes());
        let hash = u64::from_be_bytes(digest[..8].try_into().unwrap());
        vector[(hash % DIMENSION) as usize] += 1.0;
    }
    let length = vector.iter().map(|x: &f64| x * x).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_words_are_near_each_other() {
        let near = |a: &str, b: &str| embed(a).iter().zip(embed(b)).map(|(x, y)| x * y).sum::<f64>();
        assert!(near("the treaty of Westphalia", "Westphalia's treaty") > near("the treaty of Westphalia", "a fleet at Lepanto"));
        assert!((near("one word", "Word, one!") - 1.0).abs() < 1e-9);
    }
}
