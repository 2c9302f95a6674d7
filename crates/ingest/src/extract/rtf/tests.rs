fn read(rtf: &[u8]) -> String {
    super::read(rtf).text
}

#[test]
fn text_is_read_and_what_is_not_shown_is_left_out() {
    let rtf = br"{\rtf1\ansi{\fonttbl\f0\fswiss Helvetica;}{\colortbl;\red255;}{\*\generator Writer;}{\info{\title Secret}}
\pard Caf\'e9 {\b bold} and\~more\par Two\line lines \{\}\\ {\v hidden}{\pict 0102ff}\emdash\par}";
    assert_eq!(read(rtf), "Café bold and\u{a0}more\n\nTwo\nlines {}\\ —");
}

#[test]
fn fonts_bring_their_code_pages() {
    let rtf =
        br"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset204 A;}{\f1\fcharset128 B;}{\f2 C;}}\f0 \'c4\'e0 \f1 \'93\'fa\'96\'7b\f2  \'cd}";
    assert_eq!(read(rtf), "Да 日本 Н");
}

#[test]
fn characters_given_by_their_numbers_replace_their_stand_ins() {
    let rtf = br"{\rtf1\uc1\u8364 E\u-10179?\u-8934?\uc2\u233\'c3\'a9{\uc0\u20013}{\upr{ascii}{\*\ud{\u19990}}}.}";
    assert_eq!(read(rtf), "€🔚é中ascii.");
}

#[test]
fn headings_and_tables_keep_their_structure() {
    let rtf = br"{\rtf1{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2\b Heading 2;}}
\pard\s1 One\par\pard\s2 Two\par\pard text\par{\listtext\'b7\tab}item\par
\trowd\pard\intbl City\cell Year\cell\row\trowd\pard\intbl a\par b\cell 1571\cell\row\pard end\par}";
    assert_eq!(read(rtf), "# One\n\n## Two\n\ntext\n\n- item\n\nCity | Year\na b | 1571\n\nend");
}

#[test]
fn damage_is_read_as_far_as_it_goes() {
    assert_eq!(read(b"{\\rtf1 text"), "text");
    assert_eq!(read(b"{\\rtf1 a}}}} b\\'zz\\u99999999999 \\bin99 xx"), "a b");
    assert_eq!(read(&[b"{\\rtf1 ".as_slice(), &b"{".repeat(200_000), b"deep"].concat()), "deep");
}
