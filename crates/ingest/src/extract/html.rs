//! Web pages: what a reader sees, block by block.

mod lines;

use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use scraper::Html as Page;
use scraper::node::Node;
use transom_domain::Text;

use super::markup::fenced;
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
        read(input.bytes, input.charset(), Title::First).map(unpaged)
    }
}

/// What becomes of a page's title, which is not shown on it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Title {
    /// It stands before the rest.
    First,
    /// It is left out.
    Left,
}

/// The text of a page with its structure.
pub(super) fn read(bytes: &[u8], charset: Option<&str>, title: Title) -> Result<String, ExtractError> {
    let declared = meta_charset(bytes);
    let source = decode::decode(bytes, charset.or(declared.as_deref()));
    if depth(&source) > MAX_DEPTH {
        return Err(ExtractError::Unreadable { reason: "This web page is nested too deeply to be read.".into() });
    }
    Ok(visible(&source, title))
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
    /// A heading of that level.
    Heading(usize),
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
        "h1" => Role::Heading(1),
        "h2" => Role::Heading(2),
        "h3" => Role::Heading(3),
        "h4" => Role::Heading(4),
        "h5" => Role::Heading(5),
        "h6" => Role::Heading(6),
        "p" | "table" | "ul" | "ol" | "dl" | "blockquote" | "section" | "article" | "figure" | "header" | "footer" | "nav" | "aside"
        | "main" | "hr" | "form" | "fieldset" => Role::Paragraph,
        "div" | "li" | "dt" | "dd" | "tr" | "caption" | "figcaption" | "address" | "option" | "details" | "summary" | "legend" => {
            Role::Line
        }
        "td" | "th" => Role::Cell,
        "pre" | "textarea" | "listing" => Role::Preformatted,
        "br" => Role::Break,
        _ => Role::Inline,
    }
}

/// What the page shows. Walks without recursion: pages nest as deep as they like.
fn visible(source: &str, title: Title) -> String {
    let page = Page::parse_document(source);
    let mut out = lines::Lines::default();
    if let Some(title) = page_title(&page).filter(|_| title == Title::First) {
        out.text(&title);
        out.end_paragraph();
    }
    // Elements whose contents are not walked: they are hidden, or were read at once.
    let mut skipped = 0usize;
    for edge in page.tree.root().traverse() {
        let (node, opens) = match edge {
            Edge::Open(node) => (node, true),
            Edge::Close(node) => (node, false),
        };
        match node.value() {
            Node::Text(text) if opens && skipped == 0 => out.text(text),
            Node::Element(element) => match (role(element.name()), opens) {
                (Role::Hidden | Role::Preformatted, false) => skipped -= 1,
                (Role::Hidden, true) => skipped += 1,
                (Role::Preformatted, true) => {
                    if skipped == 0 {
                        preformatted(&mut out, node);
                    }
                    skipped += 1;
                }
                _ if skipped > 0 => {}
                (Role::Heading(level), true) => out.begin_heading(level),
                (Role::Heading(_), false) => out.end_heading(),
                (Role::Paragraph, _) => out.end_paragraph(),
                (Role::Line, _) => {
                    out.end_line();
                    if opens && element.name() == "tr" {
                        out.begin_row();
                    }
                }
                (Role::Cell, true) => out.begin_cell(),
                (Role::Cell, false) => out.end_cell(),
                (Role::Break, true) => out.end_line(),
                (Role::Break, false) | (Role::Inline, _) => {}
            },
            _ => {}
        }
    }
    out.finish()
}

fn preformatted(out: &mut lines::Lines, node: NodeRef<'_, Node>) {
    let mut code = String::new();
    for node in node.descendants() {
        match node.value() {
            Node::Text(text) => code.push_str(text),
            Node::Element(element) if element.name() == "br" => code.push('\n'),
            _ => {}
        }
    }
    if out.in_cell() {
        out.text(&code);
    } else if !code.trim().is_empty() {
        out.end_paragraph();
        out.marked(&fenced(&code));
        out.end_paragraph();
    }
}

fn page_title(page: &Page) -> Option<String> {
    let selector = scraper::Selector::parse("head > title").ok()?;
    let title: String = page.select(&selector).next()?.text().collect();
    (!title.trim().is_empty()).then_some(title)
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
        assert_eq!(visible(page, Title::First), "The title\n\npara");
    }

    #[test]
    fn blocks_have_lines_of_their_own_and_inline_text_runs_on() {
        let page = "<h1>Hi</h1><p>A <b>bold</b>\n  word,<br>then <a href=x>more</a>.</p><ul><li>one<li>two</ul><div>a</div><div>b</div>";
        assert_eq!(visible(page, Title::First), "# Hi\n\nA bold word,\nthen more.\n\none\ntwo\n\na\nb");
    }

    #[test]
    fn a_table_is_read_row_by_row() {
        let page = "<table><tr><th>City<th>Year</tr><tr><td>Lepanto<td>1571</tr><tr><td><p>Wien</p><td><p>1683</p></tr><tr><td><td>x</tr></table><p>end";
        assert_eq!(visible(page, Title::First), "City | Year\nLepanto | 1571\nWien | 1683\nx\n\nend");
    }

    #[test]
    fn code_keeps_its_lines_and_indents_between_fences() {
        assert_eq!(
            visible("<p>see</p><pre><code>fn main() {\n    <b>run</b>();<br># x\n}</code></pre><p>end", Title::First),
            "see\n\n```\nfn main() {\n    run();\n# x\n}\n```\n\nend"
        );
        assert_eq!(visible("<table><tr><td><pre>a\nb</pre><td>c</table>", Title::First), "a b | c");
    }

    #[test]
    fn headings_keep_their_levels_and_other_lines_do_not_look_like_one() {
        let page = "<h1>A<br><a href=x>long</a> title</h1><p># no heading</p><div><h3> </h3><h2>B</h2></div><table><tr><td><h3>c</h3><td>d</table>";
        assert_eq!(visible(page, Title::First), "# A long title\n\n\\# no heading\n\n## B\n\nc | d");
    }

    #[test]
    fn entities_and_deep_nesting_are_no_trouble() {
        let deep = format!("{}caf&eacute; &amp; cr&#232;me{}", "<div>".repeat(4_000), "</div>".repeat(4_000));
        assert_eq!(visible(&deep, Title::First).trim(), "café & crème");
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
