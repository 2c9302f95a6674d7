//! Pieces, against LangChain's, and what holds of the pieces of any text.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::HashMap;

use proptest::prelude::*;
use serde::Deserialize;
use transom_domain::{Page, Text};
use transom_ingest::{MediaType, Piece, SplitBy, SplitConfig, SplitError, Splitter};

#[derive(Deserialize)]
struct Goldens {
    texts: HashMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    by: String,
    text: String,
    size: usize,
    overlap: usize,
    pieces: Vec<String>,
    #[serde(default)]
    headings: Vec<Vec<String>>,
}

fn goldens() -> Goldens {
    serde_json::from_str(include_str!("goldens/splits.json")).unwrap()
}

fn config(splitter: SplitBy, chunk_size: usize, chunk_overlap: usize) -> SplitConfig {
    SplitConfig { splitter, chunk_size, chunk_overlap, markdown_headers: false, ..SplitConfig::default() }
}

fn plain(text: &str) -> Text {
    Text { text: text.to_owned(), pages: Vec::new() }
}

fn split(config: SplitConfig, text: &str) -> Vec<Piece> {
    Splitter::new(config).unwrap().split(&plain(text))
}

/// Every piece stands in the text where it says.
fn check_places(text: &str, pieces: &[Piece]) {
    for piece in pieces {
        let there: String = text.chars().skip(piece.start_index).take(piece.text.chars().count()).collect();
        assert_eq!(there, piece.text);
        assert!(!piece.text.trim().is_empty());
    }
}

#[test]
fn characters_split_as_langchain_does() {
    let goldens = goldens();
    for case in goldens.cases.iter().filter(|case| case.by == "characters") {
        let pieces = split(config(SplitBy::Characters, case.size, case.overlap), &goldens.texts[&case.text]);
        check_places(&goldens.texts[&case.text], &pieces);
        let ours: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(ours, case.pieces, "{} {}/{}", case.text, case.size, case.overlap);
    }
}

#[test]
fn tokens_split_as_langchain_does_but_never_within_a_character() {
    let goldens = goldens();
    let torn = |piece: &str| piece.trim().trim_matches('\u{FFFD}').trim().to_owned();
    for case in goldens.cases.iter().filter(|case| case.by.ends_with("_base")) {
        let config = SplitConfig { encoding: case.by.clone(), ..config(SplitBy::Tokens, case.size, case.overlap) };
        let pieces = split(config, &goldens.texts[&case.text]);
        check_places(&goldens.texts[&case.text], &pieces);
        let theirs: Vec<String> = case.pieces.iter().map(|piece| torn(piece)).filter(|piece| !piece.is_empty()).collect();
        assert_eq!(pieces.len(), theirs.len(), "{} {} {}/{}", case.by, case.text, case.size, case.overlap);
        for (ours, theirs) in pieces.iter().zip(&theirs) {
            // A character that a token tears is one of ours at one end, and at the other it is left to the piece before.
            assert!(ours.text.contains(theirs.as_str()), "{:?} {theirs:?}", ours.text);
            let more = ours.text.replacen(theirs.as_str(), "", 1);
            assert!(more.trim().chars().count() <= 1, "{:?} {theirs:?}", ours.text);
        }
    }
}

#[test]
fn headings_split_as_langchain_does() {
    let goldens = goldens();
    // LangChain rewrites white space, and takes joiners out.
    let bare = |text: &str| text.chars().filter(|&c| !c.is_whitespace() && c != '\u{200D}').collect::<String>();
    for case in goldens.cases.iter().filter(|case| case.by == "headings") {
        let config = SplitConfig { markdown_headers: true, ..config(SplitBy::Characters, 100_000, 0) };
        let pieces = split(config, &goldens.texts[&case.text]);
        let ours: Vec<_> = pieces.iter().map(|piece| (bare(&piece.text), piece.headings.clone())).collect();
        let theirs: Vec<_> = case.pieces.iter().map(|piece| bare(piece)).zip(case.headings.clone()).collect();
        assert_eq!(ours, theirs, "{}", case.text);
    }
}

#[test]
fn a_piece_stays_on_its_page() {
    let text = Text {
        text: "Erste Seite über Fenster.\n\nZweite.\n\n".to_owned(),
        pages: [(3, 0), (5, 28), (6, 37)].map(|(number, start)| Page { number, start, goes_on: false }).into(),
    };
    let pieces = Splitter::new(SplitConfig::default()).unwrap().split(&text);
    let seen: Vec<_> = pieces.iter().map(|piece| (piece.text.as_str(), piece.start_index, piece.page)).collect();
    assert_eq!(seen, [("Erste Seite über Fenster.", 0, Some(3)), ("Zweite.", 27, Some(5))]);
}

#[test]
fn a_hash_in_source_code_is_no_heading() {
    let splitter = Splitter::new(SplitConfig::default()).unwrap();
    let text = plain("# first\nx = 1\n# second\ny = 2\n");
    assert_eq!(splitter.split_as(&text, MediaType::Code).len(), 1);
    assert_eq!(splitter.split_as(&text, MediaType::Markdown).len(), 2);
}

#[test]
fn a_setting_that_makes_no_sense_is_named() {
    let error = |config: SplitConfig| Splitter::new(config).unwrap_err();
    assert_eq!(error(config(SplitBy::Characters, 0, 0)), SplitError::NoSize);
    let overlap = error(config(SplitBy::Characters, 100, 100)).to_string();
    assert!(overlap.contains("CHUNK_OVERLAP is 100") && overlap.contains("smaller than CHUNK_SIZE"), "{overlap}");
    let encoding = error(SplitConfig { encoding: "klingon".into(), ..SplitConfig::default() }).to_string();
    assert!(encoding.contains("TIKTOKEN_ENCODING_NAME") && encoding.contains("cl100k_base"), "{encoding}");
}

#[test]
fn megabytes_without_any_place_to_cut_are_split() {
    for text in ["x".repeat(1_000_000), " ".repeat(600_000) + "end", "好".repeat(200_000), "\n".repeat(300_000) + "end"] {
        for splitter in [SplitBy::Characters, SplitBy::Tokens] {
            let pieces = split(config(splitter, 1000, 100), &text);
            assert!(!pieces.is_empty());
        }
    }
}

/// Texts of words, spaces and lines in several scripts.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-z]{1,12}",
        2 => Just(" ".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("\n\n".to_owned()),
        1 => "[ -~]{1,5}",
        1 => "[äé門窓창Ж🔗 \t\u{a0}]{1,6}",
        1 => "#{1,7} [a-z]{1,5}\n",
        1 => ".{0,8}",
    ];
    prop::collection::vec(part, 0..120).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_piece_is_too_long_and_nothing_of_the_text_is_lost(
        text in texts(), size in 1usize..80, part in 0usize..100, headers: bool, tokens: bool,
    ) {
        let splitter = if tokens { SplitBy::Tokens } else { SplitBy::Characters };
        let config = SplitConfig { markdown_headers: headers, ..config(splitter, size, size * part / 100) };
        let pieces = split(config, &text);
        check_places(&text, &pieces);
        let mut covered = vec![false; text.chars().count()];
        for piece in &pieces {
            let length = piece.text.chars().count();
            prop_assert!(tokens || length <= size);
            covered[piece.start_index..piece.start_index + length].fill(true);
        }
        let white = |c: char| c.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&c);
        for (c, covered) in text.chars().zip(covered) {
            prop_assert!(covered || white(c), "{:?} is in no piece", c);
        }
    }
}
