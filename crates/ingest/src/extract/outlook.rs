//! Messages as Outlook saves them: MAPI properties as streams of an OLE2 container ([MS-OXMSG]).

use std::io::{Cursor, Read};

use cfb::CompoundFile;
use encoding_rs::{Encoding, WINDOWS_1252};
use transom_domain::Text;

use super::codepage;
use super::message::{Attachment, Content, Message};
use super::{ExtractError, Extractor, Input, html, packed_rtf, rtf};
use crate::media::MediaType;

/// MSG.
pub(super) struct Outlook {
    /// So many messages within messages are read.
    pub(super) depth: usize,
}

impl Extractor for Outlook {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Msg
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let damaged = |_| ExtractError::Unreadable { reason: "This message is damaged and cannot be read.".into() };
        let mut container = CompoundFile::open(Cursor::new(input.bytes)).map_err(damaged)?;
        Ok(message(&mut container, "", self.depth).written(self.depth))
    }
}

type Container<'a> = CompoundFile<Cursor<&'a [u8]>>;

/// The properties that are read, by their tags.
const SUBJECT: u16 = 0x0037;
const SUBMITTED: u16 = 0x0039;
const SENDER_NAME: u16 = 0x0C1A;
const SENDER_ADDRESS: u16 = 0x0C1F;
const SENDER_SMTP: u16 = 0x5D01;
const DISPLAY_CC: u16 = 0x0E03;
const DISPLAY_TO: u16 = 0x0E04;
const DELIVERED: u16 = 0x0E06;
const BODY: u16 = 0x1000;
const PACKED_RTF: u16 = 0x1009;
const HTML: u16 = 0x1013;
const DISPLAY_NAME: u16 = 0x3001;
const DATA: u16 = 0x3701;
const SHORT_NAME: u16 = 0x3704;
const LONG_NAME: u16 = 0x3707;
const MIME: u16 = 0x370E;
const CODEPAGE: u16 = 0x3FFD;

/// The message in the storage at `path`, which is empty for the outermost one.
fn message(container: &mut Container<'_>, path: &str, depth: usize) -> Message {
    // The outermost message's fixed properties have a longer header than an embedded one's.
    let header = if path.is_empty() { 32 } else { 24 };
    let fixed = stream(container, &format!("{path}/__properties_version1.0")).unwrap_or_default();
    let fixed = |tag: u16| {
        let entries = fixed.get(header..).unwrap_or_default().as_chunks::<16>().0.iter();
        entries
            .filter(|entry| entry[2..4] == tag.to_le_bytes())
            .map(|entry| u64::from_le_bytes(std::array::from_fn(|n| entry[8 + n])))
            .next()
    };
    let encoding =
        fixed(CODEPAGE).and_then(|number| codepage::by_number(u32::try_from(number & 0xFFFF_FFFF).ok()?)).unwrap_or(WINDOWS_1252);
    let mut text = |tag| string(container, path, tag, encoding).unwrap_or_default();
    let (name, address) =
        (text(SENDER_NAME), Some(text(SENDER_SMTP)).filter(|smtp| !smtp.is_empty()).unwrap_or_else(|| text(SENDER_ADDRESS)));
    let (subject, to, cc) = (text(SUBJECT), text(DISPLAY_TO), text(DISPLAY_CC));
    let plain = text(BODY);
    Message {
        subject,
        // An address within the organisation is a path of its directory, which tells nobody anything.
        from: if address.contains('@') && address != name { format!("{name} <{address}>") } else { name },
        to,
        cc,
        date: fixed(SUBMITTED).or_else(|| fixed(DELIVERED)).map(date).unwrap_or_default(),
        body: body(container, path, encoding, &plain),
        attachments: attachments(container, path, depth, encoding),
    }
}

