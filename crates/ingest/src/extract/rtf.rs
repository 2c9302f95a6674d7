//! RTF: its text in the code pages of its fonts, headings by their outline level, tables row by row.
//!
//! Read here and not by a crate: what was found reads every code page as Latin-1 and stops at the first surprise.

mod lexer;

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};
use transom_domain::Text;

use super::markup::Markup;
use super::{ExtractError, Extractor, Input, codepage};
use crate::media::MediaType;
use lexer::{Lexer, Token};

/// RTF.
pub(super) struct Rtf;

impl Extractor for Rtf {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Rtf
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        Ok(read(input.bytes))
    }
}

/// The text of a file, or of a message that has its text in this form.
pub(super) fn read(bytes: &[u8]) -> Text {
    let mut reader = Reader::new();
    for token in Lexer::of(bytes) {
        reader.take(token);
    }
    reader.finish()
}

/// What a group's text is for.
#[derive(Clone, Copy, PartialEq)]
enum Destination {
    Body,
    Fonts,
    Styles,
    /// Nothing that is shown.
    Hidden,
}

/// What a group inherits from the one around it.
#[derive(Clone, Copy)]
struct State {
    destination: Destination,
    encoding: &'static Encoding,
    /// So many stand-ins follow a character that is given by its number.
    stand_ins: usize,
    hidden: bool,
}

/// What is true of a paragraph, whatever group ends it.
#[derive(Clone, Copy, Default)]
struct Layout {
    style: i32,
    outline: Option<usize>,
    in_table: bool,
    in_list: bool,
}

struct Reader {
    out: Markup,
    groups: Vec<State>,
    state: State,
    layout: Layout,
    default: &'static Encoding,
    fonts: HashMap<i32, &'static Encoding>,
    /// The font or the style that is being described.
    subject: i32,
    /// The outline levels of styles.
    outlines: HashMap<i32, usize>,
    /// Bytes whose characters may not be complete.
    bytes: Vec<u8>,
    /// UTF-16 whose surrogates may not be complete.
    units: Vec<u16>,
    /// Stand-ins that are still to be skipped.
    skip: usize,
    /// A group has begun that whoever does not know it has to leave out.
    optional: bool,
    /// The name of the style that is being described.
    style: String,
    paragraph: String,
    row: Vec<String>,
}

impl Reader {
    fn new() -> Self {
        Self {
            out: Markup::default(),
            groups: Vec::new(),
            state: State { destination: Destination::Body, encoding: WINDOWS_1252, stand_ins: 1, hidden: false },
            layout: Layout::default(),
            default: WINDOWS_1252,
            fonts: HashMap::new(),
            subject: 0,
            outlines: HashMap::new(),
            bytes: Vec::new(),
            units: Vec::new(),
            skip: 0,
            optional: false,
            style: String::new(),
            paragraph: String::new(),
            row: Vec::new(),
        }
    }

    fn finish(mut self) -> Text {
        self.end_paragraph();
        self.end_row();
        self.out.finish()
    }

    fn take(&mut self, token: Token<'_>) {
        match token {
            Token::Open => {
                self.settle();
                self.groups.push(self.state);
                (self.skip, self.optional) = (0, false);
            }
            Token::Close => {
                self.settle();
                self.end_style();
                self.state = self.groups.pop().unwrap_or(self.state);
                (self.skip, self.optional) = (0, false);
            }
            Token::Optional => self.optional = true,
            Token::Byte(byte) => match self.skip {
                0 if self.state.destination == Destination::Styles => self.style.push(char::from(byte)),
                0 => self.byte(byte),
                _ => self.skip -= 1,
            },
            Token::Character(c) => self.character(c),
            Token::Word(name, number) => self.word(name, number),
        }
    }

