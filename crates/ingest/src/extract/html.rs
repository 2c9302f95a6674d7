//! Web pages: what a reader sees, block by block.

use scraper::Html as Page;
use scraper::node::Node;
use transom_domain::Text;

use super::{ExtractError, Extractor, Input, unpaged};
use crate::decode;
use crate::media::MediaType;

/// HTML.
pub(super) struct Html;

impl Extractor for Html {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Html
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let declared = meta_charset(input.bytes);
        let source = decode::decode(input.bytes, input.charset().or(declared.as_deref()));
        if depth(&source) > MAX_DEPTH {
            return Err(ExtractError::Unreadable { reason: "This web page is nested too deeply to be read.".into() });
        }
        Ok(unpaged(visible(&source)))
    }
}

/// The parser's time grows with the square of the depth; pages that people made stay far below this.
const MAX_DEPTH: usize = 5_000;

/// How deep the page nests, at most: a rough count, which takes no notice of what closes by itself.
fn depth(source: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for tag in source.split('<').skip(1) {
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        match name.as_str() {
            "" => depth = depth.saturating_sub(usize::from(tag.starts_with('/'))),
            "p" | "li" | "dt" | "dd" | "tr" | "td" | "th" | "thead" | "tbody" | "tfoot" | "option" | "br" | "img" | "hr" | "input"
            | "meta" | "link" | "area" | "base" | "col" | "embed" | "param" | "source" | "track" | "wbr" => {}
            _ => depth += 1,
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// What a page does to the text around and inside one of its elements.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// It is not shown.
    Hidden,
    /// A blank line stands around it.
    Paragraph,
    /// It has lines of its own.
    Line,
    /// A cell of a table's row.
    Cell,
    /// Its white space is kept.
    Preformatted,
    /// A line break.
    Break,
    /// It runs on in its line.
    Inline,
}

fn role(element: &str) -> Role {
    match element {
        "script" | "style" | "template" | "noscript" | "head" | "title" | "svg" | "iframe" | "object" | "audio" | "video" | "canvas" => {
            Role::Hidden
        }
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "ul" | "ol" | "dl" | "blockquote" | "section" | "article" | "figure"
        | "header" | "footer" | "nav" | "aside" | "main" | "hr" | "form" | "fieldset" => Role::Paragraph,
        "div" | "li" | "dt" | "dd" | "tr" | "caption" | "figcaption" | "address" | "option" | "details" | "summary" | "legend" => {
            Role::Line
        }
        "td" | "th" => Role::Cell,
        "pre" | "textarea" | "listing" => Role::Preformatted,
        "br" => Role::Break,
        _ => Role::Inline,
    }
}

/// The page's title and what it shows. Walks without recursion: pages nest as deep as they like.
fn visible(source: &str) -> String {
    let page = Page::parse_document(source);
    let mut out = Lines::default();
    if let Some(title) = title(&page) {
        out.text(&title);
        out.end_paragraph();
    }
    let (mut hidden, mut preformatted) = (0usize, 0usize);
    for edge in page.tree.root().traverse() {
        let (node, opens) = match edge {
            ego_tree::iter::Edge::Open(node) => (node, true),
            ego_tree::iter::Edge::Close(node) => (node, false),
        };
        match node.value() {
            Node::Text(text) if opens && hidden == 0 => {
                if preformatted > 0 {
                    out.preformatted(text);
                } else {
                    out.text(text);
                }
            }
            Node::Element(element) => match (role(element.name()), opens) {
                (Role::Hidden, true) => hidden += 1,
                (Role::Hidden, false) => hidden -= 1,
                _ if hidden > 0 => {}
                (Role::Paragraph, _) => out.end_paragraph(),
                (Role::Line, _) => {
                    out.end_line();
                    out.row |= opens && element.name() == "tr";
                }
                (Role::Cell, true) => out.begin_cell(),
                (Role::Cell, false) => out.end_cell(),
                (Role::Break, true) => out.end_line(),
                (Role::Preformatted, _) => {
                    out.end_paragraph();
                    preformatted = if opens { preformatted + 1 } else { preformatted - 1 };
                }
                (Role::Break | Role::Inline, _) => {}
            },
            _ => {}
        }
    }
    out.done
}

fn title(page: &Page) -> Option<String> {
    let selector = scraper::Selector::parse("head > title").ok()?;
    let title: String = page.select(&selector).next()?.text().collect();
    (!title.trim().is_empty()).then_some(title)
}

/// Text in lines, white space collapsed.
#[derive(Default)]
struct Lines {
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
}

impl Lines {
    fn text(&mut self, text: &str) {
        for (index, word) in text.split([' ', '\n', '\t']).enumerate() {
            self.space |= index > 0;
            if !word.is_empty() {
                self.word(word);
            }
        }
    }

    fn preformatted(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.breaks += 1;
            }
            if !line.trim().is_empty() {
                let fresh = self.breaks > 0 || self.done.is_empty();
                if fresh {
                    // The indent belongs to a line of code.
                    self.settle();
                    self.done.push_str(line);
                } else {
                    self.word(line);
                }
            }
        }
    }

    fn word(&mut self, word: &str) {
        let fresh = self.breaks > 0 || self.done.is_empty();
        let (space, separator) = (self.space, self.separator);
        self.settle();
        match (fresh, separator, space) {
            (false, true, _) => self.done.push_str(" | "),
            (false, false, true) => self.done.push(' '),
            _ => {}
        }
        self.done.push_str(word);
    }

    /// Writes the line ends that are owed.
    fn settle(&mut self) {
        if !self.done.is_empty() {
            (0..self.breaks.min(2)).for_each(|_| self.done.push('\n'));
        }
        (self.breaks, self.space, self.separator, self.row, self.cell) = (0, false, false, false, false);
    }

    fn end_line(&mut self) {
        self.end_block(1);
    }

    fn end_paragraph(&mut self) {
        self.end_block(2);
    }

    /// A block that opens a cell does not take it out of its row.
    fn end_block(&mut self, breaks: usize) {
        if !self.cell {
            self.breaks = self.breaks.max(breaks);
        }
    }

    fn begin_cell(&mut self) {
        if !self.row {
            (self.breaks, self.separator) = (0, true);
        }
        self.cell = true;
    }

    fn end_cell(&mut self) {
        if !self.row {
            self.breaks = 0;
        }
        self.cell = false;
    }
}

