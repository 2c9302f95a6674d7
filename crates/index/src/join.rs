//! Neighbours that were both found, made one passage.

use transom_domain::Chunk;

/// A passage as it is cited: one chunk, or several that follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// The first of its chunks, with the text of all.
    pub chunk: Chunk,
    /// The last one's ordinal.
    last: u32,
    /// How near it is to the question, from 0 to 1: the best of its chunks.
    pub score: f32,
}

impl Passage {
    pub(crate) fn new(chunk: Chunk, score: f32) -> Self {
        Self { last: chunk.ordinal, chunk, score }
    }

    /// Whether `next` goes on where this ends, on the same page and under the same headings, so that one citation is right for both.
    fn goes_on_with(&self, next: &Self) -> bool {
        let (here, there) = (&self.chunk, &next.chunk);
        here.file_id == there.file_id && self.last + 1 == there.ordinal && here.page == there.page && here.headings == there.headings
    }

    fn append(&mut self, next: Self) {
        let end = self.chunk.start_index + self.chunk.text.chars().count();
        let shared = end.saturating_sub(next.chunk.start_index);
        if next.chunk.start_index > end {
            // Chunks are without the white space around them, and paragraphs are where they end.
            self.chunk.text.push('\n');
        }
        self.chunk.text.extend(next.chunk.text.chars().skip(shared));
        self.last = next.last;
        self.score = self.score.max(next.score);
    }
}

/// Joins those that follow one another, without what they share. A joined passage stands where the best of its chunks stood.
pub(crate) fn join(passages: Vec<Passage>) -> Vec<Passage> {
    let mut places: Vec<(usize, Passage)> = passages.into_iter().enumerate().collect();
    places.sort_by(|(_, a), (_, b)| (&a.chunk.file_id, a.chunk.ordinal).cmp(&(&b.chunk.file_id, b.chunk.ordinal)));
    let mut joined: Vec<(usize, Passage)> = Vec::with_capacity(places.len());
    for (place, passage) in places {
        match joined.last_mut() {
            Some((best, before)) if before.goes_on_with(&passage) => {
                *best = place.min(*best);
                before.append(passage);
            }
            _ => joined.push((place, passage)),
        }
    }
    joined.sort_by_key(|(place, _)| *place);
    joined.into_iter().map(|(_, passage)| passage).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Zürich lies on a lake. Its trams are blue.\n\nBern lies on a river. Its trams are red.";

    fn chunk(ordinal: u32, start: usize, end: usize) -> Passage {
        let text: String = TEXT.chars().skip(start).take(end - start).collect();
        let chunk = Chunk { file_id: "f".into(), ordinal, text, start_index: start, page: Some(1), headings: Vec::new() };
        Passage::new(chunk, 0.5)
    }

    fn texts(passages: &[Passage]) -> Vec<&str> {
        passages.iter().map(|passage| passage.chunk.text.as_str()).collect()
    }

    #[test]
    fn what_follows_is_joined_without_its_overlap_where_the_best_stood() {
        let other = Passage::new(Chunk { file_id: "g".into(), ..chunk(0, 0, 6).chunk }, 0.9);
        let best = Passage { score: 0.8, ..chunk(1, 10, 42) };
        let joined = join(vec![best, other, chunk(0, 0, 22)]);
        assert_eq!(texts(&joined), ["Zürich lies on a lake. Its trams are blue.", "Zürich"]);
        assert_eq!((joined[0].score, joined[0].chunk.start_index), (0.8, 0));
    }

    #[test]
    fn a_break_between_two_stays_a_break() {
        assert_eq!(texts(&join(vec![chunk(0, 23, 42), chunk(1, 44, 65)])), ["Its trams are blue.\nBern lies on a river."]);
    }

    #[test]
    fn a_chain_becomes_one_and_a_gap_stays() {
        let joined = join(vec![chunk(2, 44, 65), chunk(0, 0, 22), chunk(1, 23, 42), chunk(4, 60, 70)]);
        assert_eq!(joined.len(), 2);
        assert!(joined[0].chunk.text.starts_with("Zürich") && joined[0].chunk.text.ends_with("river."));
    }

    #[test]
    fn another_page_or_heading_is_another_passage() {
        let (first, mut page, mut heading) = (chunk(0, 0, 22), chunk(1, 23, 42), chunk(1, 23, 42));
        page.chunk.page = Some(2);
        heading.chunk.headings = vec!["Trams".into()];
        for next in [page, heading] {
            assert_eq!(join(vec![first.clone(), next]).len(), 2);
        }
    }
}
