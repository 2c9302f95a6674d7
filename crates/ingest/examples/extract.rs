//! Says what a file is, how long reading and splitting it takes, and prints its pieces: `extract FILE [PIECES]`.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use transom_ingest::{Extractors, Input, SplitConfig, Splitter, sniff};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let filename = arguments.next().ok_or("usage: extract FILE [PIECES]")?;
    let shown = arguments.next().map_or(Ok(3), |number| number.parse::<usize>())?;
    let bytes = std::fs::read(&filename)?;
    let input = Input { bytes: &bytes, filename: &filename, content_type: None };
    let media = sniff(&input);
    let begun = Instant::now();
    let text = Extractors::standard().extract(&input)?;
    let read = begun.elapsed();
    let begun = Instant::now();
    let pieces = Splitter::new(SplitConfig::default())?.split_as(&text, media);
    println!(
        "{media:?}: {} characters on {} pages in {read:?}; {} pieces in {:?}",
        text.text.chars().count(),
        text.pages.len(),
        pieces.len(),
        begun.elapsed()
    );
    for piece in pieces.iter().take(shown) {
        println!("--- from {}, page {:?}, under {:?}\n{}", piece.start_index, piece.page, piece.headings, piece.text);
    }
    Ok(())
}
