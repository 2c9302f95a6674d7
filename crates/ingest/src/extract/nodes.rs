//! XML as a flat run of nodes, read without recursion. Entities that a document declares itself are never expanded.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::ExtractError;

/// Elements nest so deep at most; documents stay far below this.
const MAX_DEPTH: usize = 500;

/// A part of an XML document.
pub(super) enum Node<'a> {
    /// An element begins; its end follows, if only at once.
    Open(BytesStart<'a>),
    /// The innermost element ends.
    Close,
    /// Characters, references resolved.
    Text(Cow<'a, str>),
}

/// Reads the nodes of a document in order.
pub(super) struct Nodes<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
}

impl<'a> Nodes<'a> {
    pub(super) fn of(source: &'a str) -> Self {
        let mut reader = Reader::from_str(source.trim_start_matches('\u{FEFF}').trim_start());
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self { reader, depth: 0 }
    }

    /// The next node; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Node<'a>>, ExtractError> {
        loop {
            let event =
                self.reader.read_event().map_err(|_| unreadable("This file is damaged: the XML in it breaks off or makes no sense."))?;
            match event {
                Event::Start(element) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(unreadable("The XML in this file is nested too deeply to be read."));
                    }
                    return Ok(Some(Node::Open(element)));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Node::Close));
                }
                Event::Text(text) => return Ok(Some(Node::Text(text.into_inner()))),
                Event::CData(text) => return Ok(Some(Node::Text(text.into_inner()))),
                Event::GeneralRef(reference) => return Ok(Some(Node::Text(resolved(&reference)))),
                Event::Eof if self.depth > 0 => return Err(unreadable("This file is damaged: the XML in it breaks off.")),
                Event::Eof => return Ok(None),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }
}

/// The character that a reference stands for. What only the document itself could tell stays as it is written.
fn resolved<'a>(reference: &BytesRef<'a>) -> Cow<'a, str> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Cow::Owned(character.to_string());
    }
    Cow::Owned(quick_xml::escape::resolve_predefined_entity(reference).map_or_else(|| format!("&{};", &**reference), str::to_owned))
}

/// The value of the attribute of that name, prefix included.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.attributes().with_checks(false).flatten().find(|attribute| attribute.key.into_inner() == name)?;
    Some(value(&attribute))
}

/// An attribute's value, as well as it can be resolved.
pub(super) fn value(attribute: &quick_xml::events::attributes::Attribute<'_>) -> String {
    attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_or_else(|_| attribute.value.to_string(), Cow::into_owned)
}

fn unreadable(reason: &str) -> ExtractError {
    ExtractError::Unreadable { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str) -> Result<String, ExtractError> {
        let (mut nodes, mut text) = (Nodes::of(source), String::new());
        while let Some(node) = nodes.next()? {
            if let Node::Text(part) = node {
                text.push_str(&part);
            }
        }
        Ok(text)
    }

    #[test]
    fn references_are_resolved_and_unknown_ones_stay() {
        assert_eq!(text("<a>&lt;caf&#233;&gt; &#x1F517; <![CDATA[<b>]]> &nope; a & b</a>").as_deref(), Ok("<café> 🔗 <b> &nope; a & b"));
    }

    #[test]
    fn entities_that_would_grow_without_end_are_not_expanded() {
        let mut bomb = "<!DOCTYPE x [<!ENTITY a0 \"ha\">".to_owned();
        for level in 1..30 {
            let previous = format!("&a{};", level - 1);
            bomb += &format!("<!ENTITY a{level} \"{}\">", previous.repeat(10));
        }
        bomb += "]><x>&a29;&a29;</x>";
        assert_eq!(text(&bomb).as_deref(), Ok("&a29;&a29;"));
    }

    #[test]
    fn deep_nesting_and_a_cut_end_are_refused() {
        assert!(text(&"<a>".repeat(3_000)).is_err());
        assert!(text("<a><b>text</b>").is_err());
        assert!(text("<a>text</a>").is_ok());
    }
}
