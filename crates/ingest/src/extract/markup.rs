//! Text with its structure: the same few marks of Markdown for every format, which the splitter knows.
//!
//! A heading is a line with `#`, code stands between fences, a table's row is a line with ` | ` between its cells. Lines
//! of the document that only look like a heading or a fence get a backslash, as Markdown has it.

use transom_domain::{Page, Text};

use crate::decode;

/// Puts a text together, block by block.
#[derive(Default)]
pub(super) struct Markup {
    text: Text,
    /// A page that has begun, and nothing of it has come.
    page: Option<u32>,
    /// What the last block was.
    last: Option<Block>,
}

#[derive(Clone, Copy, PartialEq)]
enum Block {
    Paragraph,
    Item,
    Row,
}

impl Markup {
    /// What comes now is on that page.
    pub(super) fn page(&mut self, number: u32) {
        self.page = Some(number);
    }

    /// A heading of that level, from 1. Its line breaks become spaces.
    pub(super) fn heading(&mut self, level: usize, text: &str) {
        let title = one_line(text);
        if !title.is_empty() {
            self.block(Block::Paragraph);
            self.text.text.push_str(&"######"[..level.clamp(1, 6)]);
            self.text.text.push(' ');
            self.text.text.push_str(&title);
        }
    }

    /// A paragraph; its lines stay lines.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.lines(Block::Paragraph, "", text);
    }

    /// An item of a list.
    pub(super) fn item(&mut self, text: &str) {
        self.lines(Block::Item, "- ", text);
    }

    /// A row of a table; without words it is none.
    pub(super) fn row<C: AsRef<str>>(&mut self, cells: &[C]) {
        let cells: Vec<String> = cells.iter().map(|cell| one_line(cell.as_ref())).collect();
        let used = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        self.lines(Block::Row, "", &cells[..used].join(" | "));
    }

    /// Text that has its marks already.
    pub(super) fn marked(&mut self, text: &str) {
        let text = text.trim_matches('\n');
        if !text.trim().is_empty() {
            self.block(Block::Paragraph);
            self.text.text.push_str(text);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.text.text.len()
    }

    pub(super) fn finish(self) -> Text {
        self.text
    }

    fn lines(&mut self, block: Block, prefix: &str, text: &str) {
        let text = decode::clean(text);
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.block(block);
        self.text.text.push_str(prefix);
        for (index, line) in text.lines().enumerate() {
            if index > 0 {
                self.text.text.push('\n');
            }
            if looks_marked(line) {
                self.text.text.push('\\');
            }
            self.text.text.push_str(line.trim_end());
        }
    }

    /// Ends what was before: items and rows follow their like in the next line, all else after a blank line.
    fn block(&mut self, block: Block) {
        let joins = block != Block::Paragraph && self.last == Some(block) && self.page.is_none();
        if !self.text.text.is_empty() {
            self.text.text.push_str(if joins { "\n" } else { "\n\n" });
        }
        if let Some(number) = self.page.take() {
            self.text.pages.push(Page { number, start: self.text.text.len(), goes_on: false });
        }
        self.last = Some(block);
    }
}

/// Whether a line of the document would be taken for a heading or a fence.
pub(super) fn looks_marked(line: &str) -> bool {
    let line = line.trim_start();
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    line.starts_with("```") || line.starts_with("~~~") || ((1..=6).contains(&level) && (title.is_empty() || title.starts_with(' ')))
}

/// Code between fences that it does not hold itself.
pub(super) fn fenced(code: &str) -> String {
    let fence = if code.contains("```") { "~~~" } else { "```" };
    format!("{fence}\n{}\n{fence}", code.trim_matches('\n').trim_end())
}

/// The words of `text`, one space between them.
pub(super) fn one_line(text: &str) -> String {
    let text = decode::clean(text);
    let mut out = String::with_capacity(text.len());
    // Other white space stays: damaged text is made of it, too.
    for word in text.split_ascii_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_parted_by_blank_lines_and_items_and_rows_by_line_ends() {
        let mut markup = Markup::default();
        markup.heading(2, " A\ntitle ");
        markup.paragraph("one\r\ntwo\u{7}");
        markup.item("first");
        markup.item("second");
        markup.row(&["a", "", "b\nc", ""]);
        markup.row(&["", ""]);
        markup.row(&["d"]);
        assert_eq!(markup.finish().text, "## A title\n\none\ntwo\n\n- first\n- second\n\na |  | b c\nd");
    }

    #[test]
    fn what_only_looks_like_a_mark_gets_a_backslash() {
        let mut markup = Markup::default();
        markup.paragraph("# apt install\n```\n#hashtag");
        assert_eq!(markup.finish().text, "\\# apt install\n\\```\n#hashtag");
        assert_eq!(fenced("\n# x\n```\n"), "~~~\n# x\n```\n~~~");
    }

    #[test]
    fn a_page_begins_with_its_first_block() {
        let mut markup = Markup::default();
        markup.page(1);
        markup.item("é");
        markup.page(2);
        markup.page(3);
        markup.item("b");
        let text = markup.finish();
        assert_eq!(text.text, "- é\n\n- b");
        assert_eq!(text.pages, [(1, 0), (3, 6)].map(|(number, start)| Page { number, start, goes_on: false }));
    }
}
