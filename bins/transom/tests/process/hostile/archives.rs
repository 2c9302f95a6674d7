//! Office files, books and archives: bombs, overlapping entries, lying sizes, endless tables, broken containers.

use super::bits::{Entry, deflated, zip, zip_of_one};
use super::{EitherWay, Fails, Hostile, hostile};

const GIGABYTE: u64 = 1_000_000_000;

pub const ALL: &[Hostile] = &[
    hostile("document-that-inflates.docx", || docx(bomb("<w:p><w:r><w:t>", "a", "</w:t></w:r></w:p>")), Fails),
    hostile("document-of-empty-paragraphs.docx", || docx(bomb("", "<w:p/>", "")), Fails),
    hostile("document-that-says-it-is-small.docx", || docx((deflated(WORD.as_bytes(), b" ", GIGABYTE, b""), 10)), Fails),
    hostile("document-that-says-it-is-large.docx", || docx((deflated(WORD.as_bytes(), b" ", 10, b""), u32::MAX - 1)), EitherWay),
    hostile("document-nested-deeply.docx", || docx(bomb("", "<w:tbl>", "")), Fails),
    hostile("document-of-entities.docx", || docx((laughs(), 2_000)), EitherWay),
    hostile("slides-that-inflate.pptx", || pptx(bomb("", "<p:sp/>", "")), Fails),
    hostile(
        "sheet-of-empty-cells.xlsx",
        || xlsx("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"/></row>"),
        EitherWay,
    ),
    hostile(
        "sheet-of-two-far-cells.xlsx",
        || xlsx("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>2</v></c></row>"),
        EitherWay,
    ),
    hostile("sheet-that-inflates.xlsx", || xlsx_of(bomb("", "<row><c/></row>", "")), Fails),
    hostile("sheet-of-repeated-cells.ods", repeated_cells, EitherWay),
    hostile(
        "letter-that-inflates.odt",
        || odt(deflated(ODT.as_bytes(), b"a", GIGABYTE, b"</text:p></office:text></office:body></office:document-content>"), 99_999),
        Fails,
    ),
    hostile(
        "letter-of-spaces.odt",
        || {
            odt(
                deflated(
                    ODT.as_bytes(),
                    b"<text:s text:c=\"2000000000\"/>",
                    1000,
                    b"</text:p></office:text></office:body></office:document-content>",
                ),
                30_000,
            )
        },
        EitherWay,
    ),
    hostile("letter-of-entities.odt", || odt(laughs(), 2_000), EitherWay),
    hostile(
        "letter-whose-entries-overlap.odt",
        || {
            zip_of_one(
                &[Entry::stored("mimetype", "application/vnd.oasis.opendocument.text")],
                &padded(),
                (0..60_000).map(|n| format!("content{n}.xml")),
            )
        },
        Fails,
    ),
    hostile("book-whose-chapters-overlap.epub", overlapping_book, Fails),
    hostile(
        "book-that-names-itself.epub",
        || epub(&"<itemref idref=\"x\"/>".repeat(100_000), &"<item id=\"x\" href=\"content.opf\"/>".repeat(10)),
        EitherWay,
    ),
    hostile("zips-in-zips.zip", || nested(12), Fails),
    hostile("zips-in-zips.docx", || nested(12), Fails),
    hostile("half-a-document.docx", || half(docx((deflated(WORD.as_bytes(), b"<w:p/>", 1000, b"</w:body></w:document>"), 6_100))), Fails),
    hostile("a-zip-that-is-empty.xlsx", || zip(&[]), Fails),
    hostile("folders-in-a-circle.msg", || compound(1), Fails),
    hostile("folders-in-a-circle.doc", || compound(1), Fails),
    hostile("folders-beyond-the-end.xls", || compound(0x7FFF_FFFF), Fails),
];

const WORD: &str = "<?xml version=\"1.0\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>";
const ODT: &str = "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:text><text:p>";

/// A part that unpacks to a gigabyte, and says so.
fn bomb(before: &str, pattern: &str, after: &str) -> (Vec<u8>, u32) {
    let before = format!("{WORD}{before}");
    let times = GIGABYTE / pattern.len() as u64;
    let after = format!("{after}</w:body></w:document>");
    (deflated(before.as_bytes(), pattern.as_bytes(), times, after.as_bytes()), (before.len() as u64 + times * pattern.len() as u64) as u32)
}

/// Ten million entities from ten lines.
fn laughs() -> Vec<u8> {
    let mut text = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol0 \"lol\">".to_owned();
    (1..9).for_each(|n| text.push_str(&format!("<!ENTITY lol{n} \"{}\">", format!("&lol{};", n - 1).repeat(10))));
    text.push_str("]><document>&lol8;</document>");
    deflated(text.as_bytes(), b" ", 1, b"")
}

fn docx((document, declared): (Vec<u8>, u32)) -> Vec<u8> {
    office(
        "word/document.xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        vec![Entry::packed("word/document.xml", document, declared)],
    )
}

fn pptx((slide, declared): (Vec<u8>, u32)) -> Vec<u8> {
    let parts = vec![
        Entry::stored(
            "ppt/presentation.xml",
            "<p:presentation xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\"><p:sldIdLst><p:sldId id=\"256\" r:id=\"r1\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"/></p:sldIdLst></p:presentation>",
        ),
        Entry::stored("ppt/_rels/presentation.xml.rels", relations("slide", "slides/slide1.xml")),
        Entry::packed("ppt/slides/slide1.xml", slide, declared),
    ];
    office("ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml", parts)
}

fn xlsx(rows: &str) -> Vec<u8> {
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><dimension ref=\"A1:XFD1048576\"/><sheetData>{rows}</sheetData></worksheet>"
    );
    let length = sheet.len() as u32;
    xlsx_of((deflated(sheet.as_bytes(), b" ", 1, b""), length + 1))
}

