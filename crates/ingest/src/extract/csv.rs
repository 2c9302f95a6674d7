//! Tables: each row as lines of `column: value`, so that a row still says what its numbers are when it stands alone.

use csv::ReaderBuilder;
use transom_domain::Text;

use super::{ExtractError, Extractor, Input, unpaged};
use crate::decode;
use crate::media::MediaType;

/// Tables with commas, semicolons or tabs.
pub(super) struct Csv;

impl Extractor for Csv {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Csv
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let text = decode::decode(input.bytes, input.charset());
        Ok(unpaged(rows(&text).unwrap_or(text)))
    }
}

/// The table's rows; nothing where it has none below its head.
fn rows(text: &str) -> Option<String> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter(text)).flexible(true).from_reader(text.as_bytes());
    let names = reader.headers().ok()?.clone();
    let mut out = String::with_capacity(text.len() * 2);
    for row in reader.records() {
        let row = row.ok()?;
        if row.iter().all(|value| value.trim().is_empty()) {
            continue;
        }
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        for (index, value) in row.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            match names.get(index).map(str::trim) {
                Some(name) if !name.is_empty() => out.push_str(name),
                _ => out.push_str(&format!("column {}", index + 1)),
            }
            out.push(':');
            if !value.trim().is_empty() {
                out.push(' ');
                out.push_str(value.trim());
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

/// What separates the columns: the sign that stands equally often in each of the first lines, outside quotes, and where
/// none does, the one that the head has most of.
fn delimiter(text: &str) -> u8 {
    const SIGNS: [u8; 4] = [b',', b';', b'\t', b'|'];
    const LINES: usize = 20;
    let mut quoted = false;
    let mut counts = vec![[0usize; SIGNS.len()]];
    for byte in text.trim().bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted && counts.len() == LINES => break,
            b'\n' if !quoted => counts.push([0; SIGNS.len()]),
            _ if !quoted => {
                if let (Some(column), Some(line)) = (SIGNS.iter().position(|&sign| sign == byte), counts.last_mut()) {
                    line[column] += 1;
                }
            }
            _ => {}
        }
    }
    let even = |column: usize| counts[0][column] > 0 && counts.iter().all(|line| line[column] == counts[0][column]);
    // The last of equals is taken, so a comma wins.
    let best = (0..SIGNS.len()).rev().max_by_key(|&column| (even(column), counts[0][column]));
    best.map_or(b',', |column| SIGNS[column])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_says_its_columns() {
        assert_eq!(rows("city,year\nLepanto,1571\n").as_deref(), Some("city: Lepanto\nyear: 1571"));
        assert_eq!(rows("a,b\n1,2\n3,4\n").as_deref(), Some("a: 1\nb: 2\n\na: 3\nb: 4"));
    }

    #[test]
    fn semicolons_and_tabs_separate_too() {
        assert_eq!(rows("Stadt;Preis\nKöln;1,50\n").as_deref(), Some("Stadt: Köln\nPreis: 1,50"));
        assert_eq!(rows("a\tb, c\n1\t2\n").as_deref(), Some("a: 1\nb, c: 2"));
        assert_eq!(rows("\"a;b;c\",d\n1,2\n").as_deref(), Some("a;b;c: 1\nd: 2"));
    }

    #[test]
    fn quotes_short_rows_long_rows_and_empty_values_are_no_trouble() {
        let table = "name,note\nx,\"says \"\"hi\"\"\nand, goes\"\ny\nz,1,2\n,\nw,\n";
        let expected = "name: x\nnote: says \"hi\"\nand, goes\n\nname: y\n\nname: z\nnote: 1\ncolumn 3: 2\n\nname: w\nnote:";
        assert_eq!(rows(table).as_deref(), Some(expected));
    }

    #[test]
    fn a_head_alone_stays_as_it_is() {
        let input = Input { bytes: b"city,year\n", filename: "a.csv", content_type: None };
        assert_eq!(Csv.extract(&input).map(|text| text.text).as_deref(), Ok("city,year\n"));
    }
}
