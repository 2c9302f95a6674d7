//! Bytes into text, whatever the encoding.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// So many control characters are forgiven in a text that is too short for its share of them to say anything.
const MOST_STRAYS: usize = 8;

/// So much of a file decides whether it is text.
const SAMPLE: usize = 64 * 1024;

/// The text of `bytes`, with `\n` line ends and without control characters. `declared` names the encoding that the sender
/// or the document claims; it counts where it fits.
pub(crate) fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    clean(&raw(bytes, declared))
}

/// The beginning of `bytes` as text, good enough to recognise marks in it.
pub(crate) fn head(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(1024)];
    if let Some((encoding, mark)) = Encoding::for_bom(head) {
        return encoding.decode_without_bom_handling(&head[mark..]).0.into_owned();
    }
    match utf16(head) {
        Some(encoding) => encoding.decode_without_bom_handling(head).0.into_owned(),
        None => String::from_utf8_lossy(head).into_owned(),
    }
}

/// The part of `bytes` that is looked at to tell what they are.
pub(crate) fn sample(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(SAMPLE)]
}

/// Whether `bytes` are text in some encoding. A stray control character is forgiven.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    if Encoding::for_bom(bytes).is_some() || utf32(bytes).is_some() || utf16(bytes).is_some() {
        return true;
    }
    let sample = sample(bytes);
    let controls = sample.iter().filter(|&&byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x08 | 0x0C | 0x1B)).count();
    controls * 50 <= sample.len()
}

/// Whether `bytes` are UTF-8 with some control characters among them, too many for a short text to pass for one, such as a NUL at its end.
pub(crate) fn is_text_with_strays(bytes: &[u8]) -> bool {
    let sample = sample(bytes);
    let valid = std::str::from_utf8(sample).map_or_else(|error| error.error_len().is_none(), |_| true);
    let strays = sample.iter().filter(|&&byte| byte < 0x20 && !byte.is_ascii_whitespace()).count();
    valid && strays <= MOST_STRAYS && strays * 4 <= sample.len()
}

fn raw(bytes: &[u8], declared: Option<&str>) -> String {
    // UTF-32 first: its little-endian mark begins with UTF-16's.
    if let Some(text) = utf32(bytes) {
        return text;
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned();
    }
    if let Some(encoding) = utf16(bytes) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    if is_iso_2022_jp(bytes)
        && let Some(text) = strictly(ISO_2022_JP, bytes)
    {
        return text;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => damaged_utf8(bytes).unwrap_or_else(|| legacy(bytes, declared)),
    }
}

