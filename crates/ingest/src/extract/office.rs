//! Word and PowerPoint, new and old, and old Excel.

mod notes;

use transom_domain::Text;
use undoc::FormatType;
use undoc::model::{Block, Cell as TableCell, Document, Paragraph, RevisionType, Section, Table};

use super::markup::Markup;
use super::sheet::{Cell, Sheet, is_words};
use super::{ExtractError, Extractor, Input};
use crate::media::MediaType;

/// DOCX, DOC, PPTX, PPT and XLS.
pub(super) struct Office;

impl Extractor for Office {
    fn takes(&self, media: MediaType) -> bool {
        matches!(media, MediaType::Docx | MediaType::Doc | MediaType::Pptx | MediaType::Ppt | MediaType::Xls)
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let document = undoc::parse_bytes(input.bytes).map_err(|error| ExtractError::Unreadable {
            reason: match error {
                undoc::Error::Encrypted => "This document is locked with a password.".into(),
                _ => "This document is damaged and cannot be read.".into(),
            },
        })?;
        let mut out = Markup::default();
        match document.format {
            FormatType::Xls | FormatType::Xlsx => document.sections.iter().for_each(|section| sheet(&mut out, section)),
            FormatType::Ppt => slides(&mut out, &document, None),
            FormatType::Pptx => slides(&mut out, &document, Some(notes::of_slides(input.bytes))),
            FormatType::Docx | FormatType::Doc => {
                // A document's title stands above all its headings.
                let titled = document.sections.iter().any(|section| section.content.iter().any(is_title));
                document.sections.iter().for_each(|section| blocks(&mut out, section, usize::from(titled)));
            }
        }
        margins(&mut out, &document.sections);
        Ok(out.finish())
    }
}

/// Slides are pages; only their titles are headings. Where notes are given, they are the ones.
fn slides(out: &mut Markup, document: &Document, notes: Option<Vec<String>>) {
    for section in &document.sections {
        out.page(u32::try_from(section.index + 1).unwrap_or(u32::MAX));
        blocks(out, section, 0);
        match &notes {
            Some(notes) => out.paragraph(notes.get(section.index).map_or("", String::as_str)),
            None => section.notes.iter().flatten().for_each(|note| out.paragraph(&text(note))),
        }
    }
}

/// Adds what a section holds, its headings so many levels deeper.
fn blocks(out: &mut Markup, section: &Section, deeper: usize) {
    for block in &section.content {
        match block {
            Block::Paragraph(text) => paragraph(out, text, deeper),
            Block::Table(table) => {
                for row in &table.rows {
                    let cells: Vec<String> = row.cells.iter().map(|cell| cell_text(cell, 0)).collect();
                    out.row(&cells);
                }
            }
            Block::Note { label, content } => {
                let lines: Vec<String> = content.iter().map(text).collect();
                out.paragraph(&format!("[^{label}]: {}", lines.join("\n")));
            }
            Block::PageBreak | Block::SectionBreak | Block::Image { .. } => {}
        }
    }
}

fn is_title(block: &Block) -> bool {
    matches!(block, Block::Paragraph(paragraph) if has_title_style(paragraph))
}

fn has_title_style(paragraph: &Paragraph) -> bool {
    paragraph.style_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("title"))
}

fn paragraph(out: &mut Markup, paragraph: &Paragraph, deeper: usize) {
    let text = text(paragraph);
    match paragraph.heading.level() {
        _ if has_title_style(paragraph) => out.heading(1, &text),
        0 if paragraph.list_info.is_some() => out.item(&text),
        0 => out.paragraph(&text),
        level => out.heading(usize::from(level) + deeper, &text),
    }
}

/// A paragraph's words; those that a tracked change took out are not among them.
fn text(paragraph: &Paragraph) -> String {
    let mut text = String::new();
    for run in paragraph.runs.iter().filter(|run| run.revision != RevisionType::Deleted) {
        text.push_str(&run.text);
        if let Some(label) = &run.note {
            text.push_str(&format!("[^{label}]"));
        }
        if run.line_break {
            text.push('\n');
        }
    }
    text
}

/// Tables stand within cells; so deep at most.
const MAX_DEPTH: usize = 16;

fn cell_text(cell: &TableCell, depth: usize) -> String {
    let mut words: Vec<String> = cell.content.iter().map(text).collect();
    if depth < MAX_DEPTH {
        let rows = cell.nested_tables.iter().flat_map(|table: &Table| &table.rows);
        words.extend(rows.flat_map(|row| &row.cells).map(|cell| cell_text(cell, depth + 1)));
    }
    words.join(" ")
}

fn sheet(out: &mut Markup, section: &Section) {
    let mut sheet = Sheet::begin(out, section.name.as_deref().unwrap_or_default());
    for block in &section.content {
        match block {
            Block::Table(table) => {
                for row in &table.rows {
                    let mut column = 0;
                    let mut cells = Vec::new();
                    for cell in &row.cells {
                        let text = cell_text(cell, 0);
                        if !text.trim().is_empty() {
                            cells.push(Cell { column, words: is_words(&text), text });
                        }
                        column += usize::try_from(cell.col_span).unwrap_or(1).max(1);
                    }
                    sheet.row(out, &cells);
                }
            }
            Block::Paragraph(line) => out.paragraph(&text(line)),
            _ => {}
        }
    }
}

/// Headers and footers, each once, after the rest.
fn margins(out: &mut Markup, sections: &[Section]) {
    let mut seen: Vec<String> = Vec::new();
    for line in sections.iter().flat_map(|section| [&section.header, &section.footer]).flatten().flatten() {
        let line = text(line);
        if !seen.contains(&line) {
            out.paragraph(&line);
            seen.push(line);
        }
    }
}
