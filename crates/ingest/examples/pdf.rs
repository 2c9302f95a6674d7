//! Compares the PDF engines with poppler: `pdf FILE...` prints for each file and engine the F1 of its words against
//! those of `pdftotext`, and pages a second of processor time (Linux). East Asian text counts by characters, because engines place spaces in it
//! as they like.
#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::error::Error;
use std::process::Command;

use transom_ingest::{Extractors, Input, Pdf, PdfEngine};

fn main() -> Result<(), Box<dyn Error>> {
    std::panic::set_hook(Box::new(|_| ()));
    let one = PdfEngine::ALL.iter().map(|&engine| (format!("{engine:?}"), Pdf::with([engine])));
    let forward = ("in order".to_owned(), Pdf::default());
    let backward = ("in reverse".to_owned(), Pdf::with(PdfEngine::ALL.iter().rev().copied()));
    let engines: Vec<(String, Pdf)> = one.chain([forward, backward]).collect();
    for filename in std::env::args().skip(1) {
        let wanted = Command::new("pdftotext").args(["-enc", "UTF-8", "-q", &filename, "-"]).output()?.stdout;
        let wanted = words(&String::from_utf8_lossy(&wanted));
        let bytes = std::fs::read(&filename)?;
        let name = filename.rsplit('/').next().unwrap_or(&filename);
        for (engine, pdf) in &engines {
            let extractors = Extractors::standard().with(Box::new(pdf.clone()));
            let begun = processor_seconds()?;
            let text = extractors.extract(&Input { bytes: &bytes, filename: &filename, content_type: None });
            let seconds = processor_seconds()? - begun;
            match text {
                Ok(text) => {
                    let (pages, f1) = (text.pages.len(), f1(&words(&text.text), &wanted));
                    println!("{name}\t{engine}\tF1 {f1:.4}\t{pages} pages\t{:.0} pages/s", pages as f64 / seconds);
                }
                Err(reason) => println!("{name}\t{engine}\t{reason}"),
            }
        }
    }
    Ok(())
}

/// So long this thread has run; waiting for others on a busy machine does not count.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    let statistics = std::fs::read_to_string("/proc/self/schedstat")?;
    Ok(statistics.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

fn words(text: &str) -> HashMap<String, usize> {
    let mut words = HashMap::new();
    let text: String = text.replace(['\u{AD}', '\u{C}'], "").chars().flat_map(letters).collect();
    for word in text.split_whitespace() {
        *words.entry(word.to_owned()).or_default() += 1;
    }
    words
}

/// The character; one that is written without spaces stands alone; ligatures are their letters.
fn letters(c: char) -> Vec<char> {
    match c {
        'ﬀ' => vec!['f', 'f'],
        'ﬁ' => vec!['f', 'i'],
        'ﬂ' => vec!['f', 'l'],
        'ﬃ' => vec!['f', 'f', 'i'],
        'ﬄ' => vec!['f', 'f', 'l'],
        '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}' => vec![' ', c, ' '],
        c => vec![c],
    }
}

fn f1(found: &HashMap<String, usize>, wanted: &HashMap<String, usize>) -> f64 {
    let common: usize = found.iter().map(|(word, count)| *count.min(wanted.get(word).unwrap_or(&0))).sum();
    let all: usize = found.values().sum::<usize>() + wanted.values().sum::<usize>();
    if all == 0 { 1.0 } else { 2.0 * common as f64 / all as f64 }
}
