use super::*;

fn kind(bytes: &[u8], filename: &str, content_type: Option<&str>) -> MediaType {
    sniff(&Input { bytes, filename, content_type })
}

#[test]
fn content_wins_over_the_name() {
    assert_eq!(kind(b"%PDF-1.7\n...", "notes.txt", None), MediaType::Pdf);
    assert_eq!(kind(b"<!DOCTYPE html><p>x", "page.txt", None), MediaType::Html);
    assert_eq!(kind(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "table.csv", Some("text/csv")), MediaType::Image);
    assert_eq!(kind(b"just text", "paper.pdf", Some("application/pdf")), MediaType::PlainText);
}

#[test]
fn the_name_tells_kinds_of_text_apart_and_the_senders_word_comes_last() {
    assert_eq!(kind(b"a,b\n1,2\n", "A.CSV", Some("text/plain")), MediaType::Csv);
    assert_eq!(kind(b"<h1 align=center>Title</h1>", "README.md", None), MediaType::Markdown);
    assert_eq!(kind(b"# x", "x", Some("text/markdown; charset=utf-8")), MediaType::Markdown);
    assert_eq!(kind(b"FROM rust", "dir/Dockerfile", None), MediaType::Code);
    assert_eq!(kind(b"<html>{{ page }}</html>", "page.vue", None), MediaType::Code);
    assert_eq!(kind(b"<?xml version='1.0'?><a/>", "x", None), MediaType::Xml);
    assert_eq!(kind(b"words", "x", Some("application/octet-stream")), MediaType::PlainText);
}

#[test]
fn a_text_that_begins_like_a_program_or_a_picture_stays_text() {
    assert_eq!(kind("BMW fährt".as_bytes(), "x.txt", None), MediaType::PlainText);
    assert_eq!(kind(b"BMW f\xe4hrt durch die Stra\xdfe", "x.txt", None), MediaType::PlainText);
    assert_eq!(kind(b"MZ is how programs begin", "x.txt", None), MediaType::PlainText);
    assert_eq!(kind(b"A text about %PDF-1.4 files", "x.txt", None), MediaType::PlainText);
}

#[test]
fn a_pdf_with_a_little_before_its_mark_is_a_pdf() {
    let pdf = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n";
    for rubbish in [&b"abcd\n"[..], b"12345", b"\x00\x01\x02\x03\x04", b"HTTP/1.1 200 OK\r\n\r\n", b"\xEF\xBB\xBF\r\n"] {
        let bytes = [rubbish, pdf].concat();
        assert_eq!(kind(&bytes, "paper.pdf", None), MediaType::Pdf, "{rubbish:?}");
        assert_eq!(kind(&bytes, "paper", None), MediaType::Pdf, "{rubbish:?}");
    }
    let about = b"A file begins with\n%PDF-1.4\n1 0 obj\n<< >>\nendobj\n";
    assert_eq!(kind(about, "how.md", None), MediaType::Markdown);
    assert_eq!(kind(b"A text about %PDF-1.4 files", "x", None), MediaType::PlainText);
    let late = [&[0xFFu8; 1100][..], pdf].concat();
    assert_ne!(kind(&late, "x", None), MediaType::Pdf);
}

#[test]
fn a_few_nuls_make_no_text_binary() {
    for text in [&b"one\0"[..], b"\0one two", b"a short note\0 with\0 three\0", "größer\0".as_bytes()] {
        assert_eq!(kind(text, "a.txt", None), MediaType::PlainText, "{text:?}");
    }
    assert_eq!(kind(b"a,b\n1,\0\n", "a.csv", None), MediaType::Csv);
    for binary in [&b"\0\0\0\0"[..], b"\x01\x02\x03\x04 ab", b"\xffone\0\0\0"] {
        assert_eq!(kind(binary, "a.txt", None), MediaType::Binary, "{binary:?}");
    }
}

#[test]
fn what_the_library_calls_an_archive_and_is_none_is_not_called_one() {
    assert_eq!(kind(b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20\0\0\0\0", "a.db", None), MediaType::Binary);
    assert_eq!(kind(b"\r\n{\\rtf1 text}", "a.rtf", None), MediaType::Rtf);
}

#[test]
fn what_is_no_text_is_named() {
    assert_eq!(kind(b"\x00\x01\x02", "a.bin", None), MediaType::Binary);
    assert_eq!(kind(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "a.txt", None), MediaType::Image);
    assert_eq!(kind(b"PK\x03\x04\x14\0\0\0\x08\0abc", "a.zip", None), MediaType::Archive);
    assert_eq!(kind(b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "a.gz", None), MediaType::Archive);
    assert_eq!(kind(b"{\\rtf1 text}", "a.rtf", None), MediaType::Rtf);
    assert_eq!(kind(b"", "a.txt", None), MediaType::PlainText);
}
