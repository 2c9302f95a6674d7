//! Files that hold other files: zip archives and OLE2 containers. What they are, and whether they are safe to open.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::media::{MediaType, by_document_name};
use crate::{ExtractError, decode};

/// An archive has so many entries at most.
const ENTRIES: usize = 10_000;

/// So many of them tell what an archive was that was cut short.
const FIRST_ENTRIES: usize = 200;

/// So many bytes may always be unpacked.
const FREE: u64 = 10 * 1024 * 1024;

/// An entry that only says what the archive is has so many bytes at most.
const LABEL: u64 = 1024 * 1024;

pub(crate) type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Opens a zip archive, unless it has entries beyond measure.
pub(crate) fn open_zip(bytes: &[u8]) -> Result<Archive<'_>, ExtractError> {
    if is_overfull(bytes) {
        return Err(unreadable("This file holds too many files within it."));
    }
    ZipArchive::new(Cursor::new(bytes)).map_err(|_| unreadable("This file is damaged: its contents cannot be unpacked."))
}

/// Whether `bytes` begin as a zip archive does, some rubbish before it forgiven where they are no text.
pub(crate) fn is_zip(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"PK\x03\x04";
    let head = &bytes[..bytes.len().min(1024)];
    bytes.starts_with(MARK) || bytes.starts_with(b"PK\x05\x06") || !decode::is_text(bytes) && memchr::memmem::find(head, MARK).is_some()
}