fn xlsx_of((sheet, declared): (Vec<u8>, u32)) -> Vec<u8> {
    let parts = vec![
        Entry::stored(
            "xl/workbook.xml",
            "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>",
        ),
        Entry::stored("xl/_rels/workbook.xml.rels", relations("worksheet", "worksheets/sheet1.xml")),
        Entry::packed("xl/worksheets/sheet1.xml", sheet, declared),
    ];
    office("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", parts)
}

fn office(main: &str, kind: &str, parts: Vec<Entry>) -> Vec<u8> {
    let types = format!(
        "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/{main}\" ContentType=\"{kind}\"/></Types>"
    );
    let mut all = vec![Entry::stored("[Content_Types].xml", types), Entry::stored("_rels/.rels", relations("officeDocument", main))];
    all.extend(parts);
    zip(&all)
}

fn relations(kind: &str, target: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/></Relationships>"
    )
}

fn odt(content: Vec<u8>, declared: u32) -> Vec<u8> {
    zip(&[Entry::stored("mimetype", "application/vnd.oasis.opendocument.text"), Entry::packed("content.xml", content, declared)])
}

fn repeated_cells() -> Vec<u8> {
    let content = "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet><table:table table:name=\"S\"><table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell table:number-columns-repeated=\"16384\" office:value-type=\"float\" office:value=\"1\"><text:p>1</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>";
    zip(&[Entry::stored("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), Entry::stored("content.xml", content)])
}

/// An entry of a hundred megabytes.
fn padded() -> Entry {
    Entry::packed("content.xml", deflated(ODT.as_bytes(), b"a ", GIGABYTE / 20, b"</text:p>"), (GIGABYTE / 10) as u32)
}

fn overlapping_book() -> Vec<u8> {
    let items: String =
        (0..2_000).map(|n| format!("<item id=\"c{n}\" href=\"c{n}.xhtml\" media-type=\"application/xhtml+xml\"/>")).collect();
    let spine: String = (0..2_000).map(|n| format!("<itemref idref=\"c{n}\"/>")).collect();
    let chapter =
        Entry::packed("c0.xhtml", deflated(b"<html><body><p>", b"word ", GIGABYTE / 50, b"</p></body></html>"), (GIGABYTE / 10) as u32);
    zip_of_one(&book(&spine, &items), &chapter, (0..2_000).map(|n| format!("c{n}.xhtml")))
}

fn epub(spine: &str, items: &str) -> Vec<u8> {
    zip(&book(spine, items))
}

fn book(spine: &str, items: &str) -> Vec<Entry> {
    let container = "<?xml version=\"1.0\"?><container xmlns=\"urn:oasis:names:tc:opendocument:xmlns:container\" version=\"1.0\"><rootfiles><rootfile full-path=\"content.opf\" media-type=\"application/oebps-package+xml\"/></rootfiles></container>";
    let package = format!(
        "<?xml version=\"1.0\"?><package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\"><manifest>{items}</manifest><spine>{spine}</spine></package>"
    );
    vec![
        Entry::stored("mimetype", "application/epub+zip"),
        Entry::stored("META-INF/container.xml", container),
        Entry::stored("content.opf", package),
    ]
}

/// A zip of zips of zips: ten in each, a bomb in the last.
fn nested(depth: u32) -> Vec<u8> {
    let mut inner = zip(&[Entry::packed("bomb", deflated(b"", b"a", GIGABYTE / 100, b""), (GIGABYTE / 100) as u32)]);
    for level in 0..depth {
        inner = zip_of_one(&[], &Entry::stored("0.zip", inner), (0..10).map(|n| format!("{level}-{n}.zip")));
    }
    inner
}

fn half(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() / 2);
    bytes
}

/// A container of the kind that old office files and Outlook's messages are, whose folder sector is followed by `next`.
fn compound(next: u32) -> Vec<u8> {
    let mut header = vec![0u8; 512];
    header[..8].copy_from_slice(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    header[24..34].copy_from_slice(&[0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0]);
    header[44..48].copy_from_slice(&1u32.to_le_bytes());
    header[48..52].copy_from_slice(&1u32.to_le_bytes());
    header[56..60].copy_from_slice(&4096u32.to_le_bytes());
    header[60..64].copy_from_slice(&(-2i32).to_le_bytes());
    header[68..72].copy_from_slice(&(-2i32).to_le_bytes());
    header[80..].fill(0xFF);
    header[76..80].copy_from_slice(&0u32.to_le_bytes());
    let mut table = vec![0xFFu8; 512];
    table[..4].copy_from_slice(&(-3i32).to_le_bytes());
    table[4..8].copy_from_slice(&next.to_le_bytes());
    let mut folder = vec![0u8; 512];
    folder[..20].copy_from_slice(b"R\0o\0o\0t\0 \0E\0n\0t\0r\0y\0");
    folder[64] = 22;
    folder[66] = 5;
    // Its neighbours and its child are itself.
    folder[68..80].fill(0);
    folder[116..120].copy_from_slice(&(-2i32).to_le_bytes());
    [header, table, folder].concat()
}