fn legacy(bytes: &[u8], declared: Option<&str>) -> String {
    let declared = declared.and_then(|label| Encoding::for_label(label.as_bytes())).filter(|encoding| *encoding != UTF_8);
    if let Some(text) = declared.and_then(|encoding| strictly(encoding, bytes)) {
        return text;
    }
    let lines = telling_lines(bytes);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&lines, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    match strictly(guess, bytes) {
        Some(text) if guess.is_single_byte() || is_east_asian(&guess.decode_without_bom_handling(&lines).0) => text,
        _ => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// The first lines that are not all ASCII: a name in a long log may be all that tells its encoding.
fn telling_lines(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    for line in bytes.split_inclusive(|&byte| byte == b'\n').filter(|line| !line.is_ascii()) {
        lines.extend_from_slice(line);
        if lines.len() > SAMPLE {
            break;
        }
    }
    lines
}

fn strictly(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

/// A few East Asian characters among many Latin ones are a wrong guess, not a text.
fn is_east_asian(text: &str) -> bool {
    let (mut all, mut asian) = (0usize, 0usize);
    for c in text.chars() {
        all += 1;
        asian += usize::from(matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3040}'..='\u{30FF}' | '\u{3130}'..='\u{318F}'
            | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}'));
    }
    asian * 20 >= all
}

/// UTF-8 with a few broken bytes, such as a log that was cut: the broken ones are replaced, the rest is kept.
fn damaged_utf8(bytes: &[u8]) -> Option<String> {
    let (mut good, mut broken) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    (good >= 20 * broken).then(|| String::from_utf8_lossy(bytes).into_owned())
}

fn is_iso_2022_jp(bytes: &[u8]) -> bool {
    sample(bytes).windows(3).any(|window| matches!(window, b"\x1b$B" | b"\x1b$@"))
}

/// UTF-16 without a mark: its NULs all stand on one side, and what comes out are characters.
fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = sample(bytes);
    let sample = &sample[..sample.len() & !1];
    let nuls = |from: usize| sample.iter().skip(from).step_by(2).filter(|&&byte| byte == 0).count();
    let (high, low) = (nuls(0), nuls(1));
    let encoding = match (high, low) {
        (0, 1..) => UTF_16LE,
        (1.., 0) => UTF_16BE,
        _ => return None,
    };
    // A stray NUL does not make UTF-16 of a text of single bytes, whose bytes are mostly ASCII.
    let ascii = sample.iter().filter(|&&byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')).count();
    let nuls = high + low;
    if nuls * 5 < sample.len() * 2 && (ascii * 5 > sample.len() * 4 || ascii + nuls == sample.len()) {
        return None;
    }
    // The sample may end between two surrogates.
    let end = if bytes.len() > SAMPLE { sample.len() - 4 } else { sample.len() };
    let text = encoding.decode_without_bom_handling_and_without_replacement(&sample[..end])?;
    let odd = text.chars().filter(|&c| c.is_control() && !c.is_whitespace() || ('\u{E000}'..='\u{F8FF}').contains(&c)).count();
    (odd == 0).then_some(encoding)
}

/// UTF-32 with or without a mark.
fn utf32(bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() || !bytes.len().is_multiple_of(4) {
        return None;
    }
    let read = |number: fn([u8; 4]) -> u32| -> Option<String> {
        let characters = bytes.as_chunks::<4>().0.iter().map(|&four| match number(four) {
            0 => None,
            number => char::from_u32(number),
        });
        let text: String = characters.collect::<Option<_>>()?;
        Some(text.strip_prefix('\u{FEFF}').map_or_else(|| text.clone(), str::to_owned))
    };
    match bytes {
        [_, _, 0..=0x10, 0, ..] => read(u32::from_le_bytes),
        [0, 0..=0x10, ..] => read(u32::from_be_bytes),
        _ => None,
    }
}

/// Takes out the control characters that [`clean`] leaves: those beyond ASCII, which damaged text is made of.
pub(crate) fn without_controls(text: &str) -> String {
    text.chars().filter(|&c| !is_late_control(c)).map(|c| if c == '\u{85}' { '\n' } else { c }).collect()
}

/// Whether there is anything to take out.
pub(crate) fn has_controls(text: &str) -> bool {
    text.chars().any(|c| is_late_control(c) || c == '\u{85}')
}

fn is_late_control(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9F}') && c != '\u{85}'
}

/// `\n` line ends; no control characters of ASCII, terminal colours or byte order marks.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' => {
                characters.next_if_eq(&'\n');
                out.push('\n');
            }
            '\u{0B}' | '\u{0C}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\u{1B}' if characters.next_if_eq(&'[').is_some() => {
                // A terminal's control sequence ends with the first letter or sign after its numbers.
                while characters.next_if(|c| matches!(c, '0'..='9' | ';' | ':' | '?' | ' ')).is_some() {}
                characters.next_if(|c| matches!(c, '@'..='~'));
            }
            '\n' | '\t' => out.push(c),
            '\u{FEFF}' | '\u{FFFE}' => {}
            c if c.is_ascii_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{
        BIG5, EUC_JP, EUC_KR, GBK, IBM866, ISO_8859_2, ISO_8859_5, KOI8_U, SHIFT_JIS, WINDOWS_874, WINDOWS_1250, WINDOWS_1251,
        WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256,
    };

    fn encoded(encoding: &'static Encoding, text: &str) -> Vec<u8> {
        let (bytes, _, lossy) = encoding.encode(text);
        assert!(!lossy, "{text} cannot be written in {}", encoding.name());
        bytes.into_owned()
    }

    fn utf16_bytes(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn utf_8_is_read_with_and_without_a_mark() {
        assert_eq!(decode("héllo 世界 🔗".as_bytes(), None), "héllo 世界 🔗");
        assert_eq!(decode("\u{FEFF}héllo".as_bytes(), None), "héllo");
    }

    #[test]
    fn utf_16_and_utf_32_are_read_with_and_without_a_mark() {
        for text in ["héllo wörld\n", "Привет, мир! 123\n", "你好，世界。API 端点\n", "emoji 🔗 ok"] {
            for marked in [format!("\u{FEFF}{text}"), text.to_owned()] {
                assert_eq!(decode(&utf16_bytes(&marked, u16::to_le_bytes), None), text, "UTF-16LE");
                assert_eq!(decode(&utf16_bytes(&marked, u16::to_be_bytes), None), text, "UTF-16BE");
                let utf32 = |number: fn(u32) -> [u8; 4]| marked.chars().flat_map(|c| number(u32::from(c))).collect::<Vec<u8>>();
                assert_eq!(decode(&utf32(u32::to_le_bytes), None), text, "UTF-32LE");
                assert_eq!(decode(&utf32(u32::to_be_bytes), None), text, "UTF-32BE");
            }
        }
    }

    #[test]
    fn old_encodings_are_recognised() {
        let texts: [(&'static Encoding, &str); 11] = [
            (WINDOWS_1252, "café"),
            (WINDOWS_1252, "Die Größe der Straße — schön, nicht wahr? “Ja”"),
            (WINDOWS_1250, "Příliš žluťoučký kůň úpěl ďábelské ódy, a pak šel domů."),
            (WINDOWS_1251, "Съешь же ещё этих мягких французских булок, да выпей чаю."),
            (KOI8_U, "Съешь же ещё этих мягких французских булок, да выпей чаю."),
            (SHIFT_JIS, "いろはにほへと ちりぬるを。日本語の文章です。カタカナも。"),
            (EUC_JP, "いろはにほへと ちりぬるを。日本語の文章です。カタカナも。"),
            (ISO_2022_JP, "いろはにほへと 日本語の文章です。"),
            (GBK, "本指南提供了有关如何有效地与端点交互的基本信息。"),
            (BIG5, "這是一篇用繁體中文寫成的文章，說明如何使用這個程式。"),
            (EUC_KR, "이 가이드는 효과적으로 상호작용하는 방법을 설명합니다."),
        ];
        for (encoding, text) in texts {
            assert_eq!(decode(&encoded(encoding, text), None), text, "{}", encoding.name());
        }
    }

    #[test]
    fn old_encodings_of_smaller_scripts_are_recognised() {
        let texts: [(&'static Encoding, &str); 8] = [
            (IBM866, "Съешь же ещё этих мягких французских булок, да выпей чаю."),
            (ISO_8859_5, "Съешь же ещё этих мягких французских булок, да выпей чаю."),
            (WINDOWS_1253, "Η θάλασσα είναι ήρεμη σήμερα και το λιμάνι είναι ανοιχτό όλο τον χρόνο."),
            (WINDOWS_1254, "Fırtınalı günlerde ağır gemiler limana giremez; şimdilik güneş var ve hava açık."),
            (WINDOWS_1255, "הנמל פתוח כל השנה, ובית הקפה שעל הרציף נפתח בשעה שבע."),
            (WINDOWS_1256, "الميناء مفتوح طوال العام، والمقهى على الرصيف يفتح في الساعة السابعة."),
            (WINDOWS_874, "ท่าเรือเปิดตลอดทั้งปี และร้านกาแฟที่ท่าเรือเปิดเวลาเจ็ดโมง"),
            (ISO_8859_2, "Zażółć gęślą jaźń; dziś świeci słońce, a żółw śpi pod łóżkiem."),
        ];
        for (encoding, text) in texts {
            assert_eq!(decode(&encoded(encoding, text), None), text, "{}", encoding.name());
        }
    }

    #[test]
    fn chinese_in_gb18030_is_read_with_its_characters_of_four_bytes() {
        let (text, mut bytes) = ("海港全年开放，欢迎光临。𠀀", encoded(GBK, "海港全年开放，欢迎光临。"));
        bytes.extend(b"\x95\x32\x82\x36");
        assert_eq!(decode(&bytes, None), text);
    }

    #[test]
    fn an_old_encoding_within_a_long_ascii_text_is_recognised() {
        let head = "A log line in English.\n".repeat(10_000);
        for (encoding, text) in [(SHIFT_JIS, "港は一年中開いています。"), (WINDOWS_1251, "Гавань открыта весь год.")]
        {
            let bytes = [head.as_bytes(), &encoded(encoding, text)].concat();
            assert!(decode(&bytes, None).ends_with(text), "{}", encoding.name());
        }
    }

    #[test]
    fn what_the_sender_declares_counts_where_it_fits() {
        let bytes = encoded(WINDOWS_1251, "Да");
        assert_eq!(decode(&bytes, Some("windows-1251")), "Да");
        assert_eq!(decode("Größe".as_bytes(), Some("windows-1251")), "Größe", "UTF-8 that is valid is UTF-8");
    }

    #[test]
    fn a_broken_byte_does_not_spoil_the_rest_of_a_utf_8_text() {
        let mut bytes = "Съешь же ещё этих мягких французских булок. ".repeat(3).into_bytes();
        bytes.truncate(bytes.len() - 3);
        assert!(decode(&bytes, None).starts_with("Съешь же ещё"));
    }

    #[test]
    fn line_ends_and_control_characters_are_cleaned() {
        assert_eq!(decode(b"a\r\nb\rc\nd\0e\x07", None), "a\nb\nc\nde");
        assert_eq!(decode(b"\x1b[31mred\x1b[0m \x1b[1;32mgreen\x1b[m", None), "red green");
        assert_eq!(decode(b"tab\tstays", None), "tab\tstays");
    }

    #[test]
    fn binary_data_is_not_text() {
        assert!(!is_text(b"\x00\x01\x02"));
        assert!(!is_text(&(0..=255u8).cycle().take(4096).collect::<Vec<_>>()));
        assert!(is_text("text 文字 ок".as_bytes()) && is_text(b"caf\xe9") && is_text(b""));
        let mut stray = b"a long line of text with one stray NUL in it, which is forgiven ".to_vec();
        stray.push(0);
        assert!(is_text(&stray));
        assert!(is_text_with_strays(b"one\0") && !is_text_with_strays(b"\0\0\0\0") && !is_text_with_strays(b"\xffone\0"));
        assert_eq!(decode(b"one\0", None), "one");
    }
}
