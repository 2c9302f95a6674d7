//! Documents that are made for the measurement: the same on every machine.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

const WORDS: [&str; 48] = [
    "river",
    "bridge",
    "the",
    "of",
    "a",
    "stone",
    "builder",
    "arch",
    "winter",
    "flood",
    "carries",
    "weight",
    "every",
    "span",
    "from",
    "bank",
    "to",
    "mason",
    "cuts",
    "block",
    "until",
    "it",
    "fits",
    "without",
    "mortar",
    "old",
    "town",
    "keeps",
    "record",
    "repairs",
    "year",
    "when",
    "water",
    "rose",
    "above",
    "third",
    "pier",
    "market",
    "moved",
    "uphill",
    "ferry",
    "again",
    "while",
    "carpenters",
    "raised",
    "new",
    "timber",
    "frame",
];

/// Sentences without an end, from a start of their own.
struct Sentences(u64);

impl Sentences {
    fn next_word(&mut self) -> &'static str {
        // Knuth's generator: good enough for words, and the same everywhere.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS[(self.0 >> 33) as usize % WORDS.len()]
    }

    fn sentence(&mut self) -> String {
        let words: Vec<&str> = (0..12).map(|_| self.next_word()).collect();
        let mut sentence = words.join(" ");
        sentence[..1].make_ascii_uppercase();
        sentence + ". "
    }
}

/// A text of so many bytes.
pub fn text(path: &Path, size: usize) -> Result<()> {
    text_from(path, 0, size)
}

/// So many bytes of a text that begins again and again: making new sentences of that size would take longer than the measurement.
pub fn repeated(path: &Path, size: usize) -> Result<()> {
    text(path, size / 100)?;
    let block = std::fs::read(path)?;
    let mut out = File::create(path)?;
    (0..100).try_for_each(|_| out.write_all(&block))
}

/// A text of so many bytes that differs from those with another number.
pub fn text_from(path: &Path, number: usize, size: usize) -> Result<()> {
    let (mut out, mut sentences, mut left) = (BufWriter::new(File::create(path)?), Sentences(number as u64), size);
    let mut count = 0;
    while left > 0 {
        count += 1;
        let mut sentence = sentences.sentence();
        if count % 8 == 0 {
            sentence.push_str("\n\n");
        }
        let take = sentence.len().min(left);
        out.write_all(&sentence.as_bytes()[..take])?;
        left -= take;
    }
    out.flush()
}

/// A PDF with so many pages of forty lines.
pub fn pdf(path: &Path, pages: usize) -> Result<()> {
    let mut sentences = Sentences(7);
    // 1 is the catalogue, 2 the list of pages, 3 the font; a page and its content follow each other from 4 on.
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Count {pages} /Kids [{}] >>", kids.join(" ")),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for page in 0..pages {
        let content = 5 + 2 * page;
        let lines: String = (0..40).map(|_| format!("({}) Tj T*\n", sentences.sentence())).collect();
        let stream = format!("BT /F1 10 Tf 12 TL 50 780 Td (Page {}) Tj T*\n{lines}ET", page + 1);
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {content} 0 R >>"
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()));
    }
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::with_capacity(objects.len());
    for (number, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        writeln!(out, "{} 0 obj\n{object}\nendobj", number + 1)?;
    }
    let table = out.len();
    writeln!(out, "xref\n0 {}\n0000000000 65535 f ", objects.len() + 1)?;
    for offset in offsets {
        writeln!(out, "{offset:010} 00000 n ")?;
    }
    write!(out, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1)?;
    std::fs::write(path, out)
}
