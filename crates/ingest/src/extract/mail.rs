//! Mail as it travels: RFC 5322 and MIME.

use mail_parser::{Address, MessageParser, MimeHeaders, PartType};
use transom_domain::Text;

use super::markup::Markup;
use super::message::{Attachment, Content, Message};
use super::{ExtractError, Extractor, Input, html};
use crate::media::MediaType;

/// EML.
pub(super) struct Mail {
    /// So many messages within messages are read.
    pub(super) depth: usize,
}

impl Extractor for Mail {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Mail
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let damaged = || ExtractError::Unreadable { reason: "This message is damaged and cannot be read.".into() };
        let mail = MessageParser::default().parse(input.bytes).ok_or_else(damaged)?;
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