/// The text where there is one, else the page, else the rich text.
fn body(container: &mut Container<'_>, path: &str, encoding: &'static Encoding, plain: &str) -> String {
    if !plain.trim().is_empty() {
        return escaped(plain);
    }
    let page = html_body(container, path, encoding);
    if !page.trim().is_empty() {
        return page;
    }
    let rich = stream(container, &format!("{path}/__substg1.0_{PACKED_RTF:04X}0102")).and_then(|packed| packed_rtf::unpacked(&packed));
    rich.map(|rich| rtf::read(&rich).text).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    let mut out = super::markup::Markup::default();
    out.paragraph(text);
    out.finish().text
}

fn html_body(container: &mut Container<'_>, path: &str, encoding: &'static Encoding) -> String {
    let page = stream(container, &format!("{path}/__substg1.0_{HTML:04X}0102"))
        .or_else(|| string(container, path, HTML, encoding).map(String::into_bytes))
        .unwrap_or_default();
    html::read(&page, None, html::Title::Left).unwrap_or_default()
}

fn attachments(container: &mut Container<'_>, path: &str, depth: usize, encoding: &'static Encoding) -> Vec<Attachment> {
    let root = if path.is_empty() { "/" } else { path };
    let Ok(entries) = container.read_storage(root) else { return Vec::new() };
    let mut names: Vec<String> = entries.filter(cfb::Entry::is_storage).map(|entry| entry.name().to_owned()).collect();
    names.retain(|name| name.starts_with("__attach_version1.0_"));
    names.sort();
    let mut attachments = Vec::new();
    for name in names {
        let path = format!("{path}/{name}");
        let embedded = format!("{path}/__substg1.0_{DATA:04X}000D");
        let name =
            [LONG_NAME, SHORT_NAME, DISPLAY_NAME].iter().find_map(|&tag| string(container, &path, tag, encoding)).unwrap_or_default();
        let kind = string(container, &path, MIME, encoding);
        let content = match stream(container, &format!("{path}/__substg1.0_{DATA:04X}0102")) {
            Some(bytes) => Content::File(bytes, kind),
            None if depth > 0 && container.is_storage(&embedded) => {
                Content::Read(message(container, &embedded, depth - 1).written(depth - 1).text)
            }
            None => Content::Read(String::new()),
        };
        attachments.push(Attachment { name, content });
    }
    attachments
}

/// A property that is text, in UTF-16 or in the message's code page.
fn string(container: &mut Container<'_>, path: &str, tag: u16, encoding: &'static Encoding) -> Option<String> {
    if let Some(bytes) = stream(container, &format!("{path}/__substg1.0_{tag:04X}001F")) {
        return Some(encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0.trim_end_matches('\0').to_owned());
    }
    let bytes = stream(container, &format!("{path}/__substg1.0_{tag:04X}001E"))?;
    Some(encoding.decode_without_bom_handling(&bytes).0.trim_end_matches('\0').to_owned())
}

fn stream(container: &mut Container<'_>, path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // No stream is longer than the file, whatever its entry says.
    container.open_stream(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

const LONGEST: u64 = 256 * 1024 * 1024;

/// A FILETIME (100 nanoseconds since 1601) as a date and a time.
fn date(filetime: u64) -> String {
    let minutes = filetime / 600_000_000;
    let (days, minute) = (minutes / 1440, minutes % 1440);
    // Days since 1 March 1600, in eras of 400 years, as in the proleptic Gregorian calendar.
    let days = days + 306;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = 1600 + era * 400 + year + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minute / 60, minute % 60)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_body_that_is_only_in_rich_text_is_read() {
        let mut container = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        container.create_stream("/__substg1.0_10090102").unwrap().write_all(packed_rtf::tests::HELLO).unwrap();
        let bytes = container.into_inner().into_inner();
        let text = Outlook { depth: 0 }.extract(&Input { bytes: &bytes, filename: "", content_type: None }).unwrap();
        assert_eq!(text.text, "hello world");
    }

    #[test]
    fn a_file_time_is_a_date() {
        assert_eq!(date(0), "1601-01-01 00:00 UTC");
        assert_eq!(date(116_444_736_000_000_000), "1970-01-01 00:00 UTC");
        assert_eq!(date(133_536_780_000_000_000), "2024-02-29 11:00 UTC");
        let _ = date(u64::MAX);
    }
}
