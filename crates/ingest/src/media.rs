//! What kind of file it is: by its content first, by its name second, by what the sender says last.

mod mail;
mod names;

use serde::{Deserialize, Serialize};

use crate::Input;
use crate::{container, decode};
pub(crate) use names::by_document_name;
use names::{by_content_type, by_name};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MediaType {
    /// PDF.
    Pdf,
    /// HTML.
    Html,
    /// Markdown.
    Markdown,
    /// A table with commas, semicolons or tabs.
    Csv,
    /// JSON, one value or one a line.
    Json,
    /// A notebook of Jupyter.
    Notebook,
    /// XML of any vocabulary.
    Xml,
    /// YAML, TOML and other settings.
    Settings,
    /// Source code.
    Code,
    /// Any other text.
    PlainText,
    /// Word.
    Docx,
    /// Word before 2007.
    Doc,
    /// OpenDocument text.
    Odt,
    /// Rich text.
    Rtf,
    /// Excel.
    Xlsx,
    /// Excel, in its binary form.
    Xlsb,
    /// Excel before 2007.
    Xls,
    /// OpenDocument spreadsheet.
    Ods,
    /// PowerPoint.
    Pptx,
    /// PowerPoint before 2007.
    Ppt,
    /// OpenDocument presentation.
    Odp,
    /// An electronic book.
    Epub,
    /// A mail message.
    Mail,
    /// A message that Outlook saved.
    Msg,
    /// A document that nobody reads without its password.
    Locked,
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// A film.
    Video,
    /// A packed archive.
    Archive,
    /// Anything else that is no text.
    Binary,
}

impl MediaType {
    /// The kind in words, as in "this file is …".
    pub fn describe(self) -> &'static str {
        match self {
            Self::Pdf => "a PDF",
            Self::Html => "a web page",
            Self::Markdown => "a Markdown text",
            Self::Csv => "a table",
            Self::Json => "JSON",
            Self::Notebook => "a notebook",
            Self::Xml => "XML",
            Self::Settings => "a settings file",
            Self::Code => "source code",
            Self::PlainText => "a plain text",
            Self::Docx | Self::Doc | Self::Odt | Self::Rtf => "a word processor's document",
            Self::Xlsx | Self::Xlsb | Self::Xls | Self::Ods => "a spreadsheet",
            Self::Pptx | Self::Ppt | Self::Odp => "a presentation",
            Self::Epub => "an electronic book",
            Self::Mail | Self::Msg => "a message",
            Self::Locked => "locked with a password",
            Self::Image => "an image",
            Self::Audio => "a sound recording",
            Self::Video => "a video",
            Self::Archive => "an archive",
            Self::Binary => "a binary file",
        }
    }

    /// The kind as a noun, as in "this … is damaged".
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Docx | Self::Doc => "Word document",
            Self::Xlsx | Self::Xlsb | Self::Xls => "Excel workbook",
            Self::Pptx | Self::Ppt => "PowerPoint presentation",
            Self::Odt | Self::Ods | Self::Odp => "OpenDocument file",
            Self::Epub => "electronic book",
            _ => "file",
        }
    }

    /// Whether files of this kind are zip archives.
    pub(crate) fn is_packed(self) -> bool {
        matches!(self, Self::Docx | Self::Odt | Self::Xlsx | Self::Xlsb | Self::Ods | Self::Pptx | Self::Odp | Self::Epub)
    }

    /// Whether files of this kind are text that people read as it stands.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Html | Self::Markdown | Self::Csv | Self::Json | Self::Xml | Self::Settings | Self::Code | Self::PlainText)
    }

    /// Whether the text of such files has headings with `#`, as [`Extractors`](crate::Extractors) writes them or as it
    /// came. In other texts such a line may be anything, a comment in a program for one.
    pub fn has_headings(self) -> bool {
        !matches!(self, Self::Csv | Self::Json | Self::Settings | Self::Code)
    }

    /// Whether `bytes` of this kind are a zip archive whose contents will be read.
    pub(crate) fn is_zip(self, bytes: &[u8]) -> bool {
        self.is_packed() && container::is_zip(bytes)
    }
}

