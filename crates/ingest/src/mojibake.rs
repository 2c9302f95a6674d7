//! Text that was UTF-8 once, was read in another encoding, and was saved like that: `√©` or `Ã©` for `é`.
//!
//! A sequence counts as damage where its characters, written back in the wrong encoding, are one valid UTF-8 character.
//! Such sequences also occur in text that is right, so the whole text has to speak for damage: nearly all its characters
//! beyond ASCII must be part of such sequences.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use encoding_rs::{Encoding, ISO_8859_2, MACINTOSH, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257};

/// Text that was read wrongly more often than this stays as it is.
const ROUNDS: usize = 3;

/// A text with so many characters against damage, and more than for it, need not be read to its end.
const ENOUGH: usize = 1000;

/// An encoding that UTF-8 is mistaken for.
struct Wrong {
    /// Its bytes beyond ASCII, by their characters.
    bytes: HashMap<char, u8>,
    /// So many telling sequences make damage: where letters stand on both sides ("Её" would be one in Windows-1251), a
    /// single word says nothing.
    enough: usize,
}

impl Wrong {
    fn of(encoding: &'static Encoding, enough: usize) -> Self {
        let character = |byte: u8| encoding.decode_without_bom_handling(&[byte]).0.chars().next().filter(|&c| c != '\u{FFFD}');
        let late = (0x80..=0xFFu8).filter_map(|byte| character(byte).map(|c| (c, byte)));
        // Where an encoding has no character, readers give the control character of that number. So do those of Latin-1
        // for all of the first 32, which Windows-1252 has characters for: no confusion is possible.
        let controls = (0x80..=0x9Fu8).map(|byte| (char::from(byte), byte));
        Self { bytes: controls.chain(late).collect(), enough }
    }

    fn of_dos(characters: &str) -> Self {
        Self { bytes: characters.chars().zip(0x80..=0xFFu8).collect(), enough: 2 }
    }
}

/// DOS in the West, in America first.
const CP437: &str =
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}";
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}";

/// The encodings that UTF-8 is mistaken for, the most frequent first.
static ENCODINGS: LazyLock<[Wrong; 10]> = LazyLock::new(|| {
    [
        Wrong::of(MACINTOSH, 1),
        Wrong::of(WINDOWS_1252, 1),
        Wrong::of(WINDOWS_1251, 3),
        Wrong::of(WINDOWS_1250, 2),
        Wrong::of_dos(CP437),
        Wrong::of(WINDOWS_1254, 1),
        Wrong::of(WINDOWS_1253, 3),
        Wrong::of_dos(CP850),
        Wrong::of(WINDOWS_1257, 2),
        Wrong::of(ISO_8859_2, 2),
    ]
});

/// What happened to a text: the encodings that it was wrongly read in, the last one first.
pub(crate) struct Damage(Vec<&'static Wrong>);

impl Damage {
    /// What happened to `text`; nothing where it is right.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut encodings = Vec::new();
        let mut text = Cow::Borrowed(text);
        while encodings.len() < ROUNDS && !text.is_ascii() {
            // The one that leaves least strange; the first of equals.
            let possible = ENCODINGS.iter().filter_map(|encoding| Some((strange(&text, encoding)?, encoding)));
            let Some((_, encoding)) = possible.min_by_key(|(strange, _)| *strange) else { break };
            text = Cow::Owned(restored(&text, encoding));
            encodings.push(encoding);
        }
        (!encodings.is_empty()).then_some(Self(encodings))
    }

    /// A part of the text as it was meant.
    pub(crate) fn repair(&self, part: &str) -> String {
        self.0.iter().fold(part.to_owned(), |part, encoding| restored(&part, encoding))
    }
}

/// What speaks for and against damage, in characters.
#[derive(Default)]
struct Evidence {
    /// Sequences that are one UTF-8 character.
    sequences: usize,
    /// Those of them that text that is right hardly has: three and more characters, or two that mean a letter of a word.
    telling: usize,
    /// Characters beyond ASCII that belong to no sequence.
    others: usize,
    /// Capitals in the middle of words, which a wrong guess makes of small letters.
    capitals: usize,
}

/// How much of the text this damage would leave strange; nothing where it is none of that kind.
fn strange(text: &str, encoding: &Wrong) -> Option<usize> {
    let evidence = weigh(text, encoding);
    (evidence.telling >= encoding.enough && evidence.others * 20 <= evidence.sequences).then_some(evidence.others + evidence.capitals)
}

fn weigh(text: &str, encoding: &Wrong) -> Evidence {
    let mut evidence = Evidence::default();
    let (mut rest, mut before) = (text, ' ');
    while let Some(c) = rest.chars().next() {
        if let Some((meant, length)) = sequence(rest, encoding) {
            let mut wrong = rest[..length].chars();
            let after = rest[length..].chars().next().unwrap_or(' ');
            let in_word = meant.is_alphabetic() && (before.is_alphabetic() || after.is_alphabetic());
            // Formulas have these after a root.
            let formula = wrong.nth(1).is_some_and(|c| matches!(c, 'π' | '∑' | '∏' | '∂' | '∫' | '∞'));
            // Two capitals of a word in capitals ("LÔŽKA") say nothing where letters are rare in what damage looks like.
            let letters = encoding.enough < 3 && rest[..length].chars().all(|c| c.is_alphabetic() && c != 'ƒ');
            evidence.sequences += 1;
            evidence.telling += usize::from(wrong.next().is_some() || (in_word && !formula && !letters));
            evidence.capitals += usize::from(meant.is_uppercase() && before.is_lowercase());
            (rest, before) = (&rest[length..], meant);
        } else {
            evidence.others += usize::from(!c.is_ascii());
            if evidence.others > ENOUGH && evidence.others > evidence.sequences {
                break;
            }
            (rest, before) = (&rest[c.len_utf8()..], c);
        }
    }
    evidence
}

