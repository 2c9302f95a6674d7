//! Damaged files and files that are made to do damage: each ends soon, with a text or with a reason.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{Cursor, Read, Write};
use std::sync::mpsc::channel;
use std::time::Duration;

use proptest::prelude::*;
use transom_domain::Text;
use transom_ingest::{ExtractError, Extractors, Input};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

const FIXTURES: [&str; 19] = [
    "harbour.docx",
    "harbour.doc",
    "harbour.odt",
    "harbour.fodt",
    "harbour.rtf",
    "harbour.xlsx",
    "harbour.xlsb",
    "harbour.xls",
    "harbour.ods",
    "harbour.pptx",
    "harbour.ppt",
    "harbour.odp",
    "harbour.epub",
    "harbour.eml",
    "japanese.eml",
    "harbour.pdf",
    "cjk.pdf",
    "scanned.pdf",
    "locked.pdf",
];

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Reads in a thread with the stack that readers are promised. A file that is not done in two minutes counts as one that
/// never ends.
fn extract(bytes: Vec<u8>) -> Result<Text, ExtractError> {
    let (send, receive) = channel();
    let read = move || {
        let text = Extractors::standard().extract(&Input { bytes: &bytes, filename: "", content_type: None });
        send.send(text).unwrap();
    };
    std::thread::Builder::new().stack_size(16 * 1024 * 1024).spawn(read).unwrap();
    receive.recv_timeout(Duration::from_secs(120)).unwrap()
}

fn reason(bytes: Vec<u8>) -> String {
    extract(bytes).unwrap_err().to_string()
}

fn zip_of<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The fixture with another content for one of its entries.
fn replaced(name: &str, entry: &str, content: &[u8]) -> Vec<u8> {
    let mut entries = unpacked(&fixture(name));
    entries.iter_mut().find(|(name, _)| name == entry).unwrap().1 = content.to_vec();
    zip_of(entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
}

fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        entries.push((entry.name().unwrap().into_owned(), bytes));
    }
    entries
}

fn flip(bytes: &mut [u8], flips: &[(usize, u8)]) {
    for (place, value) in flips {
        let length = bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(place % length) {
            *byte = *value;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_that_was_cut_or_changed_ends_with_a_text_or_a_reason(
        name in proptest::sample::select(&FIXTURES[..]),
        cut in proptest::option::of(0.0..1.0f64),
        flips in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..12),
    ) {
        let mut bytes = fixture(name);
        flip(&mut bytes, &flips);
        bytes.truncate((bytes.len() as f64 * cut.unwrap_or(1.0)) as usize);
        let _ = extract(bytes);
    }

    #[test]
    fn so_does_one_whose_parts_were_changed_before_they_were_packed(
        name in proptest::sample::select(&["harbour.docx", "harbour.odt", "harbour.xlsx", "harbour.xlsb", "harbour.ods", "harbour.pptx", "harbour.epub"][..]),
        part in any::<usize>(),
        cut in proptest::option::of(0.0..1.0f64),
        flips in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..12),
    ) {
        let mut entries = unpacked(&fixture(name));
        let part = part % entries.len();
        flip(&mut entries[part].1, &flips);
        let length = (entries[part].1.len() as f64 * cut.unwrap_or(1.0)) as usize;
        entries[part].1.truncate(length);
        let _ = extract(zip_of(entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))));
    }
}

#[test]
fn pages_that_hold_themselves_are_not_counted_for_ever() {
    let pages = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 2147483647/Kids[2 0 R 2 0 R]>>endobj \
                 trailer<</Root 1 0 R/Size 99999999>>";
    assert_eq!(reason(pages.into()), "This PDF is damaged and cannot be read.");
}

#[test]
fn an_archive_that_bursts_is_refused_in_every_format() {
    let spaces = vec![b' '; 64 * 1024 * 1024];
    for (name, entry) in [
        ("harbour.docx", "word/document.xml"),
        ("harbour.xlsx", "xl/worksheets/sheet1.xml"),
        ("harbour.pptx", "ppt/slides/slide1.xml"),
        ("harbour.odt", "content.xml"),
        ("harbour.epub", "EPUB/text/tides.xhtml"),
    ] {
        assert_eq!(reason(replaced(name, entry, &spaces)), "This file unpacks to more than it may.", "{name}");
    }
}