    fn word(&mut self, name: &str, number: Option<i32>) {
        let optional = std::mem::take(&mut self.optional);
        if name != "u" {
            self.skip = 0;
            self.settle();
        }
        let count = |number: Option<i32>| number.and_then(|number| usize::try_from(number).ok());
        match name {
            "u" => {
                self.settle_bytes();
                if self.is_shown() {
                    // Numbers beyond 32767 are written as negative ones.
                    self.units.push((number.unwrap_or(0) & 0xFFFF) as u16);
                }
                self.skip = self.state.stand_ins;
            }
            "uc" => self.state.stand_ins = count(number).unwrap_or(1).min(64),
            "par" | "sect" | "page" | "column" => self.end_paragraph(),
            "line" | "lbr" => self.character('\n'),
            "tab" => self.character('\t'),
            "cell" | "nestcell" => self.end_cell(),
            "row" | "nestrow" => self.end_row(),
            "trowd" => self.layout.in_table = true,
            "intbl" => self.layout.in_table = true,
            "pard" => self.layout = Layout::default(),
            "plain" => (self.state.hidden, self.state.encoding) = (false, self.default),
            "v" | "deleted" => self.state.hidden = number != Some(0),
            "s" if self.state.destination == Destination::Styles => self.subject = number.unwrap_or(0),
            "s" => self.layout.style = number.unwrap_or(0),
            "outlinelevel" => match (self.state.destination, count(number).filter(|&level| level < 9)) {
                (Destination::Styles, Some(level)) => {
                    self.outlines.insert(self.subject, level);
                }
                (Destination::Body, level) => self.layout.outline = level,
                _ => {}
            },
            "f" if self.state.destination == Destination::Fonts => self.subject = number.unwrap_or(0),
            "f" => self.state.encoding = self.fonts.get(&number.unwrap_or(0)).copied().unwrap_or(self.default),
            "fcharset" => {
                if let Some(encoding) = count(number).and_then(|charset| codepage::by_charset(charset as u32)) {
                    self.fonts.insert(self.subject, encoding);
                }
            }
            "ansicpg" => {
                if let Some(encoding) = count(number).and_then(|page| codepage::by_number(page as u32)) {
                    (self.default, self.state.encoding) = (encoding, encoding);
                }
            }
            "fonttbl" => self.state.destination = Destination::Fonts,
            "stylesheet" => self.state.destination = Destination::Styles,
            "shptxt" | "shpinst" | "shp" => {}
            "emdash" => self.character('—'),
            "endash" => self.character('–'),
            "lquote" => self.character('‘'),
            "rquote" => self.character('’'),
            "ldblquote" => self.character('“'),
            "rdblquote" => self.character('”'),
            "bullet" => self.character('•'),
            "emspace" | "enspace" | "qmspace" => self.character(' '),
            // The bullet or the number that a list's writer put there.
            "listtext" | "pntext" => (self.layout.in_list, self.state.destination) = (true, Destination::Hidden),
            "colortbl" | "info" | "pict" | "object" | "fldinst" | "filetbl" | "listtable" | "listoverridetable" | "revtbl" | "rsidtbl"
            | "bkmkstart" | "bkmkend" | "xe" | "tc" | "private" | "nonshppict" => self.state.destination = Destination::Hidden,
            _ if optional => self.state.destination = Destination::Hidden,
            _ => {}
        }
    }

    /// A style that is named as a heading is one, whether or not it has an outline level.
    fn end_style(&mut self) {
        let name = std::mem::take(&mut self.style).to_ascii_lowercase();
        let level = name.trim_start().strip_prefix("heading ").and_then(|rest| rest.trim_end_matches([';', ' ']).parse::<usize>().ok());
        if let Some(level) = level.filter(|level| (1..=9).contains(level)) {
            self.outlines.entry(self.subject).or_insert(level - 1);
        }
    }

    fn is_shown(&self) -> bool {
        self.state.destination == Destination::Body && !self.state.hidden
    }

    fn byte(&mut self, byte: u8) {
        self.settle_units();
        if self.is_shown() {
            self.bytes.push(byte);
        }
    }

    fn character(&mut self, c: char) {
        self.settle();
        if self.is_shown() {
            self.paragraph.push(c);
        }
    }

    /// Decodes what has come, before the encoding can change.
    fn settle(&mut self) {
        self.settle_bytes();
        self.settle_units();
    }

    fn settle_bytes(&mut self) {
        if !self.bytes.is_empty() {
            self.paragraph.push_str(&self.state.encoding.decode_without_bom_handling(&self.bytes).0);
            self.bytes.clear();
        }
    }

    fn settle_units(&mut self) {
        if !self.units.is_empty() {
            self.paragraph.push_str(&String::from_utf16_lossy(&self.units));
            self.units.clear();
        }
    }

    fn end_paragraph(&mut self) {
        if self.layout.in_table {
            self.paragraph.push('\n');
            return;
        }
        self.settle();
        // The cells that are left of a row without an end.
        self.end_row();
        let text = std::mem::take(&mut self.paragraph);
        match self.layout.outline.or_else(|| self.outlines.get(&self.layout.style).copied()) {
            Some(level) => self.out.heading(level + 1, &text),
            None if std::mem::take(&mut self.layout.in_list) => self.out.item(&text),
            None => self.out.paragraph(&text),
        }
    }

    fn end_cell(&mut self) {
        self.settle();
        self.row.push(std::mem::take(&mut self.paragraph));
    }

    fn end_row(&mut self) {
        self.out.row(&std::mem::take(&mut self.row));
    }
}

#[cfg(test)]
mod tests;