fn restored(text: &str, encoding: &Wrong) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (meant, length) = sequence(rest, encoding).unwrap_or((c, c.len_utf8()));
        out.push(meant);
        rest = &rest[length..];
    }
    out
}

/// The character that the beginning of `text` was meant to be, and the length of that beginning in bytes.
fn sequence(text: &str, encoding: &Wrong) -> Option<(char, usize)> {
    let mut characters = text.chars();
    let first = characters.next().filter(|c| !c.is_ascii())?;
    let lead = *encoding.bytes.get(&first)?;
    let count = match lead {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let mut bytes = [lead, 0, 0, 0];
    let mut length = first.len_utf8();
    for byte in &mut bytes[1..count] {
        let c = characters.next()?;
        *byte = *encoding.bytes.get(&c).filter(|byte| (0x80..=0xBF).contains(*byte))?;
        length += c.len_utf8();
    }
    let meant = std::str::from_utf8(&bytes[..count]).ok()?.chars().next()?;
    // C1 control characters are nobody's text, but five stand for what Windows-1252 has no character for: then the damage
    // was done twice.
    let twice = matches!(meant, '\u{81}' | '\u{8D}' | '\u{8F}' | '\u{90}' | '\u{9D}');
    (twice || !meant.is_control()).then_some((meant, length))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn repair(text: String) -> String {
        Damage::of(&text).map_or_else(|| text.clone(), |damage| damage.repair(&text))
    }

    fn damaged(text: &str, encoding: &'static Encoding) -> String {
        encoding.decode_without_bom_handling(text.as_bytes()).0.into_owned()
    }

    #[test]
    fn text_that_was_read_wrongly_is_restored() {
        let texts = [
            "Ce guide fournit des informations sur la façon d'interagir. L'été à Nîmes 🔗",
            "Autenticação é necessária",
            "café",
            "Größe — “schön”",
            "需要进行身份认证",
            "이 가이드는 API 엔드포인트",
            "Съешь же ещё этих мягких булок",
        ];
        for text in texts {
            for encoding in [MACINTOSH, WINDOWS_1252] {
                let wrong = damaged(text, encoding);
                assert_ne!(wrong, text);
                assert_eq!(repair(wrong), text, "{}", encoding.name());
            }
        }
        assert_eq!(repair(damaged("Привет, как дела?", WINDOWS_1251)), "Привет, как дела?");
    }

    #[test]
    fn text_that_was_read_wrongly_twice_is_restored() {
        let twice = damaged(&damaged("L'été à Nîmes", WINDOWS_1252), WINDOWS_1252);
        assert_eq!(repair(twice), "L'été à Nîmes");
    }

    #[test]
    fn text_that_is_right_is_left_alone() {
        let texts = [
            "plain ASCII",
            "√2 ≈ 1.41, √(a² + b²), x = −b ± √(b² − 4ac)",
            "√",
            "√Σx and ∑√π",
            "A = 2√πr, d√∂x",
            "Её",
            "© 2024 Größe, Straße, Übermut",
            "L’été à Nîmes : « où est passé l’œuf ? » Ça coûte 5 €.",
            "NÃO, ação, coração, AÇÃO, São Paulo, Conceição",
            "¿Dónde está la niña? ¡Aquí!",
            "Příliš žluťoučký kůň úpěl ďábelské ódy",
            "Съешь же ещё этих мягких французских булок. Её звали Ёлка. РЖД, СССР",
            "Ελληνικά και μαθηματικά: ∂f/∂x = ∫ g(x) dx",
            "Tiếng Việt có dấu: Ã, Â°, Ô, Ế, ngữ pháp",
            "本指南提供了有关信息 🛡️ “引号”",
            "日本語の文章です。カタカナも。",
            "이 가이드는 설명합니다",
            "שלום עולם, مرحبا بالعالم",
            "fn f(x: &str) -> String { x.replace(\"é\", \"e\") } // → naïve",
            "20 °C, 5 µm, ½ cup, §3, £10, ±2",
            "°±² ¼½¾",
            "В Ђурђевдан: Ћирилица, Џон, Љубав",
        ];
        for text in texts {
            assert_eq!(repair(text.to_owned()), text);
        }
    }

    #[test]
    fn a_right_text_that_quotes_damage_is_left_alone() {
        let text = "Größe heißt size. Wer „Ã¼“ statt „ü“ sieht, hat UTF-8 falsch gelesen. Schöne Grüße!";
        assert_eq!(repair(text.to_owned()), text);
    }

    #[test]
    fn damage_is_repaired_as_ftfy_repairs_it_and_right_text_stays() {
        let goldens: serde_json::Value = serde_json::from_str(include_str!("../tests/goldens/mojibake.json")).unwrap();
        let (mut better, mut all) = (0, 0);
        for golden in goldens.as_array().unwrap() {
            let [text, meant, ftfy] = ["text", "meant", "ftfy"].map(|key| golden[key].as_str().unwrap());
            let ours = repair(text.to_owned());
            all += 1;
            if ftfy == meant {
                assert_eq!(ours, meant, "{}", golden["encoding"]);
            } else {
                better += usize::from(ours == meant);
                assert!(ours == meant || ours == text || ours == ftfy, "{}: {ours}", golden["encoding"]);
            }
        }
        assert!(all > 80 && better > 0);
    }
}
