//! A sheet's rows as text: the names in its head beside each value, so that a row that stands alone still says what its
//! numbers are.

use super::markup::{Markup, one_line};

/// A cell that is not empty.
pub(super) struct Cell {
    /// Its column, from 0.
    pub(super) column: usize,
    /// What it shows.
    pub(super) text: String,
    /// Whether that is words rather than a number, a date or the like.
    pub(super) words: bool,
}

/// Writes the rows of one sheet. Holds its head and nothing else.
pub(super) struct Sheet {
    head: Head,
}

enum Head {
    /// No row with several cells has come.
    Awaited,
    /// The names of the columns, by column.
    Names(Vec<(usize, String)>),
    /// The first such row was data.
    None,
}

impl Sheet {
    pub(super) fn begin(out: &mut Markup, name: &str) -> Self {
        out.heading(1, name);
        Self { head: Head::Awaited }
    }

    /// Adds a row, its cells in the order of their columns. An empty one is no row.
    pub(super) fn row(&mut self, out: &mut Markup, cells: &[Cell]) {
        match (&self.head, cells) {
            (_, []) => {}
            // A title above the table, or a table of one column.
            (Head::Awaited, [cell]) => out.row(&[&cell.text]),
            (Head::Awaited, cells) => {
                if cells.iter().all(|cell| cell.words) {
                    self.head = Head::Names(cells.iter().map(|cell| (cell.column, one_line(&cell.text))).collect());
                } else {
                    self.head = Head::None;
                }
                // The head stays readable by itself: a sheet may have no more than it.
                out.row(&texts(cells));
            }
            (Head::None, cells) => out.row(&texts(cells)),
            (Head::Names(names), cells) => {
                let mut row = String::new();
                for cell in cells {
                    if !row.is_empty() {
                        row.push('\n');
                    }
                    match names.binary_search_by_key(&cell.column, |(column, _)| *column) {
                        Ok(index) => row.push_str(&names[index].1),
                        Err(_) => row.push_str(&format!("column {}", cell.column + 1)),
                    }
                    row.push_str(": ");
                    row.push_str(&one_line(&cell.text));
                }
                out.paragraph(&row);
            }
        }
    }
}

fn texts(cells: &[Cell]) -> Vec<&str> {
    cells.iter().map(|cell| cell.text.as_str()).collect()
}

/// Whether a text is words, where the format does not tell: no number, date, time or amount of money.
pub(super) fn is_words(text: &str) -> bool {
    let (mut letters, mut digits) = (0usize, 0usize);
    for c in text.chars() {
        letters += usize::from(c.is_alphabetic());
        digits += usize::from(c.is_ascii_digit());
    }
    digits == 0 || letters > 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &[&[&str]]) -> String {
        let mut out = Markup::default();
        let mut sheet = Sheet::begin(&mut out, "Battles");
        for row in rows {
            let cells = row.iter().enumerate().filter(|(_, text)| !text.is_empty());
            let cells: Vec<Cell> = cells.map(|(column, text)| Cell { column, text: text.to_string(), words: is_words(text) }).collect();
            sheet.row(&mut out, &cells);
        }
        out.finish().text
    }

    #[test]
    fn the_head_stands_beside_each_row() {
        let text = read(&[&["Battles of the fleet"], &[], &["Place", "", "Year"], &["Lepanto", "", "1571"], &["Actium", "x"]]);
        assert_eq!(text, "# Battles\n\nBattles of the fleet\nPlace | Year\n\nPlace: Lepanto\nYear: 1571\n\nPlace: Actium\ncolumn 2: x");
    }

    #[test]
    fn a_sheet_without_a_head_has_rows() {
        assert_eq!(read(&[&["Lepanto", "1571"], &["Actium", "31"]]), "# Battles\n\nLepanto | 1571\nActium | 31");
    }
}
