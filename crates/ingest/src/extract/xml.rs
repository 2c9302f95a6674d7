//! XML of any vocabulary: what is written in it, each value with the name of its element.

use transom_domain::Text;

use super::markup::{Markup, one_line};
use super::nodes::{Node, Nodes, value};
use super::{ExtractError, Extractor, Input, unpaged};
use crate::decode;
use crate::media::MediaType;

/// XML.
pub(super) struct Xml;

impl Extractor for Xml {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Xml
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let source = decode(input);
        // What is no XML after all is still a text.
        Ok(written(&source).unwrap_or_else(|_| unpaged(source)))
    }
}

/// The file as text, in the encoding that it names itself.
pub(super) fn decode(input: &Input<'_>) -> String {
    let declared = input.charset().map(str::to_owned).or_else(|| declared_encoding(input.bytes));
    decode::decode(input.bytes, declared.as_deref())
}

fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = decode::head(bytes);
    let (_, rest) = head.trim_start().strip_prefix("<?xml")?.split_once("?>")?.0.split_once("encoding")?;
    let label: String = rest.trim_start_matches([' ', '=', '"', '\'']).chars().take_while(|c| !"\"' ".contains(*c)).collect();
    (!label.is_empty()).then_some(label)
}

/// An element's place between others.
#[derive(Clone, Copy, Default, PartialEq)]
enum Content {
    /// Nothing but white space.
    #[default]
    Nothing,
    /// Text alone.
    Value,
    /// Elements alone.
    Elements,
    /// Text with elements in it, as in books.
    Prose,
}

/// Each value in a line, `name: value`; prose as it runs; a blank line before what holds values.
///
/// Reads twice: whether an element is prose is only known at its end.
fn written(source: &str) -> Result<Text, ExtractError> {
    let contents = contents(source)?;
    let (mut nodes, mut next) = (Nodes::of(source), contents.iter());
    let mut out = Markup::default();
    let mut record: Vec<String> = Vec::new();
    // The name and the content of each element that is open, and how many of them are within prose.
    let mut open: Vec<(String, Content)> = Vec::new();
    let mut prose = 0usize;
    let mut text = String::new();
    while let Some(node) = nodes.next()? {
        match node {
            Node::Open(element) => {
                let content = next.next().copied().unwrap_or_default();
                let name = element.local_name().into_inner().to_owned();
                if prose == 0 {
                    if content != Content::Value {
                        flush(&mut out, &mut record);
                    }
                    for attribute in element.attributes().with_checks(false).flatten() {
                        let key = attribute.key.into_inner();
                        let value = one_line(&value(&attribute));
                        if !value.is_empty() && !key.starts_with("xmlns") && !key.starts_with("xsi:") {
                            record.push(format!("{name} {key}: {value}"));
                        }
                    }
                }
                prose += usize::from(prose > 0 || content == Content::Prose);
                open.push((name, content));
            }
            Node::Text(part) => text.push_str(&part),
            Node::Close => {
                let Some((name, content)) = open.pop() else { continue };
                let within = prose > 1;
                prose = prose.saturating_sub(1);
                match content {
                    _ if within => text.push(' '),
                    Content::Value => record.push(format!("{name}: {}", one_line(&std::mem::take(&mut text)))),
                    Content::Prose => {
                        flush(&mut out, &mut record);
                        out.paragraph(&one_line(&std::mem::take(&mut text)));
                    }
                    Content::Elements => {
                        flush(&mut out, &mut record);
                        text.clear();
                    }
                    Content::Nothing => text.clear(),
                }
            }
        }
    }
    flush(&mut out, &mut record);
    Ok(out.finish())
}

fn flush(out: &mut Markup, record: &mut Vec<String>) {
    out.paragraph(&record.join("\n"));
    record.clear();
}

/// What each element holds, in the order in which they begin.
fn contents(source: &str) -> Result<Vec<Content>, ExtractError> {
    let mut nodes = Nodes::of(source);
    let (mut contents, mut open): (Vec<Content>, Vec<usize>) = Default::default();
    while let Some(node) = nodes.next()? {
        let current = open.last().and_then(|&index| contents.get_mut(index));
        match node {
            Node::Open(_) => {
                if let Some(content) = current {
                    *content = match *content {
                        Content::Nothing | Content::Elements => Content::Elements,
                        Content::Value | Content::Prose => Content::Prose,
                    };
                }
                open.push(contents.len());
                contents.push(Content::Nothing);
            }
            Node::Text(text) if !text.trim().is_empty() => {
                if let Some(content) = current {
                    *content = match *content {
                        Content::Nothing | Content::Value => Content::Value,
                        Content::Elements | Content::Prose => Content::Prose,
                    };
                }
            }
            Node::Text(_) => {}
            Node::Close => {
                open.pop();
            }
        }
    }
    Ok(contents)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn text(source: &str) -> String {
        written(source).unwrap().text
    }

    #[test]
    fn values_keep_the_names_of_their_elements() {
        let source = "<?xml version='1.0'?><!DOCTYPE c><c:catalogue xmlns:c='urn:x'><book id='7'><title>The  Oar</title><year>1571</year></book>\
            <!-- none --><book id='8'><title>A &amp; B</title><empty/></book></c:catalogue>";
        assert_eq!(text(source), "book id: 7\ntitle: The Oar\nyear: 1571\n\nbook id: 8\ntitle: A & B");
    }

    #[test]
    fn prose_runs_on() {
        let source = "<doc><title>T</title><para>See <emph>the <b>last</b></emph> page.</para><para><b>Now</b> go.</para></doc>";
        assert_eq!(text(source), "title: T\n\nSee the last page.\n\nNow go.");
    }

    #[test]
    fn the_encoding_that_the_file_names_is_used_and_no_xml_is_a_text() {
        let read = |bytes: &[u8]| Xml.extract(&Input { bytes, filename: "a.xml", content_type: None }).unwrap().text;
        assert_eq!(read(b"<?xml version=\"1.0\" encoding=\"windows-1251\"?><a>\xc4\xe0</a>"), "a: Да");
        assert_eq!(read(b"<a>not closed"), "<a>not closed");
    }
}
