//! Words as people type them who leave the accents out.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// A lower-case word without the marks on its letters, but for those in `own`, which are letters of their own.
///
/// Only marks that typing leaves out are taken: accents of Latin and Greek, stress and `ё` of Cyrillic, points of Arabic and Hebrew.
/// Vowel signs of Indian scripts and the voicing of kana are spelling and stay.
pub(crate) fn fold(word: &str, own: &str) -> String {
    if word.is_ascii() {
        return word.to_owned();
    }
    let mut folded = String::with_capacity(word.len());
    for c in word.nfc() {
        if c.is_ascii() || own.contains(c) {
            folded.push(c);
            continue;
        }
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'đ' => folded.push('d'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            'ё' => folded.push('е'),
            // Forms of alef, and the stretching of lines.
            'أ' | 'إ' | 'آ' | 'ٱ' => folded.push('ا'),
            '\u{0640}' => {}
            'ς' => folded.push('σ'),
            c if is_left_out(c) => {}
            c if is_latin_or_greek(c) => decompose_canonical(c, |part| {
                if !is_combining_mark(part) {
                    folded.push(part);
                }
            }),
            c => folded.push(c),
        }
    }
    folded
}

/// Marks that stand alone after composing, and that typing leaves out.
fn is_left_out(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036f}' | '\u{0591}'..='\u{05c7}' | '\u{064b}'..='\u{065f}' | '\u{0670}')
}

fn is_latin_or_greek(c: char) -> bool {
    matches!(c, '\u{00c0}'..='\u{024f}' | '\u{0370}'..='\u{03ff}' | '\u{1e00}'..='\u{1fff}')
}
