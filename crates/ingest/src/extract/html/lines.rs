//! Words in lines, white space collapsed.

use super::super::markup::looks_marked;

/// Puts the words of a page together.
#[derive(Default)]
pub(super) struct Lines {
    done: String,
    /// Line ends owed before the next word.
    breaks: usize,
    /// A space owed before the next word of the line.
    space: bool,
    /// What separates the cells of a row, owed before the next word.
    separator: bool,
    /// A row has begun, and no word of it has come.
    row: bool,
    /// A cell has begun, and no word of it has come.
    cell: bool,
    /// How many cells are open.
    cells: usize,
    /// The level of the heading that has begun.
    heading: Option<usize>,
    /// Where the heading's words or the line's first word begin.
    start: usize,
}

impl Lines {
    pub(super) fn text(&mut self, text: &str) {
        for (index, word) in text.split([' ', '\n', '\t']).enumerate() {
            self.space |= index > 0;
            if !word.is_empty() {
                self.word(word);
            }
        }
    }

    /// Text that has its lines and marks already.
    pub(super) fn marked(&mut self, text: &str) {
        self.settle();
        self.done.push_str(text);
        self.start = self.done.len();
    }

    fn word(&mut self, word: &str) {
        let fresh = self.breaks > 0 || self.done.is_empty();
        let (space, separator) = (self.space, self.separator);
        self.settle();
        match (fresh, separator, space) {
            (true, _, _) => {
                if let Some(level) = self.heading {
                    self.done.push_str(&"######"[..level]);
                    self.done.push(' ');
                }
                self.start = self.done.len();
            }
            (false, true, _) => self.done.push_str(" | "),
            (false, false, true) => self.done.push(' '),
            (false, false, false) => {}
        }
        self.done.push_str(word);
    }

    /// Writes the line ends that are owed.
    fn settle(&mut self) {
        if self.breaks > 0 {
            self.end_of_line();
        }
        if !self.done.is_empty() {
            (0..self.breaks.min(2)).for_each(|_| self.done.push('\n'));
        }
        (self.breaks, self.space, self.separator, self.row, self.cell) = (0, false, false, false, false);
    }

    /// A line that only looks like a heading gets a backslash.
    fn end_of_line(&mut self) {
        if self.done.get(self.start..).is_some_and(looks_marked) {
            self.done.insert(self.start, '\\');
        }
        self.start = self.done.len();
    }

    pub(super) fn finish(mut self) -> String {
        self.end_of_line();
        self.done
    }

    /// A heading in a table's cell stays in its row.
    pub(super) fn begin_heading(&mut self, level: usize) {
        if self.cells == 0 {
            self.end_paragraph();
            self.heading = Some(level);
        }
    }

    pub(super) fn end_heading(&mut self) {
        if self.cells == 0 {
            self.heading = None;
            self.end_paragraph();
        }
    }

    pub(super) fn end_line(&mut self) {
        self.end_block(1);
    }

    pub(super) fn end_paragraph(&mut self) {
        self.end_block(2);
    }

    /// A block that opens a cell does not take it out of its row, and a heading is one line.
    fn end_block(&mut self, breaks: usize) {
        if self.heading.is_some() {
            self.space = true;
        } else if !self.cell {
            self.breaks = self.breaks.max(breaks);
        }
    }

    pub(super) fn begin_row(&mut self) {
        self.row = true;
    }

    pub(super) fn in_cell(&self) -> bool {
        self.cells > 0
    }

    pub(super) fn begin_cell(&mut self) {
        if !self.row {
            (self.breaks, self.separator) = (0, true);
        }
        self.cell = true;
        self.cells += 1;
    }

    pub(super) fn end_cell(&mut self) {
        if !self.row {
            self.breaks = 0;
        }
        self.cell = false;
        self.cells = self.cells.saturating_sub(1);
    }
}
