//! Files of every kind, from their bytes to their text.
#![allow(clippy::unwrap_used, missing_docs)]

use transom_domain::Text;
use transom_ingest::{ExtractError, Extractor, Extractors, Input, MediaType};

fn extract(filename: &str, bytes: &[u8]) -> Result<Text, ExtractError> {
    Extractors::standard().extract(&Input { bytes, filename, content_type: None })
}

fn text(filename: &str, bytes: &[u8]) -> String {
    extract(filename, bytes).unwrap().text
}

/// A PDF with a page for each text; `None` is a page with nothing on it.
fn pdf(pages: &[Option<&str>]) -> Vec<u8> {
    let mut objects = vec!["<< /Type /Catalog /Pages 2 0 R >>".to_owned(), String::new()];
    objects.push("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned());
    let mut kids = String::new();
    for page in pages {
        let content = page.map(|text| format!("BT /F1 12 Tf 72 720 Td ({text}) Tj ET")).unwrap_or_default();
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
        let resources = "<< /Font << /F1 3 0 R >> >>";
        let contents = objects.len();
        objects.push(format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {resources} /Contents {contents} 0 R >>"));
        kids += &format!("{} 0 R ", objects.len());
    }
    objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len());
    let mut out = "%PDF-1.4\n".to_owned();
    let mut table = String::new();
    for (index, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", out.len());
        out += &format!("{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let (size, start) = (objects.len() + 1, out.len());
    out += &format!("xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    out.into_bytes()
}

#[test]
fn a_pdf_is_read_page_by_page() {
    let text = extract("x.pdf", &pdf(&[Some("The first page"), None, Some("The third page")])).unwrap();
    assert_eq!(text.text, "The first page\n\nThe third page");
    let pages: Vec<_> = text.pages.iter().map(|page| (page.number, &text.text[page.start..page.start + 9])).collect();
    assert_eq!(pages, [(1, "The first"), (3, "The third")]);
}

#[test]
fn a_pdf_of_scanned_pages_says_so() {
    let error = extract("scan.pdf", &pdf(&[None, None])).unwrap_err();
    assert!(matches!(error, ExtractError::Empty { .. }));
    assert_eq!(error.to_string(), "There is no text in this file: its pages are probably scanned images.");
}

#[test]
fn a_damaged_pdf_is_unreadable() {
    let whole = pdf(&[Some("text")]);
    for bytes in [b"%PDF-1.4 garbage".as_slice(), b"%PDF-", &whole[..whole.len() / 2]] {
        let error = extract("bad.pdf", bytes).unwrap_err();
        assert!(matches!(error, ExtractError::Unreadable { .. }), "{error:?}");
        assert!(error.to_string().starts_with("This PDF is damaged"), "{error}");
    }
}

#[test]
fn texts_of_every_kind_are_read() {
    assert_eq!(text("a.md", b"# Title\n\nhello"), "# Title\n\nhello");
    assert_eq!(text("a.csv", b"city,year\r\nLepanto,1571\r\n"), "city: Lepanto\nyear: 1571");
    assert_eq!(text("a.json", br#"{"k":"value"}"#), r#"{"k":"value"}"#);
    assert_eq!(text("a.html", b"<html><body><h1>Hi</h1><p>para</p></body></html>"), "# Hi\n\npara");
    assert_eq!(text("latin.txt", b"caf\xe9"), "café");
    assert_eq!(text("utf16.txt", b"\xff\xfeh\0\xe9\0l\0l\0o\0"), "héllo");
    assert_eq!(text("code.rs", b"fn main() { println!(\"hi\"); }"), "fn main() { println!(\"hi\"); }");
    assert_eq!(text("noname", b"just words"), "just words");
}

#[test]
fn a_text_that_was_once_read_wrongly_is_repaired() {
    let wrong = "Ce guide fournit des informations sur la fa√ßon d'interagir, apr√®s l'√©t√©.";
    assert_eq!(text("a.txt", wrong.as_bytes()), "Ce guide fournit des informations sur la façon d'interagir, après l'été.");
}

#[test]
fn what_holds_no_text_says_why() {
    let message = |filename, bytes| extract(filename, bytes).unwrap_err().to_string();
    assert_eq!(message("a.bin", b"\x00\x01\x02".as_slice()), "This file is a binary file, and text cannot be read from such files.");
    assert!(message("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").contains("images hold no text"));
    assert!(message("a.zip", b"PK\x03\x04\x14\0\0\0\x08\0abc").contains("an archive"));
    assert!(message("a.txt", b"").contains("it is empty"));
    assert!(message("a.txt", b" \n\t ").contains("it is empty"));
    assert_eq!(message("a.html", b"<html><script>x()</script></html>"), "There is no text in this file.");
}

struct Panics;

impl Extractor for Panics {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Json
    }

    fn extract(&self, _: &Input<'_>) -> Result<Text, ExtractError> {
        panic!("a parser that does not expect this")
    }
}

#[test]
fn a_parser_that_panics_becomes_an_error_and_one_that_is_added_goes_first() {
    let extractors = Extractors::standard().with(Box::new(Panics));
    let input = |filename| Input { bytes: b"{}", filename, content_type: None };
    assert!(matches!(extractors.extract(&input("a.json")), Err(ExtractError::Unreadable { .. })));
    assert_eq!(extractors.extract(&input("a.txt")).unwrap().text, "{}");
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_read() {
    let extractors = Extractors::standard().with_limit(1);
    let input = Input { bytes: &vec![b'x'; 1_000_001], filename: "a.txt", content_type: None };
    assert_eq!(extractors.extract(&input).unwrap_err(), ExtractError::TooLarge { megabytes: 1 });
}
