//! Messages: who wrote what to whom and when, and what is attached.

use transom_domain::Text;

use super::markup::{Markup, looks_marked, one_line};
use super::{Extractors, Input};
use crate::media::{MediaType, sniff};

/// So many messages may stand within each other.
pub(super) const DEPTH: usize = 3;

/// With so many bytes of text, what else is attached is only named.
pub(super) const ENOUGH: usize = 64 * 1024 * 1024;

/// A message, whatever format it came in.
#[derive(Default)]
pub(super) struct Message {
    pub(super) subject: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) cc: String,
    pub(super) date: String,
    /// With marks.
    pub(super) body: String,
    pub(super) attachments: Vec<Attachment>,
}

pub(super) struct Attachment {
    pub(super) name: String,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// A file of any kind, and what the message says that it is.
    File(Vec<u8>, Option<String>),
    /// Text with marks.
    Read(String),
}

impl Message {
    /// The message as text. Attachments of known kinds are read, unless messages stand too deep within each other.
    pub(super) fn written(self, depth: usize) -> Text {
        let mut out = Markup::default();
        let head = [("Subject", self.subject), ("From", self.from), ("To", self.to), ("Cc", self.cc), ("Date", self.date)];
        let head = head.into_iter().map(|(name, value)| (name, one_line(&value))).filter(|(_, value)| !value.is_empty());
        out.paragraph(&head.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n"));
        out.marked(&self.body);
        let extractors = (depth > 0).then(|| Extractors::nested(depth - 1));
        for Attachment { name, content } in self.attachments {
            out.heading(1, &format!("Attachment: {}", if name.trim().is_empty() { "without a name" } else { &name }));
            match (content, &extractors) {
                _ if out.len() > ENOUGH => {}
                (Content::Read(text), _) => out.marked(&deeper(&text)),
                (Content::File(bytes, content_type), Some(extractors)) => {
                    attach(&mut out, extractors, &Input { bytes: &bytes, filename: &name, content_type: content_type.as_deref() });
                }
                (Content::File(..), None) => {}
            }
        }
        out.finish()
    }
}

/// Adds the text of an attachment; one that gives none has been named.
fn attach(out: &mut Markup, extractors: &Extractors, input: &Input<'_>) {
    let Ok(text) = extractors.extract(input) else { return };
    match sniff(input) {
        MediaType::PlainText | MediaType::Code | MediaType::Settings | MediaType::Json | MediaType::Csv => {
            out.paragraph(&text.text);
        }
        _ => out.marked(&deeper(&text.text)),
    }
}

/// The text with its headings a level deeper, under the one that names the attachment.
pub(super) fn deeper(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut fence: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) if looks_marked(line) && !line.starts_with("######") => out.push('#'),
            _ => {}
        }
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headings_of_attachments_go_deeper() {
        assert_eq!(deeper("# A\n\\# no\n```\n# code\n```\n## B\n###### C\n#tag"), "## A\n\\# no\n```\n# code\n```\n### B\n###### C\n#tag");
    }
}
