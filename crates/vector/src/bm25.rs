//! BM25, counted out over all chunks at each question.

use std::collections::{BTreeSet, HashMap};

/// How soon more of the same term stops counting for more.
const K1: f32 = 1.2;
/// How much a long chunk has to have more of a term than a short one.
const B: f32 = 0.75;

/// A question's terms, and how rare they are among the chunks.
pub(crate) struct Bm25<'a> {
    rarity: HashMap<&'a str, f32>,
    average_length: f32,
}

impl<'a> Bm25<'a> {
    /// For these terms, among chunks with these.
    pub(crate) fn new<'c>(terms: &'a [String], chunks: impl Iterator<Item = &'c str>) -> Self {
        let mut holders: HashMap<&str, usize> = terms.iter().map(|term| (term.as_str(), 0)).collect();
        let (mut count, mut length) = (0_usize, 0_usize);
        for chunk in chunks {
            count += 1;
            length += chunk.split_whitespace().count();
            for term in chunk.split_whitespace().collect::<BTreeSet<_>>() {
                if let Some(holders) = holders.get_mut(term) {
                    *holders += 1;
                }
            }
        }
        let rarity = |holders: usize| (1.0 + (count as f32 - holders as f32 + 0.5) / (holders as f32 + 0.5)).ln();
        Self {
            rarity: holders.into_iter().map(|(term, holders)| (term, rarity(holders))).collect(),
            average_length: length as f32 / count.max(1) as f32,
        }
    }

    /// How well a chunk with these terms answers; nothing where it has none of the question's.
    pub(crate) fn score(&self, chunk: &str) -> Option<f32> {
        let mut times: HashMap<&str, f32> = HashMap::new();
        let mut length = 0.0;
        for term in chunk.split_whitespace() {
            length += 1.0;
            if self.rarity.contains_key(term) {
                *times.entry(term).or_default() += 1.0;
            }
        }
        if times.is_empty() {
            return None;
        }
        let norm = K1 * (1.0 - B + B * length / self.average_length);
        let mut parts: Vec<f32> = times.iter().map(|(term, times)| self.rarity[term] * times * (K1 + 1.0) / (times + norm)).collect();
        // Added up in one order, so that equal chunks have equal scores.
        parts.sort_by(f32::total_cmp);
        Some(parts.into_iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_one_of_the_textbook() {
        let chunks = ["pump seal pump", "seal", "valve gasket"];
        let terms = ["pump".to_owned(), "seal".to_owned()];
        let bm25 = Bm25::new(&terms, chunks.into_iter());
        let rare = (1.0_f32 + (3.0 - 1.0 + 0.5) / (1.0 + 0.5)).ln();
        let common = (1.0_f32 + (3.0 - 2.0 + 0.5) / (2.0 + 0.5)).ln();
        let norm = |length: f32| 1.2 * (0.25 + 0.75 * length / 2.0);
        let both = rare * 2.0 * 2.2 / (2.0 + norm(3.0)) + common * 2.2 / (1.0 + norm(3.0));
        assert!((bm25.score(chunks[0]).expect("it has both") - both).abs() < 1e-5);
        assert!((bm25.score(chunks[1]).expect("it has one") - common * 2.2 / (1.0 + norm(1.0))).abs() < 1e-5);
        assert_eq!(bm25.score(chunks[2]), None);
    }
}
