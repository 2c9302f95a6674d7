//! Texts and messages: deep nesting, endless lines, lying lengths, wrong names.

use super::pdfs::noise;
use super::{EitherWay, Fails, Hostile, hostile};

const MEGABYTE: usize = 1_000_000;

pub const ALL: &[Hostile] = &[
    hostile("brackets-in-brackets.json", || b"[".repeat(MEGABYTE / 10), EitherWay),
    hostile("divs-in-divs.html", || [b"<html>".to_vec(), b"<div>".repeat(MEGABYTE)].concat(), Fails),
    hostile("tables-in-tables.html", || [b"<html>".to_vec(), b"<table><tr><td>".repeat(300_000)].concat(), Fails),
    hostile(
        "attributes-without-end.html",
        || [b"<html><p ".to_vec(), (0..100_000).flat_map(|n| format!("a{n}=1 ").into_bytes()).collect(), b">text".to_vec()].concat(),
        EitherWay,
    ),
    hostile("comment-without-end.html", || [b"<html><p>text<!--".to_vec(), b"-".repeat(2 * MEGABYTE)].concat(), EitherWay),
    hostile("misnested-tags.html", || [b"<html>".to_vec(), b"<a><b><i><p>".repeat(100_000)].concat(), EitherWay),
    hostile("groups-in-groups.rtf", || [b"{\\rtf1 ".to_vec(), b"{".repeat(MEGABYTE)].concat(), EitherWay),
    hostile("binary-that-lies.rtf", || b"{\\rtf1 text \\bin2147483647 abc}".to_vec(), EitherWay),
    hostile("number-too-large.rtf", || b"{\\rtf1 \\u99999999999999999999 \\fs-99999999999 text}".to_vec(), EitherWay),
    hostile("elements-in-elements.xml", || [b"<?xml version=\"1.0\"?>".to_vec(), b"<a>".repeat(MEGABYTE / 20)].concat(), EitherWay),
    hostile("entities.xml", entities, EitherWay),
    hostile(
        "anchors.yaml",
        || {
            [b"a: &a [x,x,x,x,x,x,x,x,x]\n".to_vec(), (0..20).flat_map(|_| b"b: &a [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n".to_vec()).collect()]
                .concat()
        },
        EitherWay,
    ),
    hostile("one-endless-line.txt", || b"a".repeat(MEGABYTE / 5), EitherWay),
    hostile("one-endless-line.md", || b"# ".repeat(MEGABYTE / 10), EitherWay),
    hostile("more-text-than-is-read.txt", || b"word ".repeat(12 * MEGABYTE), Fails),
    hostile("a-line-of-200-megabytes.csv", || b"1,2,".repeat(50 * MEGABYTE), Fails),
    hostile("a-quote-that-never-ends.csv", || [b"a,b\n\"".to_vec(), b"x".repeat(MEGABYTE / 5)].concat(), EitherWay),
    hostile("fifty-thousand-columns.csv", || [b"c,".repeat(50_000), b"\n".to_vec(), b"1,".repeat(50_000)].concat(), EitherWay),
    hostile("parts-in-parts.eml", parts_in_parts, EitherWay),
    hostile("messages-in-messages.eml", || b"Content-Type: message/rfc822\n\n".repeat(5_000), EitherWay),
    hostile(
        "header-without-end.eml",
        || [b"From: a@example.com\nSubject: ".to_vec(), b"=?utf-8?q?a?= ".repeat(20_000), b"\n\ntext".to_vec()].concat(),
        EitherWay,
    ),
    hostile("nothing-but-zeros.txt", || vec![0; 10 * MEGABYTE], Fails),
    hostile("noise.txt", || noise(MEGABYTE), Fails),
    hostile("noise.docx", || [b"PK\x03\x04".to_vec(), noise(MEGABYTE)].concat(), Fails),
    hostile("noise.doc", || [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), noise(MEGABYTE)].concat(), Fails),
    hostile("a-picture-by-another-name.pdf", || [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), noise(10_000)].concat(), Fails),
    hostile("a-program-by-another-name.docx", || [b"\x7fELF\x02\x01\x01\0".to_vec(), noise(10_000)].concat(), Fails),
    hostile("half-a-character.txt", || [b"A text that ends in the middle of ".to_vec(), b"\xF0\x9F\x94".to_vec()].concat(), EitherWay),
];

/// Texts that ask whoever reads them for files of the machine.
pub fn asking_for_files() -> [(&'static str, Vec<u8>); 2] {
    let wanting = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    [
        ("wanting.xml", format!("{wanting}<a>text &x;</a>").into_bytes()),
        ("wanting.svg", format!("{wanting}<svg xmlns=\"http://www.w3.org/2000/svg\"><text>text &x;</text></svg>").into_bytes()),
    ]
}

fn entities() -> Vec<u8> {
    let mut text = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol0 \"lol\">".to_owned();
    (1..9).for_each(|n| text.push_str(&format!("<!ENTITY lol{n} \"{}\">", format!("&lol{};", n - 1).repeat(10))));
    text.push_str("]><lolz>&lol8;</lolz>");
    text.into_bytes()
}

fn parts_in_parts() -> Vec<u8> {
    (0..5_000)
        .flat_map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n").into_bytes())
        .chain(*b"Content-Type: text/plain\n\ntext")
        .collect()
}