/// The bytes of an entry, or nothing where there is none of that name. Never more than the entry says that it has.
pub(crate) fn entry(archive: &mut Archive<'_>, name: &str) -> Option<Vec<u8>> {
    let entry = archive.by_name(name).ok()?;
    let size = entry.size();
    let mut bytes = Vec::new();
    entry.take(size).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Refuses archives that are made to burst: unpacked they may have 100 times the file's size, and never more than
/// `limit`. Declared sizes decide, before any byte is unpacked. They can lie, but the zip crate, which all parsers behind
/// this share, gives no more than what an entry declares. One that cannot be opened is a damaged document of the kind that was expected.
pub(crate) fn guard(bytes: &[u8], limit: u64, media: MediaType) -> Result<(), ExtractError> {
    let mut archive = open_zip(bytes).map_err(|error| match is_overfull(bytes) {
        true => error,
        false => unreadable(&format!("This {} is damaged. It may have been cut short on its way.", media.name())),
    })?;
    let most = limit.min(FREE.max(100 * bytes.len() as u64));
    let mut sum = 0u64;
    for index in 0..archive.len() {
        sum = sum.saturating_add(archive.by_index_raw(index).map_or(0, |entry| entry.size()));
    }
    if sum > most {
        return Err(unreadable("This file unpacks to more than it may."));
    }
    Ok(())
}

/// The path that `href` means in the file at `base`.
pub(crate) fn resolved(base: &str, href: &str) -> String {
    let href = href.split('#').next().unwrap_or_default();
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    let mut bytes = Vec::new();
    for part in href.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    let mut rest = path.as_bytes();
    while let [byte, tail @ ..] = rest {
        let code =
            (*byte == b'%').then(|| tail.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok())).flatten();
        bytes.push(code.unwrap_or(*byte));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The reader makes an index of all entries, so their number is judged by their marks beforehand.
fn is_overfull(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"PK\x01\x02").nth(ENTRIES).is_some()
}

/// What kind of document a zip archive is. What one was that was cut short, its first entries tell, or its `name`.
pub(crate) fn zip_kind(bytes: &[u8], name: &str) -> MediaType {
    let Ok(mut archive) = open_zip(bytes) else {
        return cut_zip_kind(bytes).or_else(|| by_document_name(name).filter(|media| media.is_packed())).unwrap_or(MediaType::Archive);
    };
    let mut label = |name: &str| -> Option<String> {
        let mut label = Vec::new();
        archive.by_name(name).ok()?.take(LABEL).read_to_end(&mut label).ok()?;
        Some(String::from_utf8_lossy(&label).into_owned())
    };
    let by_mimetype = label("mimetype").and_then(|mimetype| match mimetype.trim() {
        "application/epub+zip" => Some(MediaType::Epub),
        other => open_document(other),
    });
    let by_parts = |label: &mut dyn FnMut(&str) -> Option<String>| {
        let types = label("[Content_Types].xml")?;
        // Word and PowerPoint can hold workbooks, but no workbook holds their main parts.
        let known = [
            ("wordprocessingml.document.main+xml", MediaType::Docx),
            ("wordprocessingml.template.main+xml", MediaType::Docx),
            ("ms-word.document.macroEnabled.main+xml", MediaType::Docx),
            ("ms-word.template.macroEnabledTemplate.main+xml", MediaType::Docx),
            ("presentationml.presentation.main+xml", MediaType::Pptx),
            ("presentationml.slideshow.main+xml", MediaType::Pptx),
            ("presentationml.template.main+xml", MediaType::Pptx),
            ("ms-powerpoint.presentation.macroEnabled.main+xml", MediaType::Pptx),
            ("ms-powerpoint.slideshow.macroEnabled.main+xml", MediaType::Pptx),
            ("spreadsheetml.sheet.main+xml", MediaType::Xlsx),
            ("spreadsheetml.template.main+xml", MediaType::Xlsx),
            ("ms-excel.sheet.macroEnabled.main+xml", MediaType::Xlsx),
            ("ms-excel.template.macroEnabled.main+xml", MediaType::Xlsx),
            ("ms-excel.sheet.binary.macroEnabled.main", MediaType::Xlsb),
        ];
        known.into_iter().find(|(mark, _)| types.contains(mark)).map(|(_, media)| media)
    };
    by_mimetype
        .or_else(|| by_parts(&mut label))
        .or_else(|| label("META-INF/container.xml").filter(|container| container.contains("rootfile")).map(|_| MediaType::Epub))
        .unwrap_or(MediaType::Archive)
}

/// The kind by the names that stand before each entry: the list of them all is at the end, and may be missing.
fn cut_zip_kind(bytes: &[u8]) -> Option<MediaType> {
    /// An entry's head, up to its name.
    const HEAD: usize = 30;
    let number = |at: usize| bytes.get(at..at + 2).map(|two| usize::from(u16::from_le_bytes([two[0], two[1]])));
    memchr::memmem::find_iter(bytes, b"PK\x03\x04").take(FIRST_ENTRIES).find_map(|at| {
        let (method, length, extra) = (number(at + 8)?, number(at + 26)?, number(at + 28)?);
        let name = bytes.get(at + HEAD..at + HEAD + length)?;
        match name {
            b"mimetype" if method == 0 => {
                let said = String::from_utf8_lossy(bytes.get(at + HEAD + length + extra..)?.get(..64)?).into_owned();
                if said.starts_with("application/epub+zip") { Some(MediaType::Epub) } else { open_document(&said) }
            }
            b"META-INF/container.xml" => Some(MediaType::Epub),
            b"xl/workbook.bin" => Some(MediaType::Xlsb),
            _ if name.starts_with(b"word/") => Some(MediaType::Docx),
            _ if name.starts_with(b"xl/") => Some(MediaType::Xlsx),
            _ if name.starts_with(b"ppt/") => Some(MediaType::Pptx),
            _ => None,
        }
    })
}

/// The kind that an OpenDocument's media type names.
pub(crate) fn open_document(mimetype: &str) -> Option<MediaType> {
    let kind = mimetype.strip_prefix("application/vnd.oasis.opendocument.")?;
    [("text", MediaType::Odt), ("spreadsheet", MediaType::Ods), ("presentation", MediaType::Odp)]
        .into_iter()
        .find(|(name, _)| kind.starts_with(name))
        .map(|(_, media)| media)
}

/// What kind of document an OLE2 container is, by its streams. What one was that was cut short, its `name` tells where they do not.
pub(crate) fn ole_kind(bytes: &[u8], name: &str) -> MediaType {
    let known = [
        ("/EncryptedPackage", MediaType::Locked),
        ("/__properties_version1.0", MediaType::Msg),
        ("/WordDocument", MediaType::Doc),
        ("/PowerPoint Document", MediaType::Ppt),
        ("/Workbook", MediaType::Xls),
        ("/Book", MediaType::Xls),
    ];
    let Ok(container) = cfb::CompoundFile::open(Cursor::new(bytes)) else {
        // Names of streams are in UTF-16. A short one may stand in any text.
        let holds = |path: &str| {
            let name: Vec<u8> = path[1..].encode_utf16().flat_map(u16::to_le_bytes).collect();
            name.len() > 8 && memchr::memmem::find(bytes, &name).is_some()
        };
        let told = known.into_iter().find(|(path, _)| holds(path)).map(|(_, media)| media);
        return told.or_else(|| by_document_name(name).filter(|media| !media.is_packed())).unwrap_or(MediaType::Binary);
    };
    known.into_iter().find(|(path, _)| container.is_stream(path)).map_or(MediaType::Binary, |(_, media)| media)
}

fn unreadable(reason: &str) -> ExtractError {
    ExtractError::Unreadable { reason: reason.into() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_document_is_known_by_what_the_archive_says_of_itself() {
        let kind = |entries: &[(&str, &[u8])]| zip_kind(&zip_of(entries), "a.zip");
        assert_eq!(kind(&[("mimetype", b"application/epub+zip")]), MediaType::Epub);
        assert_eq!(kind(&[("mimetype", b"application/vnd.oasis.opendocument.text-template\n")]), MediaType::Odt);
        assert_eq!(kind(&[("mimetype", b"application/vnd.oasis.opendocument.graphics")]), MediaType::Archive);
        let types: &[u8] = b"<Override ContentType='application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml'/>\
            <Override ContentType='application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml'/>";
        assert_eq!(kind(&[("[Content_Types].xml", types)]), MediaType::Pptx);
        assert_eq!(kind(&[("word/document.xml", b"<x/>"), ("a.txt", b"words")]), MediaType::Archive);
    }

    #[test]
    fn a_document_that_was_cut_short_keeps_its_kind() {
        let filler: Vec<u8> = (0..50_000u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let cut = |entries: &[(&str, &[u8])]| {
            let mut bytes = zip_of(&[entries, &[("filler", &filler)]].concat());
            bytes.truncate(bytes.len() / 2);
            bytes
        };
        let kind = |name: &str, entries: &[(&str, &[u8])]| zip_kind(&cut(entries), name);
        let word = cut(&[("[Content_Types].xml", b"<x/>"), ("_rels/.rels", b"<x/>"), ("word/document.xml", b"<x/>")]);
        assert_eq!(zip_kind(&word, "paper"), MediaType::Docx);
        let refused = guard(&word, u64::MAX, MediaType::Docx).unwrap_err().to_string();
        assert_eq!(refused, "This Word document is damaged. It may have been cut short on its way.");
        assert_eq!(kind("x", &[("xl/workbook.xml", b"<x/>")]), MediaType::Xlsx);
        assert_eq!(kind("x", &[("ppt/presentation.xml", b"<x/>")]), MediaType::Pptx);
        assert_eq!(kind("x", &[("META-INF/container.xml", b"<x/>")]), MediaType::Epub);
        // What does not tell is named by its name.
        assert_eq!(kind("notes.DOCX", &[("a", b"x")]), MediaType::Docx);
        assert_eq!(kind("notes.doc", &[("a", b"x")]), MediaType::Archive);
        assert_eq!(kind("notes.zip", &[("a", b"x")]), MediaType::Archive);
    }

    #[test]
    fn an_old_document_that_was_cut_short_keeps_its_kind() {
        let mut container = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        container.create_stream("/WordDocument").unwrap().write_all(&[7; 20_000]).unwrap();
        let mut bytes = container.into_inner().into_inner();
        assert_eq!(ole_kind(&bytes, "x"), MediaType::Doc);
        bytes.truncate(13_000);
        assert_eq!(ole_kind(&bytes, "x"), MediaType::Doc);
        bytes.truncate(400);
        assert_eq!(ole_kind(&bytes, "x"), MediaType::Binary);
        assert_eq!(ole_kind(&bytes, "table.xls"), MediaType::Xls);
    }

    #[test]
    fn an_archive_that_would_burst_is_refused() {
        let bomb = zip_of(&[("word/document.xml", &vec![b' '; 20 * 1024 * 1024])]);
        assert!(bomb.len() < 100_000);
        assert!(guard(&bomb, u64::MAX, MediaType::Docx).is_err());
        let honest = zip_of(&[("word/document.xml", &vec![b' '; 5 * 1024 * 1024])]);
        assert!(guard(&honest, u64::MAX, MediaType::Docx).is_ok());
        assert!(guard(&honest, 1024 * 1024, MediaType::Docx).is_err());
    }

    #[test]
    fn an_archive_that_lies_about_its_sizes_gives_no_more_than_it_says() {
        let mut lying = zip_of(&[("a", &vec![b' '; 3 * 1024 * 1024])]);
        let size = (3u32 * 1024 * 1024).to_le_bytes();
        let places: Vec<usize> = memchr::memmem::find_iter(&lying, &size).collect();
        assert_eq!(places.len(), 2, "the entry says its size twice");
        for place in places {
            lying[place..place + 4].copy_from_slice(&100u32.to_le_bytes());
        }
        let mut archive = open_zip(&lying).unwrap();
        let mut unpacked = Vec::new();
        assert!(archive.by_name("a").unwrap().read_to_end(&mut unpacked).is_err(), "the crate that all parsers share stops");
        assert!(unpacked.len() < 64 * 1024, "{}", unpacked.len());
        assert!(entry(&mut archive, "a").is_none_or(|bytes| bytes.len() <= 100));
    }

    #[test]
    fn an_archive_of_very_many_entries_is_refused_before_it_is_indexed() {
        let many = b"PK\x01\x02".repeat(ENTRIES + 1);
        assert!(open_zip(&many).is_err());
        assert_eq!(zip_kind(&many, "a.zip"), MediaType::Archive);
    }

    #[test]
    fn paths_within_an_archive_are_resolved() {
        assert_eq!(resolved("OEBPS/content.opf", "text/ch%201.xhtml#top"), "OEBPS/text/ch 1.xhtml");
        assert_eq!(resolved("OEBPS/nav/toc.xhtml", "../a.xhtml"), "OEBPS/a.xhtml");
        assert_eq!(resolved("content.opf", "../../etc/passwd"), "etc/passwd");
        assert_eq!(resolved("a.opf", "100%.html"), "100%.html");
    }
}
