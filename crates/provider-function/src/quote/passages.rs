//! Which passages fit a question best.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// The longest quotation, in characters; of a longer text the part that fits best is quoted.
const LONGEST: usize = 1_200;

/// A passage to quote.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Passage {
    /// The number of its file: files count from 1 in the order in which the sources name them.
    pub number: usize,
    /// The file's name.
    pub name: String,
    /// Its page, where it has pages.
    pub page: Option<String>,
    pub text: String,
    /// How near it was found to the question, from 0 to 1; 0 where nobody measured.
    near: f64,
}

/// The passages of `sources`, as answers show them, that fit the question best; the best first, at most so many.
///
/// How near a passage was found counts as much as how many of the question's words it holds, rare ones more than common ones.
pub(super) fn best(sources: &[Value], question: &str, most: usize) -> Vec<Passage> {
    let wanted = words(question);
    let mut passages: Vec<Passage> = read(sources).into_iter().flat_map(|passage| parts(passage, &wanted)).collect();
    let held: Vec<HashSet<String>> = passages.iter().map(|passage| words(&passage.text)).collect();
    let weight = |word: &String| {
        let holders = held.iter().filter(|words| words.contains(word)).count();
        (1.0 + (held.len() as f64 + 1.0) / (holders as f64 + 1.0)).ln()
    };
    let weights: HashMap<&String, f64> = wanted.iter().map(|word| (word, weight(word))).collect();
    let all: f64 = weights.values().sum();
    let mut scored: Vec<(f64, Passage)> = passages
        .drain(..)
        .zip(&held)
        .map(|(passage, held)| {
            let found: f64 = weights.iter().filter(|(word, _)| held.contains(word.as_str())).map(|(_, weight)| weight).sum();
            (passage.near + if all > 0.0 { found / all } else { 0.0 }, passage)
        })
        .collect();
    // The order in which they were found decides among equals.
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut texts = HashSet::new();
    scored.into_iter().map(|(_, passage)| passage).filter(|passage| texts.insert(passage.text.clone())).take(most).collect()
}

fn read(sources: &[Value]) -> Vec<Passage> {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut passages = Vec::new();
    for source in sources {
        for (index, text) in source["document"].as_array().into_iter().flatten().enumerate() {
            let about = &source["metadata"][index];
            let key = about["file_id"].as_str().or_else(|| source["source"]["id"].as_str()).unwrap_or_default();
            let next = numbers.len() + 1;
            let number = *numbers.entry(key.to_owned()).or_insert(next);
            let name = about["name"].as_str().or_else(|| source["source"]["name"].as_str()).unwrap_or("document").to_owned();
            let text = text.as_str().unwrap_or_default().trim().to_owned();
            if !text.is_empty() {
                let page = about["page_label"].as_str().map(str::to_owned);
                passages.push(Passage { number, name, page, text, near: source["distances"][index].as_f64().unwrap_or(0.0) });
            }
        }
    }
    passages
}

/// A passage, or of one that is too long to quote its part with most of the wanted words.
fn parts(passage: Passage, wanted: &HashSet<String>) -> Option<Passage> {
    if passage.text.chars().count() <= LONGEST {
        return Some(passage);
    }
    let mut best: Option<(usize, String)> = None;
    for part in pieces(&passage.text) {
        let found = words(&part).intersection(wanted).count();
        if best.as_ref().is_none_or(|(most, _)| found > *most) {
            best = Some((found, part));
        }
    }
    best.map(|(_, text)| Passage { text, ..passage })
}

/// Pieces of at most [`LONGEST`] characters, which end where lines end and, where those are too long, anywhere.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        for part in line.chars().collect::<Vec<_>>().chunks(LONGEST) {
            if length + part.len() > LONGEST {
                pieces.push(std::mem::take(&mut piece));
                length = 0;
            }
            piece.extend(part);
            length += part.len();
        }
    }
    pieces.push(piece);
    let trimmed = pieces.into_iter().map(|piece| piece.trim().to_owned());
    trimmed.filter(|piece| !piece.is_empty()).collect()
}

/// The words of a text that say something, in small letters. Scripts without spaces are taken letter by letter.
fn words(text: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
        if word.chars().any(|c| ('\u{2E80}'..='\u{D7AF}').contains(&c)) {
            found.extend(word.chars().map(String::from));
        } else if word.chars().count() > 2 || word.chars().any(|c| c.is_numeric()) {
            found.insert(word.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source(texts: &[&str], distances: &[f64]) -> Value {
        let metadata: Vec<Value> = (0..texts.len()).map(|at| json!({"file_id": at.to_string(), "name": format!("{at}.txt")})).collect();
        json!({"source": {"id": "k"}, "document": texts, "metadata": metadata, "distances": distances})
    }

    fn texts(passages: &[Passage]) -> Vec<&str> {
        passages.iter().map(|passage| passage.text.as_str()).collect()
    }

    #[test]
    fn what_was_found_nearest_leads_where_words_decide_nothing() {
        let sources = [source(&["eins", "zwei"], &[0.2, 0.9]), source(&["drei"], &[0.5])];
        assert_eq!(texts(&best(&sources, "question", 2)), ["zwei", "drei"]);
    }

    #[test]
    fn a_rare_word_counts_more_than_a_common_one() {
        let sources = [source(&["the pump the pump", "the valve", "the pipe"], &[0.5, 0.5, 0.5])];
        assert_eq!(best(&sources, "where is the valve", 1)[0].text, "the valve");
    }

    #[test]
    fn the_same_passage_is_quoted_once() {
        let sources = [source(&["same"], &[0.9]), source(&["same"], &[0.8])];
        assert_eq!(best(&sources, "q", 3).len(), 1);
    }

    #[test]
    fn of_a_whole_text_the_part_with_the_words_is_quoted() {
        let text = format!("{}\nThe answer is forty-two.\n{}", "filler line\n".repeat(200), "more filler\n".repeat(200));
        let found = best(&[source(&[&text], &[])], "what is the answer", 1);
        assert!(found[0].text.contains("forty-two") && found[0].text.chars().count() <= LONGEST);
    }

    #[test]
    fn nothing_unusual_breaks_it() {
        for sources in [json!([]), json!([1, null]), json!([{"document": "x"}]), json!([{"document": [1, "", "t"], "metadata": "y"}])] {
            let sources = sources.as_array().cloned().unwrap_or_default();
            assert!(best(&sources, "", 3).len() <= 1);
        }
        assert_eq!(best(&[source(&["東京の塔"], &[])], "塔", 1)[0].text, "東京の塔");
    }
}
