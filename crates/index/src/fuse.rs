//! Two rankings made one.

use std::collections::{HashMap, HashSet};

use transom_domain::{Chunk, ChunkId};
use transom_vector::{Hit, Score};

/// How much less the second place counts than the first: the customary constant of reciprocal rank fusion.
const DAMPING: f32 = 60.0;

/// A chunk that some ranking holds.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    pub chunk: Chunk,
    /// The parts that its places in the rankings give it.
    weight: f32,
    /// Its best likeness to a question's vector, where a ranking by vectors holds it.
    pub similarity: Option<f32>,
}

/// Fuses rankings by weighted reciprocal rank, best first: of a chunk's place in a ranking by words its `share` counts, and of
/// one in a ranking by vectors the rest. Of chunks with the same text, only the best is kept: the others would say nothing new.
pub(crate) fn fuse(rankings: impl IntoIterator<Item = Vec<Hit>>, share: impl Fn(&Chunk) -> f32) -> Vec<Ranked> {
    let mut all: HashMap<ChunkId, Ranked> = HashMap::new();
    for ranking in rankings {
        for (place, hit) in (1u32..).zip(ranking) {
            let words = share(&hit.chunk);
            let entry = all.entry(hit.chunk.id()).or_insert_with(|| Ranked { chunk: hit.chunk, weight: 0.0, similarity: None });
            let counts = match hit.score {
                Score::Bm25(_) => words,
                Score::Similarity(similarity) => {
                    entry.similarity = Some(entry.similarity.map_or(similarity, |before| before.max(similarity)));
                    1.0 - words
                }
            };
            entry.weight += counts / (DAMPING + place as f32);
        }
    }
    let mut fused: Vec<Ranked> = all.into_values().collect();
    fused.sort_by(|a, b| {
        let place = |ranked: &Ranked| (ranked.chunk.file_id.clone(), ranked.chunk.ordinal);
        b.weight.total_cmp(&a.weight).then_with(|| place(a).cmp(&place(b)))
    });
    let mut seen = HashSet::new();
    let is_new: Vec<bool> = fused.iter().map(|ranked| seen.insert(ranked.chunk.text.as_str())).collect();
    let mut is_new = is_new.into_iter();
    fused.retain(|_| is_new.next().unwrap_or(true));
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(file: &str, ordinal: u32, score: Score) -> Hit {
        let text = format!("{file} {ordinal}");
        Hit { chunk: Chunk { file_id: file.into(), ordinal, text, start_index: 0, page: None, headings: Vec::new() }, score }
    }

    fn words(ordinals: &[u32]) -> Vec<Hit> {
        ordinals.iter().map(|ordinal| hit("f", *ordinal, Score::Bm25(1.0))).collect()
    }

    fn vectors(ordinals: &[u32]) -> Vec<Hit> {
        ordinals.iter().map(|ordinal| hit("f", *ordinal, Score::Similarity(0.5))).collect()
    }

    fn order(ranked: &[Ranked]) -> Vec<u32> {
        ranked.iter().map(|ranked| ranked.chunk.ordinal).collect()
    }

    #[test]
    fn what_both_rankings_hold_comes_first() {
        assert_eq!(order(&fuse([words(&[1, 2]), vectors(&[3, 2])], |_| 0.5))[0], 2);
    }

    #[test]
    fn a_share_of_one_leaves_the_order_to_the_words_and_a_share_of_none_to_the_vectors() {
        assert_eq!(order(&fuse([words(&[1, 2, 3]), vectors(&[3, 2, 4])], |_| 1.0))[..3], [1, 2, 3]);
        assert_eq!(order(&fuse([words(&[1, 2, 3]), vectors(&[3, 2, 4])], |_| 0.0))[..3], [3, 2, 4]);
    }

    #[test]
    fn each_chunk_has_its_own_share() {
        let by_words = vec![hit("german", 0, Score::Bm25(2.0)), hit("english", 0, Score::Bm25(1.0))];
        let by_vectors = vec![hit("german", 1, Score::Similarity(0.9)), hit("english", 1, Score::Similarity(0.8))];
        let fused = fuse([by_words, by_vectors], |chunk| if chunk.file_id.as_str() == "german" { 1.0 } else { 0.5 });
        let names: Vec<_> = fused.iter().map(|ranked| (ranked.chunk.file_id.as_str(), ranked.chunk.ordinal)).collect();
        assert_eq!(names, [("german", 0), ("english", 0), ("english", 1), ("german", 1)]);
    }

    #[test]
    fn equal_ones_keep_the_order_of_the_text() {
        assert_eq!(order(&fuse([words(&[7]), vectors(&[3])], |_| 0.5)), [3, 7]);
    }

    #[test]
    fn of_equal_texts_the_best_is_kept_and_the_next_ones_move_up() {
        let mut by_words = words(&[5, 1, 2, 3]);
        for hit in &mut by_words[..3] {
            hit.chunk.text = "Page footer".to_owned();
        }
        assert_eq!(order(&fuse([by_words], |_| 1.0)), [5, 3]);
    }
}
