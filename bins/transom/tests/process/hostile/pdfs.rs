//! PDFs that loop, inflate, nest, or ask for what nobody has.

use super::bits::zlib;
use super::{EitherWay, Fails, Hostile, hostile};

pub const ALL: &[Hostile] = &[
    hostile("pages-in-a-circle.pdf", || pdf("/Kids [2 0 R] /Count 1", &[]), Fails),
    hostile("pages-that-hold-themselves-twice.pdf", pages_in_pages, Fails),
    hostile(
        "page-that-inflates.pdf",
        || {
            pdf(
                PAGE,
                &[page("/Contents 4 0 R /Resources << >>"), stream("/Filter /FlateDecode", zlib(b"BT ", b"(a) Tj ", 150_000_000, b"ET"))],
            )
        },
        Fails,
    ),
    hostile(
        "page-that-inflates-twice.pdf",
        || {
            pdf(
                PAGE,
                &[
                    page("/Contents 4 0 R /Resources << >>"),
                    stream("/Filter [/FlateDecode /FlateDecode]", zlib(&zlib(b"", b"q ", 500_000_000, b""), b"\0", 1, b"")),
                ],
            )
        },
        EitherWay,
    ),
    hostile(
        "page-that-saves-its-state-for-ever.pdf",
        || pdf(PAGE, &[page("/Contents 4 0 R /Resources << >>"), stream("", b"q ".repeat(5_000_000))]),
        EitherWay,
    ),
    hostile(
        "form-that-draws-itself.pdf",
        || {
            pdf(
                PAGE,
                &[
                    page("/Contents 5 0 R /Resources << /XObject << /X 4 0 R >> >>"),
                    stream(
                        "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 4 0 R >> >>",
                        b"/X Do /X Do".to_vec(),
                    ),
                    stream("", b"/X Do".to_vec()),
                ],
            )
        },
        EitherWay,
    ),
    hostile("arrays-in-arrays.pdf", || pdf(PAGE, &[object(&"[".repeat(2_000_000))]), Fails),
    hostile(
        "stream-of-a-terabyte.pdf",
        || pdf(PAGE, &[page("/Contents 4 0 R /Resources << >>"), object("<< /Length 1000000000000 >>\nstream\nBT (a) Tj ET\nendstream")]),
        EitherWay,
    ),
    hostile(
        "columns-without-end.pdf",
        || {
            pdf(
                PAGE,
                &[
                    page("/Contents 4 0 R /Resources << >>"),
                    stream(
                        "/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 2147483647 /Colors 32 /BitsPerComponent 16 >>",
                        zlib(b"", b"a", 1000, b""),
                    ),
                ],
            )
        },
        EitherWay,
    ),
    hostile(
        "font-of-every-number.pdf",
        || {
            pdf(PAGE, &[
        page("/Contents 6 0 R /Resources << /Font << /F 4 0 R >> >>"),
        object("<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /W [0 4294967295 500] >>] /ToUnicode 5 0 R >>"),
        stream("", b"1 begincodespacerange <00000000> <FFFFFFFF> endcodespacerange 1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange".to_vec()),
        stream("", b"BT /F 9 Tf <0001> Tj ET".to_vec()),
    ])
        },
        EitherWay,
    ),
    hostile(
        "objects-without-number.pdf",
        || {
            b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\nxref\n0 4294967295\n0000000000 65535 f \ntrailer\n<< /Size 4294967295 /Root 1 0 R >>\nstartxref\n58\n%%EOF".to_vec()
        },
        Fails,
    ),
    hostile(
        "tables-in-a-circle.pdf",
        || b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF".to_vec(),
        Fails,
    ),
    hostile(
        "table-of-lies.pdf",
        || {
            let table = zlib(b"", b"\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0", 1000, b"");
            let head = format!(
                "%PDF-1.7\n1 0 obj\n<< /Type /XRef /Size 2147483647 /W [8 8 8] /Index [0 2147483647] /Root 1 0 R /Filter /FlateDecode /Length {} >>\nstream\n",
                table.len()
            );
            [head.as_bytes(), &table, b"\nendstream\nendobj\nstartxref\n9\n%%EOF"].concat()
        },
        Fails,
    ),
    hostile("only-a-beginning.pdf", || b"%PDF-1.7\n".to_vec(), Fails),
    hostile(
        "half-a-page.pdf",
        || {
            let mut bytes = pdf(PAGE, &[page("/Contents 4 0 R /Resources << >>"), stream("", b"BT (half) Tj ET".repeat(100))]);
            bytes.truncate(bytes.len() / 2);
            bytes
        },
        Fails,
    ),
    hostile("noise.pdf", || [b"%PDF-1.4\n".to_vec(), noise(300_000)].concat(), Fails),
];

const PAGE: &str = "/Kids [3 0 R] /Count 1";

/// Bytes without sense, always the same.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn object(value: &str) -> Vec<u8> {
    value.as_bytes().to_vec()
}

fn page(entries: &str) -> Vec<u8> {
    object(&format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {entries} >>"))
}

fn stream(entries: &str, data: Vec<u8>) -> Vec<u8> {
    [format!("<< {entries} /Length {} >>\nstream\n", data.len()).as_bytes(), &data, b"\nendstream"].concat()
}

/// A PDF of a catalogue, a tree of pages that says so, and more objects from number 3 on.
/// Pages that are twice their own, without a table that says where anything is: whoever searches and counts them doubles at each step.
fn pages_in_pages() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 2147483647/Kids[2 0 R 2 0 R]>>endobj \
      trailer<</Root 1 0 R/Size 99999999>>"
        .to_vec()
}

fn pdf(pages: &str, objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    let first = [object("<< /Type /Catalog /Pages 2 0 R >>"), object(&format!("<< /Type /Pages {pages} >>"))];
    for (number, object) in first.iter().chain(objects).enumerate() {
        places.push(out.len());
        out.extend([format!("{} 0 obj\n", number + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    let table = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    places.iter().for_each(|place| out.extend(format!("{place:010} 00000 n \n").bytes()));
    out.extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF", places.len() + 1).bytes());
    out
}
