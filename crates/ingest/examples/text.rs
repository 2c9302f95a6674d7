//! Prints the text of a file as it would be split: `text FILE`.
#![allow(clippy::print_stdout)]

use std::io::Write;

use transom_ingest::{Extractors, Input};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filename = std::env::args().nth(1).ok_or("usage: text FILE")?;
    let bytes = std::fs::read(&filename)?;
    let text = Extractors::standard().extract(&Input { bytes: &bytes, filename: &filename, content_type: None })?;
    Ok(std::io::stdout().write_all(text.text.as_bytes())?)
}
