//! Text that was UTF-8 once, was read in another encoding, and was saved like that: `√©` or `Ã©` for `é`.
//!
//! A sequence counts as damage where its characters, written back in the wrong encoding, are one valid UTF-8 character.
//! Such sequences also occur in text that is right, so the whole text has to speak for damage: nearly all its characters
//! beyond ASCII must be part of such sequences.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1251, WINDOWS_1252};

/// Text that was read wrongly more often than this stays as it is.
const ROUNDS: usize = 3;

/// A text with so many characters against damage, and more than for it, need not be read to its end.
const ENOUGH: usize = 1000;

/// An encoding as a map from characters to bytes beyond ASCII.
type Bytes = HashMap<char, u8>;

/// The encodings that UTF-8 is most often mistaken for.
static ENCODINGS: LazyLock<[Bytes; 3]> = LazyLock::new(|| {
    let table = |encoding: &'static Encoding| -> Bytes {
        (0x80..=0xFFu8)
            .filter_map(|byte| {
                let text = encoding.decode_without_bom_handling(&[byte]).0.into_owned();
                text.chars().next().filter(|&c| c != '\u{FFFD}').map(|c| (c, byte))
            })
            .collect()
    };
    // Latin-1 and Windows-1252 differ in 32 places that cannot be confused: one table reads both.
    let latin = (0x80..=0x9Fu8).map(|byte| (char::from(byte), byte)).chain(table(WINDOWS_1252)).collect();
    [table(MACINTOSH), latin, table(WINDOWS_1251)]
});

/// What happened to a text: the encodings that it was wrongly read in, the last one first.
pub(crate) struct Damage(Vec<&'static Bytes>);

impl Damage {
    /// What happened to `text`; nothing where it is right.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut encodings = Vec::new();
        let mut text = Cow::Borrowed(text);
        while encodings.len() < ROUNDS && !text.is_ascii() {
            let Some(encoding) = ENCODINGS.iter().find(|encoding| is_damaged(&text, encoding)) else { break };
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
}

fn is_damaged(text: &str, encoding: &Bytes) -> bool {
    let evidence = weigh(text, encoding);
    // Windows-1251 has letters on both sides ("Её" would be one), so that a single word says nothing.
    let enough = if encoding.contains_key(&'Ж') { 3 } else { 1 };
    evidence.telling >= enough && evidence.others * 20 <= evidence.sequences
}

fn weigh(text: &str, encoding: &Bytes) -> Evidence {
    let mut evidence = Evidence::default();
    let (mut rest, mut before) = (text, ' ');
    while let Some(c) = rest.chars().next() {
        if let Some((meant, length)) = sequence(rest, encoding) {
            let mut wrong = rest[..length].chars();
            let after = rest[length..].chars().next().unwrap_or(' ');
            let in_word = meant.is_alphabetic() && (before.is_alphabetic() || after.is_alphabetic());
            // Formulas have these after a root.
            let formula = wrong.nth(1).is_some_and(|c| matches!(c, 'π' | '∑' | '∏' | '∂' | '∫' | '∞'));
            evidence.sequences += 1;
            evidence.telling += usize::from(wrong.next().is_some() || (in_word && !formula));
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

fn restored(text: &str, encoding: &Bytes) -> String {
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
fn sequence(text: &str, encoding: &Bytes) -> Option<(char, usize)> {
    let mut characters = text.chars();
    let first = characters.next().filter(|c| !c.is_ascii())?;
    let lead = *encoding.get(&first)?;
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
        *byte = *encoding.get(&c).filter(|byte| (0x80..=0xBF).contains(*byte))?;
        length += c.len_utf8();
    }
    let meant = std::str::from_utf8(&bytes[..count]).ok()?.chars().next()?;
    // C1 control characters are nobody's text.
    (!meant.is_control()).then_some((meant, length))
}

#[cfg(test)]
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
}
