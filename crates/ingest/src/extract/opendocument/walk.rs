//! One walk over the XML of an OpenDocument, without recursion.

use quick_xml::events::BytesStart;

use super::super::ExtractError;
use super::super::markup::{Markup, one_line};
use super::super::nodes::{Node, Nodes, attribute};
use super::super::sheet::{Cell, Sheet};

/// Which part of a document is wanted.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// What it says.
    Body,
    /// Its headers and footers, which stand among the styles.
    Margins,
}

/// A cell that is repeated says the same each time: more than so many are left out.
const REPEATS: usize = 64;

/// A row of a text's table shows so many empty cells between others at most.
const GAP: usize = 64;

/// Adds what stands in that part of the document.
pub(super) fn walk(source: &str, part: Part, out: &mut Markup) -> Result<(), ExtractError> {
    let mut walk = Walk { part, out, open: Vec::new(), blocks: Vec::new(), late: Vec::new(), rows: Vec::new(), sheet: None, slides: 0 };
    let mut nodes = Nodes::of(source);
    while let Some(node) = nodes.next()? {
        match node {
            Node::Open(element) => {
                let element = walk.begin(&element);
                walk.open.push(element);
            }
            Node::Text(text) => walk.text(&text),
            Node::Close => {
                if let Some(element) = walk.open.pop() {
                    walk.end(element);
                }
            }
        }
    }
    Ok(())
}

/// What an open element is to the walk.
#[derive(Clone, Copy, PartialEq)]
enum Element {
    /// It is in the part that is wanted.
    Wanted,
    /// Nothing in it is content.
    Hidden,
    Workbook,
    List,
    /// A slide's frame for its title.
    Title,
    Paragraph,
    Heading(usize),
    Table,
    Row,
    Cell {
        repeats: usize,
        words: bool,
    },
    Other,
}

/// A row whose end has not come.
#[derive(Default)]
struct Row {
    cells: Vec<Cell>,
    column: usize,
    /// The text of the cell that is open.
    cell: String,
}

struct Walk<'o> {
    part: Part,
    out: &'o mut Markup,
    open: Vec<Element>,
    /// Paragraphs that are open: notes and frames stand within others.
    blocks: Vec<String>,
    /// Paragraphs that ended within others, and come after them.
    late: Vec<(Element, String)>,
    /// Rows that are open: tables stand within cells.
    rows: Vec<Row>,
    sheet: Option<Sheet>,
    slides: u32,
}

impl Walk<'_> {
    fn is_in(&self, element: Element) -> bool {
        self.open.contains(&element)
    }

    fn begin(&mut self, element: &BytesStart<'_>) -> Element {
        let name = element.name().into_inner();
        if self.is_in(Element::Hidden) {
            return Element::Other;
        }
        if !self.is_in(Element::Wanted) {
            let wanted = match self.part {
                Part::Body => name == "office:body",
                Part::Margins => name.starts_with("style:header") || name.starts_with("style:footer"),
            };
            // Page styles describe their headers and footers with elements that hold no text.
            return if wanted { Element::Wanted } else { Element::Other };
        }
        let number = |name: &str| attribute(element, name).and_then(|number| number.parse::<usize>().ok());
        match name {
            "text:tracked-changes"
            | "table:tracked-changes"
            | "office:annotation"
            | "office:forms"
            | "office:scripts"
            | "text:note-citation" => Element::Hidden,
            "office:spreadsheet" => Element::Workbook,
            "text:list" => Element::List,
            "text:p" => self.block(Element::Paragraph),
            "text:h" => self.block(Element::Heading(number("text:outline-level").unwrap_or(1))),
            "text:s" => self.push(&" ".repeat(number("text:c").unwrap_or(1).min(REPEATS))),
            "text:tab" => self.push(" "),
            "text:line-break" => self.push("\n"),
            "draw:page" => {
                self.slides += 1;
                self.out.page(self.slides);
                Element::Other
            }
            "draw:frame" if attribute(element, "presentation:class").as_deref() == Some("title") => Element::Title,
            "table:table" => {
                if self.is_in(Element::Workbook) && self.rows.is_empty() {
                    self.sheet = Some(Sheet::begin(self.out, &attribute(element, "table:name").unwrap_or_default()));
                }
                Element::Table
            }
            "table:table-row" => {
                self.rows.push(Row::default());
                Element::Row
            }
            "table:table-cell" | "table:covered-table-cell" => Element::Cell {
                repeats: number("table:number-columns-repeated").unwrap_or(1),
                words: attribute(element, "office:value-type").is_none_or(|kind| kind == "string"),
            },
            _ => Element::Other,
        }
    }

    fn block(&mut self, element: Element) -> Element {
        self.blocks.push(String::new());
        element
    }

    fn push(&mut self, text: &str) -> Element {
        if let Some(block) = self.blocks.last_mut() {
            block.push_str(text);
        }
        Element::Other
    }

    /// White space is one space in OpenDocument, wherever it stands.
    fn text(&mut self, text: &str) {
        if self.is_in(Element::Hidden) {
            return;
        }
        let Some(block) = self.blocks.last_mut() else { return };
        for c in text.chars() {
            match c {
                ' ' | '\n' | '\t' | '\r' if block.ends_with([' ', '\n']) => {}
                '\n' | '\t' | '\r' => block.push(' '),
                c => block.push(c),
            }
        }
    }

    fn end(&mut self, element: Element) {
        match element {
            Element::Paragraph | Element::Heading(_) => {
                let text = self.blocks.pop().unwrap_or_default();
                match self.rows.last_mut() {
                    Some(row) => {
                        row.cell.push(' ');
                        row.cell.push_str(&text);
                    }
                    None if !self.blocks.is_empty() => self.late.push((element, text)),
                    None => {
                        self.write(element, &text);
                        for (element, text) in std::mem::take(&mut self.late) {
                            self.write(element, &text);
                        }
                    }
                }
            }
            Element::Cell { repeats, words } => {
                let Some(row) = self.rows.last_mut() else { return };
                let text = one_line(&std::mem::take(&mut row.cell));
                if !text.is_empty() {
                    let columns = row.column..row.column.saturating_add(repeats.min(REPEATS));
                    row.cells.extend(columns.map(|column| Cell { column, text: text.clone(), words }));
                }
                row.column = row.column.saturating_add(repeats);
            }
            Element::Row => {
                let Some(row) = self.rows.pop() else { return };
                match (self.rows.last_mut(), &mut self.sheet) {
                    (Some(outer), _) => {
                        for cell in row.cells {
                            outer.cell.push(' ');
                            outer.cell.push_str(&cell.text);
                        }
                    }
                    (None, Some(sheet)) => sheet.row(self.out, &row.cells),
                    (None, None) => self.out.row(&with_gaps(&row.cells)),
                }
            }
            _ => {}
        }
    }

    fn write(&mut self, element: Element, text: &str) {
        match element {
            Element::Heading(level) => self.out.heading(level, text),
            _ if self.is_in(Element::Title) => self.out.heading(1, text),
            _ if self.is_in(Element::List) => self.out.item(text),
            _ => self.out.paragraph(text),
        }
    }
}

/// The texts of a row's cells, those that are empty among them.
fn with_gaps(cells: &[Cell]) -> Vec<&str> {
    let mut texts = Vec::new();
    let mut next = 0;
    for cell in cells {
        texts.extend(std::iter::repeat_n("", cell.column.saturating_sub(next).min(GAP)));
        texts.push(cell.text.as_str());
        next = cell.column + 1;
    }
    texts
}