#[test]
fn an_attachment_that_bursts_is_named_and_not_read() {
    let bomb = replaced("harbour.odt", "content.xml", &vec![b' '; 64 * 1024 * 1024]);
    let body: String =
        bomb.iter().map(|byte| format!("={byte:02X}")).collect::<Vec<_>>().chunks(20).map(|line| line.concat() + "=\r\n").collect();
    let mail = format!(
        "Subject: x\r\nFrom: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
         Content-Type: application/octet-stream; name=bomb.odt\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{body}\r\n--b--\r\n"
    );
    let text = extract(mail.into_bytes()).unwrap().text;
    assert!(text.ends_with("# Attachment: bomb.odt"), "{text}");
}

const ENTITIES: &str = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">\
    <!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\"><!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\">\
    <!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\"><!ENTITY h \"&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;\"><!ENTITY x SYSTEM \"file:///etc/hostname\">]>";

#[test]
fn entities_are_not_expanded_in_any_format() {
    let word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let document = format!(
        "<?xml version=\"1.0\"?>{ENTITIES}<w:document xmlns:w=\"{word}\"><w:body><w:p><w:r><w:t>see &h; &x;</w:t></w:r></w:p></w:body></w:document>"
    );
    let sheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let cells = format!(
        "<?xml version=\"1.0\"?>{ENTITIES}<worksheet xmlns=\"{sheet}\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>see &h; &x;</t></is></c></row></sheetData></worksheet>"
    );
    let content = format!(
        "{ENTITIES}<office:document-content><office:body><office:text><text:p>see &h; &x;</text:p></office:text></office:body></office:document-content>"
    );
    let plain = format!("<?xml version=\"1.0\"?>{ENTITIES}<doc>see &h; &x;</doc>");
    let hostname = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    for bytes in [
        replaced("harbour.docx", "word/document.xml", document.as_bytes()),
        replaced("harbour.xlsx", "xl/worksheets/sheet1.xml", cells.as_bytes()),
        replaced("harbour.odt", "content.xml", content.as_bytes()),
        plain.into_bytes(),
    ] {
        match extract(bytes) {
            Ok(text) => {
                assert!(text.text.len() < 2_000 && !text.text.contains("aaaaaaaaaaaaaaaaaaaa"), "{}", text.text);
                assert!(hostname.trim().is_empty() || !text.text.contains(hostname.trim()));
            }
            Err(error) => assert!(matches!(error, ExtractError::Unreadable { .. }), "{error:?}"),
        }
    }
}

#[test]
fn a_sheet_of_repeated_empty_cells_costs_nothing() {
    let rows = "<table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell table:number-columns-repeated=\"4294967295\"/></table:table-row>".repeat(1_000);
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"S\">{rows}<table:table-row>\
         <table:table-cell table:number-columns-repeated=\"99999999999\"><text:p>x</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    );
    let text = extract(replaced("harbour.ods", "content.xml", content.as_bytes())).unwrap().text;
    assert!(text.len() < 1_000, "{}", text.len());
}

#[test]
fn what_nests_beyond_measure_is_refused_or_read_without_recursion() {
    let open = "<a>".repeat(200_000);
    let plain = format!("<?xml version=\"1.0\"?>{open}");
    assert_eq!(extract(plain.clone().into_bytes()).unwrap().text, plain, "what cannot be read as XML is a text");
    let content = format!("<office:document-content><office:body><office:text>{}", "<text:section>".repeat(200_000));
    assert_eq!(reason(replaced("harbour.odt", "content.xml", content.as_bytes())), "The XML in this file is nested too deeply to be read.");
    assert_eq!(extract([b"{\\rtf1 ".as_slice(), &b"{\\b ".repeat(500_000), b"deep"].concat()).unwrap().text, "deep");
    let json = "[".repeat(1_000_000);
    assert!(extract(json.into_bytes()).is_ok());
}

#[test]
fn lies_about_lengths_are_survived() {
    let mut doc = fixture("harbour.doc");
    doc[44..48].copy_from_slice(&u32::MAX.to_le_bytes()); // the number of sectors of the container's table
    let _ = extract(doc);
    let _ = extract(b"{\\rtf1 \\bin2147483647 x}".to_vec());
    let mut xls = fixture("harbour.xls");
    for place in [0x1E, 0x20, 0x2C, 0x30, 0x38, 0x3C, 0x40, 0x44] {
        xls[place] = 0xFF;
    }
    let _ = extract(xls);
}