/// Says what kind of file `input` is.
pub fn sniff(input: &Input<'_>) -> MediaType {
    let named = by_name(input.filename);
    if is_pdf(input.bytes, named) {
        return MediaType::Pdf;
    }
    if input.bytes.trim_ascii_start().starts_with(b"{\\rtf") {
        return MediaType::Rtf;
    }
    if let Some(media) = binary(input.bytes, input.filename) {
        return media;
    }
    let head = decode::head(input.bytes);
    let head = head.trim_start();
    if is_page(head) && !matches!(named, Some(MediaType::Code | MediaType::Markdown)) {
        return MediaType::Html;
    }
    if let Some(media) = flat_open_document(head) {
        return media;
    }
    let said = named.or_else(|| by_content_type(input.content_type));
    if mail::is_mail(head, said == Some(MediaType::Mail)) {
        return MediaType::Mail;
    }
    if is_json(head) && (said == Some(MediaType::Notebook) || is_notebook(head)) {
        return MediaType::Notebook;
    }
    if let Some(media) = said.filter(|media| media.is_text()) {
        return media;
    }
    if starts_with_ignoring_case(head, "<?xml") {
        return MediaType::Xml;
    }
    if infer::text::is_html(head.as_bytes()) {
        return MediaType::Html;
    }
    if is_json(head) {
        return MediaType::Json;
    }
    MediaType::PlainText
}

/// A web page says so first, after what makes it XML.
fn is_page(head: &str) -> bool {
    let rest =
        if starts_with_ignoring_case(head, "<?xml") { head.split_once("?>").map_or("", |(_, rest)| rest.trim_start()) } else { head };
    ["<!doctype html", "<html"].iter().any(|mark| starts_with_ignoring_case(rest, mark))
}

/// An OpenDocument that is one XML file.
fn flat_open_document(head: &str) -> Option<MediaType> {
    let (_, rest) = head.split_once("<office:document")?;
    // Its namespaces come first, and there are many.
    let (_, kind) = rest.split_once("office:mimetype=")?;
    container::open_document(kind.trim_start_matches(['"', '\'']).split(['"', '\'']).next()?)
}

/// An object or a list of JSON, as far as its beginning tells.
fn is_json(head: &str) -> bool {
    let head = head.trim_start();
    let inner = head.trim_start_matches(['[', '{', ' ', '\n', '\r', '\t']);
    head.starts_with(['[', '{']) && head.contains('{') && inner.starts_with('"') && inner.contains("\":")
        || head.starts_with('{') && inner.starts_with('"') && inner.contains("\" :")
}

/// Its cells come first, save where it was made by hand.
fn is_notebook(head: &str) -> bool {
    head.trim_start_matches(['{', ' ', '\n', '\r', '\t']).starts_with("\"cells\"") && head.contains("\"cell_type\"")
}

/// The mark stands first; some writers put a little rubbish before it. A PDF may be text from end to end, as a text may be about
/// PDFs: then it is one where it holds an object, and is not named as a text.
fn is_pdf(bytes: &[u8], named: Option<MediaType>) -> bool {
    const MARK: &[u8] = b"%PDF-";
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.trim_ascii_start().starts_with(MARK) {
        return true;
    }
    memchr::memmem::find(&bytes[..bytes.len().min(1024)], MARK).is_some()
        && (!decode::is_text(bytes) || named.is_none() && memchr::memmem::find(bytes, b"endobj").is_some())
}

/// The kind of a file that is no text.
fn binary(bytes: &[u8], name: &str) -> Option<MediaType> {
    if container::is_zip(bytes) {
        let kind = container::zip_kind(bytes, name);
        if kind != MediaType::Archive || bytes.starts_with(b"PK") {
            return Some(kind);
        }
    }
    if bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return Some(container::ole_kind(bytes, name));
    }
    let text = decode::is_text(bytes) || decode::is_text_with_strays(bytes) && infer::get(bytes).is_none();
    if text && std::str::from_utf8(decode::sample(bytes)).map_or_else(|e| e.error_len().is_none(), |_| true) {
        return None;
    }
    let known = infer::get(bytes);
    // Two letters are too few to call a text in an old encoding a picture ("BMW …") or a program ("MZ …").
    let sure = known.filter(|kind| !matches!(kind.extension(), "bmp" | "exe") && kind.matcher_type() != infer::MatcherType::Text);
    match (text, sure, known) {
        (true, None, _) => None,
        (true, Some(kind), _) | (false, _, Some(kind)) => Some(by_magic(kind)),
        (false, _, None) => Some(MediaType::Binary),
    }
}

fn by_magic(kind: infer::Type) -> MediaType {
    use infer::MatcherType;
    match kind.matcher_type() {
        MatcherType::Image => MediaType::Image,
        MatcherType::Audio => MediaType::Audio,
        MatcherType::Video => MediaType::Video,
        // The library counts databases, fonts and documents among the archives.
        MatcherType::Archive => match kind.extension() {
            "pdf" => MediaType::Pdf,
            "7z" | "Z" | "ar" | "br" | "bz2" | "bz3" | "cab" | "cpio" | "deb" | "gz" | "lz" | "lz4" | "rar" | "rpm" | "tar" | "xz"
            | "zip" | "zst" => MediaType::Archive,
            _ => MediaType::Binary,
        },
        _ => MediaType::Binary,
    }
}

pub(crate) fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.as_bytes().get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

#[cfg(test)]
mod tests;
