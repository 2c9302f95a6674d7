//! Each format, from a small file that `fixtures/make.py` made.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{Cursor, Write};

use transom_domain::Text;
use transom_ingest::{ExtractError, Extractors, Input, MediaType, SplitConfig, Splitter, sniff};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn extract(bytes: &[u8]) -> Result<Text, ExtractError> {
    // Without a name: what it is has to show in what it holds.
    Extractors::standard().extract(&Input { bytes, filename: "", content_type: None })
}

fn text(name: &str) -> String {
    extract(&fixture(name)).unwrap().text
}

fn kind(name: &str) -> MediaType {
    sniff(&Input { bytes: &fixture(name), filename: "renamed.txt", content_type: Some("text/plain") })
}

/// The headings over the piece that holds `words`, and its page.
fn place(name: &str, words: &str) -> (Vec<String>, Option<u32>) {
    let text = extract(&fixture(name)).unwrap();
    let pieces = Splitter::new(SplitConfig::default()).unwrap().split_as(&text, kind(name));
    let piece = pieces.into_iter().find(|piece| piece.text.contains(words)).unwrap();
    (piece.headings, piece.page)
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

const CAFE: &str = "The café at the quay opens at seven. Größe, naïve, œuvre.";
const CYRILLIC: &str = "Гавань открыта весь год.";
const CJK: &str = "港は一年中開いています。海港全年开放。항구는 일년 내내 열려 있습니다.";
const TIDES: &str = "High water is at noon; low water follows six hours later.";
const ROWS: &str = "Berth | Length | Flag\nNorth | 120 | Norway\nSouth | 85 | Portugal";
const BERTHS: &str = "Berth | Length\n\nBerth: North\nLength: 120\n\nBerth: South\nLength: 85.5";

#[test]
fn a_renamed_file_is_known_by_what_it_holds() {
    let kinds = [
        ("harbour.docx", MediaType::Docx),
        ("harbour.doc", MediaType::Doc),
        ("harbour.odt", MediaType::Odt),
        ("harbour.fodt", MediaType::Odt),
        ("harbour.rtf", MediaType::Rtf),
        ("harbour.xlsx", MediaType::Xlsx),
        ("harbour.xlsb", MediaType::Xlsb),
        ("harbour.xls", MediaType::Xls),
        ("harbour.ods", MediaType::Ods),
        ("harbour.pptx", MediaType::Pptx),
        ("harbour.ppt", MediaType::Ppt),
        ("harbour.odp", MediaType::Odp),
        ("harbour.epub", MediaType::Epub),
        ("harbour.eml", MediaType::Mail),
        ("harbour.pdf", MediaType::Pdf),
    ];
    for (name, media) in kinds {
        assert_eq!(kind(name), media, "{name}");
    }
}

#[test]
fn word_new_and_old_and_rich_text_keep_headings_and_rows() {
    for name in ["harbour.docx", "harbour.doc", "harbour.rtf"] {
        let text = text(name);
        contains(&text, &["Guide to the harbour", "# Opening hours\n", CAFE, CYRILLIC, "In winter the gate closes at dusk.", ROWS, CJK]);
        contains(&text, &["Moor at the bow", "Harbour office circular 17", "Printed at Lepanto", "\\# is the sign of the pilot"]);
        let (headings, page) = place(name, "dusk");
        assert_eq!((headings.last().map(String::as_str), page), (Some("Winter"), None), "{name}");
        assert!(headings.contains(&"Opening hours".to_owned()), "{name}");
    }
    assert_eq!(place("harbour.docx", "dusk").0, ["Guide to the harbour", "Opening hours", "Winter"]);
}

#[test]
fn an_opendocument_text_is_read_packed_and_flat() {
    let expected = format!(
        "# Guide to the harbour\n\nThe café  at the quay\nopens at seven.\n\nOn Sundays at nine.\n\n## Berths\n\n{ROWS}\n\n\
         - Moor at the bow\n- Moor at the stern\n\n{CYRILLIC} {CJK}\n\nHarbour office circular 17\n\nPrinted at Lepanto"
    );
    assert_eq!(text("harbour.odt"), expected);
    assert_eq!(text("harbour.fodt"), expected);
    assert_eq!(place("harbour.odt", "Portugal").0, ["Guide to the harbour", "Berths"]);
}

#[test]
fn a_sheet_has_its_head_beside_each_row() {
    assert_eq!(
        text("harbour.xlsx"),
        "# Berths\n\nBerths of the harbour\nBerth | Length | Since | Free\n\nBerth: North\nLength: 120\nSince: 1971-10-07\nFree: true\n\n\
         Berth: South\nLength: 85.5\nSince: 2024-02-29 06:30\nFree: false\n\n# Größen 港\n\nlone | 1\nwords | 2"
    );
    assert_eq!(place("harbour.xlsx", "South").0, ["Berths"]);
    assert_eq!(text("harbour.xlsb"), format!("# Berths\n\n{BERTHS}").replace("South", "South é 港"));
    assert_eq!(text("harbour.ods"), format!("# Berths\n\n{BERTHS}\n\ncolumn 16384: far"));
    contains(
        &text("harbour.xls"),
        &["# Berths\n\nBerth | Length | Flag\n\nBerth: North\nLength: 120\nFlag: Norway", "Portugal é 港", "column 256: far"],
    );
}

#[test]
fn a_sheet_that_is_huge_and_empty_is_read_at_once() {
    assert_eq!(text("far.xlsx"), "# Sheet\n\nnear\nfar");
}

#[test]
fn slides_are_pages_with_their_titles_and_notes() {
    let text = extract(&fixture("harbour.pptx")).unwrap();
    assert_eq!(text.pages.iter().map(|page| page.number).collect::<Vec<_>>(), [1, 2, 3]);
    contains(&text.text, &["# Guide to the harbour", CAFE, "Spring tides are higher.\n\nMention the lighthouse.\n\n# Berths", ROWS]);
    assert_eq!(place("harbour.pptx", "lighthouse"), (vec!["Tides".to_owned()], Some(2)));
    assert_eq!(place("harbour.odp", "High water"), (vec!["Tides".to_owned()], Some(2)));
    assert_eq!(place("harbour.ppt", TIDES).1, Some(2));
    contains(&self::text("harbour.ppt"), &["Guide to the harbour", "The café at the quay opens at seven.", "Tides"]);
}

#[test]
fn a_book_is_read_in_the_order_of_its_chapters() {
    assert_eq!(
        text("harbour.epub"),
        format!("Guide to the harbour\nMiguel de Cervantes\n\n# Opening hours\n\n{CAFE}\n\n# Tides\n\n{TIDES}\n\n{CJK}")
    );
    assert_eq!(place("harbour.epub", "High water").0, ["Tides"]);
}

#[test]
fn mail_has_its_header_its_text_and_what_is_attached() {
    let text = text("harbour.eml");
    let head = "Subject: Lieferung für den Hafen 港\nFrom: Ágnes Kikötő <agnes@harbour.example>\nTo: office@harbour.example, pilot@harbour.example\n\
        Date: 2026-03-02T10:00:00+01:00\n\nDear office,\n\nthe ropes — 40 fathoms — arrive on Tuesday.\n\n\\# 7 is the gate.";
    assert!(text.starts_with(head), "{text}");
    assert!(!text.contains("HTML ropes"), "the text is preferred");
    contains(&text, &["# Attachment: guide.docx\n\n## Guide to the harbour", CAFE, "# Attachment: quay.png\n"]);
    contains(
        &text,
        &[
            "# Attachment: ropes.txt\n\n\\# comment\nrope = 40",
            "# Attachment: Re: ropes\n\nSubject: Re: ropes\nFrom: rope@maker.example\n\nThey are tarred.",
        ],
    );
    assert_eq!(place("harbour.eml", "dusk").0[..2], ["Attachment: guide.docx", "Guide to the harbour"]);
    assert_eq!(self::text("japanese.eml"), "Subject: 港\nFrom: a@b.example\n\n港は一年中開いています。");
}

#[test]
fn mail_within_mail_is_read_so_deep_and_no_deeper() {
    let mut mail = b"Subject: level 0\nFrom: a@b.example\nMIME-Version: 1.0\n\nbody\n".to_vec();
    for level in 1..=8 {
        let head = format!(
            "Subject: level {level}\nFrom: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b{level}\n\n\
             --b{level}\nContent-Type: message/rfc822\n\n"
        );
        mail = [head.as_bytes(), &mail, format!("\n--b{level}--\n").as_bytes()].concat();
    }
    let text = extract(&mail).unwrap().text;
    contains(&text, &["Subject: level 8", "Subject: level 5", "Attachment: level 4"]);
    assert!(!text.contains("Subject: level 4"), "{text}");
}

/// A message as Outlook saves it, with a file and a message attached.
fn outlook() -> Vec<u8> {
    let mut container = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    let mut stream = |path: String, bytes: &[u8]| container.create_stream(path).unwrap().write_all(bytes).unwrap();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let fixed = |header: usize| {
        let mut bytes = vec![0; header];
        for (kind, tag, value) in [(0x0003u16, 0x3FFDu16, 1251u64), (0x0040, 0x0039, 133_536_780_000_000_000)] {
            bytes.extend([kind.to_le_bytes(), tag.to_le_bytes()].concat());
            bytes.extend(6u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes
    };
    stream("/__properties_version1.0".into(), &fixed(32));
    for (tag, value) in
        [("0037", "Ropes 港"), ("0C1A", "Agnes"), ("5D01", "agnes@harbour.example"), ("0E04", "Office"), ("1000", "The ropes\r\narrive.")]
    {
        stream(format!("/__substg1.0_{tag}001F"), &utf16(value));
    }
    let mut storages = Vec::new();
    for (number, name) in ["notes.md", "inner"].into_iter().enumerate() {
        storages.push((format!("/__attach_version1.0_#0000000{number}"), name));
    }
    for (storage, name) in storages {
        container.create_storage(&storage).unwrap();
        container.create_stream(format!("{storage}/__substg1.0_3707001F")).unwrap().write_all(&utf16(name)).unwrap();
        if name == "inner" {
            let inner = format!("{storage}/__substg1.0_3701000D");
            container.create_storage(&inner).unwrap();
            container.create_stream(format!("{inner}/__properties_version1.0")).unwrap().write_all(&fixed(24)).unwrap();
            container.create_stream(format!("{inner}/__substg1.0_0037001E")).unwrap().write_all(b"\xc4\xe0").unwrap();
            container.create_stream(format!("{inner}/__substg1.0_10130102")).unwrap().write_all(b"<p>of <b>tar</b></p>").unwrap();
        } else {
            container.create_stream(format!("{storage}/__substg1.0_37010102")).unwrap().write_all(b"# Notes\n\n40 fathoms").unwrap();
        }
    }
    container.into_inner().into_inner()
}

#[test]
fn a_message_of_outlook_is_read_with_its_attachments() {
    let bytes = outlook();
    assert_eq!(sniff(&Input { bytes: &bytes, filename: "x", content_type: None }), MediaType::Msg);
    assert_eq!(
        extract(&bytes).unwrap().text,
        "Subject: Ropes 港\nFrom: Agnes <agnes@harbour.example>\nTo: Office\nDate: 2024-02-29 11:00 UTC\n\nThe ropes\narrive.\n\n\
         # Attachment: notes.md\n\n## Notes\n\n40 fathoms\n\n# Attachment: inner\n\nSubject: Да\nDate: 2024-02-29 11:00 UTC\n\nof tar"
    );
}

#[test]
fn a_pdf_keeps_its_pages() {
    assert_eq!(place("harbour.pdf", CAFE), (vec![], Some(1)));
    assert_eq!(place("harbour.pdf", TIDES), (vec![], Some(3)));
}

#[test]
#[cfg(feature = "pdf-oxide")]
fn a_page_that_one_engine_cannot_read_is_read_by_the_other() {
    let text = extract(&fixture("cjk.pdf")).unwrap();
    assert_eq!(
        text.text,
        "The first page is in Latin letters.\n\n港は一年中開いています。\n\n海港全年开放，欢迎光临。\n\n항구는 일년 내내 열려 있습니다."
    );
    assert_eq!(text.pages.len(), 4);
}

#[test]
fn what_gives_no_text_says_why() {
    let reason = |bytes: &[u8]| extract(bytes).unwrap_err().to_string();
    assert_eq!(reason(&fixture("scanned.pdf")), "There is no text in this file: its pages are probably scanned images.");
    assert_eq!(reason(&fixture("locked.pdf")), "This PDF is locked with a password.");
    let whole = fixture("harbour.docx");
    assert_eq!(reason(&whole[..whole.len() / 2]), "This Word document is damaged. It may have been cut short on its way.");
    let mut locked = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    locked.create_stream("/EncryptedPackage").unwrap();
    assert_eq!(reason(&locked.into_inner().into_inner()), "This file is locked with a password, and text cannot be read from such files.");
}