/// The encoding that the page's head names.
fn meta_charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let (_, rest) = head.split_once("charset=")?;
    let label: String =
        rest.trim_start_matches(['"', '\'', ' ']).chars().take_while(|c| c.is_ascii_alphanumeric() || "-_:".contains(*c)).collect();
    (!label.is_empty()).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_shown_is_no_content() {
        let page = "<html><head><title>The title</title><style>p{color:red}</style><script>alert(1)</script></head><body>\
            <p>para</p><script>alert(2)</script><template><p>hidden</p></template><noscript>turn it on</noscript><svg><title>icon</title></svg></body></html>";
        assert_eq!(visible(page), "The title\n\npara");
    }

    #[test]
    fn blocks_have_lines_of_their_own_and_inline_text_runs_on() {
        let page = "<h1>Hi</h1><p>A <b>bold</b>\n  word,<br>then <a href=x>more</a>.</p><ul><li>one<li>two</ul><div>a</div><div>b</div>";
        assert_eq!(visible(page), "Hi\n\nA bold word,\nthen more.\n\none\ntwo\n\na\nb");
    }

    #[test]
    fn a_table_is_read_row_by_row() {
        let page = "<table><tr><th>City<th>Year</tr><tr><td>Lepanto<td>1571</tr><tr><td><p>Wien</p><td><p>1683</p></tr><tr><td><td>x</tr></table><p>end";
        assert_eq!(visible(page), "City | Year\nLepanto | 1571\nWien | 1683\nx\n\nend");
    }

    #[test]
    fn code_keeps_its_lines_and_indents() {
        assert_eq!(
            visible("<p>see</p><pre><code>fn main() {\n    run();\n}</code></pre><p>end"),
            "see\n\nfn main() {\n    run();\n}\n\nend"
        );
    }

    #[test]
    fn entities_and_deep_nesting_are_no_trouble() {
        let deep = format!("{}caf&eacute; &amp; cr&#232;me{}", "<div>".repeat(4_000), "</div>".repeat(4_000));
        assert_eq!(visible(&deep).trim(), "café & crème");
    }

    #[test]
    fn a_page_that_nests_beyond_measure_is_refused() {
        let bytes = "<div>".repeat(100_000).into_bytes();
        let input = Input { bytes: &bytes, filename: "x.html", content_type: None };
        assert!(matches!(Html.extract(&input), Err(ExtractError::Unreadable { .. })));
        assert_eq!(depth(&"<p>a<br><b>b</b><ul><li>c</ul>".repeat(1000)), 1);
    }

    #[test]
    fn the_encoding_that_the_page_names_is_used() {
        let bytes = b"<html><head><meta charset=\"windows-1251\"></head><p>\xc4\xe0</p></html>";
        let input = Input { bytes, filename: "x.html", content_type: None };
        assert_eq!(Html.extract(&input).map(|text| text.text).as_deref(), Ok("Да"));
    }
}
