//! Mail as it travels, RFC 5322 and MIME, and as it is kept, many in a mailbox.

use mail_parser::{Address, MessageParser, MimeHeaders, PartType};
use transom_domain::Text;

use super::markup::Markup;
use super::message::{Attachment, Content, ENOUGH, Message, deeper};
use super::{ExtractError, Extractor, Input, html};
use crate::media::MediaType;

/// EML and mbox.
pub(super) struct Mail {
    /// So many messages within messages are read.
    pub(super) depth: usize,
}

impl Extractor for Mail {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Mail
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        match messages(input.bytes).as_slice() {
            [only] => self.message(only),
            several => Ok(self.mailbox(several)),
        }
    }
}

impl Mail {
    fn message(&self, bytes: &[u8]) -> Result<Text, ExtractError> {
        let damaged = || ExtractError::Unreadable { reason: "This message is damaged and cannot be read.".into() };
        let mail = MessageParser::default().parse(bytes).ok_or_else(damaged)?;
        let message = Message {
            subject: mail.subject().unwrap_or_default().to_owned(),
            from: addresses(mail.from()),
            to: addresses(mail.to()),
            cc: addresses(mail.cc()),
            date: mail.date().map(|date| date.to_rfc3339()).unwrap_or_default(),
            body: body(&mail),
            attachments: mail.attachments().map(attachment).collect(),
        };
        Ok(message.written(self.depth))
    }

    /// Every message of a mailbox under its subject.
    fn mailbox(&self, messages: &[&[u8]]) -> Text {
        let mut out = Markup::default();
        for bytes in messages {
            if out.len() > ENOUGH {
                break;
            }
            let subject = MessageParser::default().parse_headers(*bytes).and_then(|mail| mail.subject().map(str::to_owned));
            let Ok(text) = self.message(bytes) else { continue };
            out.heading(1, subject.as_deref().filter(|subject| !subject.trim().is_empty()).unwrap_or("Message without a subject"));
            out.marked(&deeper(&text.text));
        }
        out.finish()
    }
}

/// The messages of a mailbox: each begins with a line `From …` after a blank one, and has a header. What is no mailbox is one message.
fn messages(bytes: &[u8]) -> Vec<&[u8]> {
    const MARK: &[u8] = b"From ";
    let mut starts = vec![0];
    if bytes.starts_with(MARK) {
        let blank = |before: &[u8]| before.ends_with(b"\n\n") || before.ends_with(b"\n\r\n");
        let is_start = |at: &usize| *at > 0 && blank(&bytes[..*at]) && has_header(&bytes[*at..]);
        starts.extend(memchr::memmem::find_iter(bytes, MARK).filter(is_start));
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).map(|(start, end)| &bytes[*start..end]).collect()
}

/// Whether the line after the first begins with a field.
fn has_header(message: &[u8]) -> bool {
    let line = message.split(|byte| *byte == b'\n').nth(1).unwrap_or_default();
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    !name.is_empty() && name.len() < line.len() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

fn addresses(addresses: Option<&Address<'_>>) -> String {
    let one = |address: &mail_parser::Addr<'_>| match (address.name(), address.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (name, address) => name.or(address).unwrap_or_default().to_owned(),
    };
    addresses.map(|list| list.iter().map(one).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

/// The parts that are shown, as text where the sender offers it.
fn body(mail: &mail_parser::Message<'_>) -> String {
    let mut out = Markup::default();
    for part in mail.text_bodies() {
        match &part.body {
            PartType::Text(text) => out.paragraph(text),
            PartType::Html(page) => {
                // Decoded already, so what the page says of its encoding is no longer true.
                if let Ok(text) = html::read(page.as_bytes(), Some("utf-8"), html::Title::Left) {
                    out.marked(&text);
                }
            }
            _ => {}
        }
    }
    out.finish().text
}

fn attachment(part: &mail_parser::MessagePart<'_>) -> Attachment {
    let content_type = part.content_type().map(|kind| match kind.subtype() {
        Some(subtype) => format!("{}/{subtype}", kind.ctype()),
        None => kind.ctype().to_owned(),
    });
    let (name, content_type) = match &part.body {
        PartType::Message(mail) => (mail.subject().unwrap_or("message"), Some("message/rfc822".to_owned())),
        // The parser gives text as UTF-8.
        PartType::Text(_) | PartType::Html(_) => ("", content_type.map(|kind| format!("{kind}; charset=utf-8"))),
        _ => ("", content_type),
    };
    let name = part.attachment_name().unwrap_or(name).to_owned();
    Attachment { name, content: Content::File(part.contents().to_vec(), content_type) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(mail: &str) -> String {
        Mail { depth: 1 }.extract(&Input { bytes: mail.as_bytes(), filename: "", content_type: None }).unwrap().text
    }

    #[test]
    fn each_message_of_a_mailbox_stands_under_its_subject() {
        let mailbox = "From a@b.example Thu Feb 29 11:00:00 2024\nFrom: Agnes <a@b.example>\nMessage-ID: <1@b.example>\nSubject: Ropes\n\n\
                       The ropes arrive.\n\nFrom now on they are stored.\n\nFrom c@d.example Thu Feb 29 12:00:00 2024\n\
                       From: Boris <c@d.example>\n\nThanks.\n";
        assert_eq!(
            read(mailbox),
            "# Ropes\n\nSubject: Ropes\nFrom: Agnes <a@b.example>\n\nThe ropes arrive.\n\nFrom now on they are stored.\n\n\
             # Message without a subject\n\nFrom: Boris <c@d.example>\n\nThanks."
        );
    }

    #[test]
    fn a_message_that_was_cut_from_a_mailbox_is_one() {
        let mail = "From a@b.example Thu Feb 29 11:00:00 2024\nSubject: Ropes\n\nThey arrive.\n\nFrom us all\n";
        assert_eq!(read(mail), "Subject: Ropes\n\nThey arrive.\n\nFrom us all");
    }
}
