//! JSON as it comes from outside: with a byte order mark in front, or with half of a surrogate pair in a string.
//!
//! JavaScript cuts strings between the two halves of an emoji, and Windows tools put a byte order mark in front. Both are mended
//! here, before a parser sees the text: the mark is skipped, and a lone half becomes U+FFFD, as in any text decoder.

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use memchr::memchr;
use memchr::memmem::Finder;
use serde::de::DeserializeOwned;

/// UTF-8's byte order mark.
pub const BOM: &[u8] = b"\xef\xbb\xbf";

/// Bytes of an escaped UTF-16 unit, such as `\ud83d`.
const ESCAPE: usize = 6;

/// Texts from this size on are read on a thread that may block, see [`off_thread`].
const LARGE: usize = 1 << 20;

/// Reads a value. Text that is valid is parsed once; mending it costs nothing unless the parser refuses it.
pub fn read<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(json).or_else(|error| {
        let mended = mended(json);
        if mended.len() == json.len() && matches!(mended, Cow::Borrowed(_)) {
            return Err(error);
        }
        serde_json::from_slice(&mended)
    })
}

/// The text without a byte order mark and with U+FFFD for each lone surrogate. Nothing is copied unless there is one.
pub fn mended(json: &[u8]) -> Cow<'_, [u8]> {
    let json = json.strip_prefix(BOM).unwrap_or(json);
    let lone = lone_surrogates(json);
    if lone.is_empty() {
        return Cow::Borrowed(json);
    }
    let mut text = json.to_vec();
    replace(&mut text, &lone);
    Cow::Owned(text)
}

/// The same for shared bytes.
pub fn mend(mut json: Bytes) -> Bytes {
    if json.starts_with(BOM) {
        json = json.slice(BOM.len()..);
    }
    let lone = lone_surrogates(&json);
    if lone.is_empty() {
        return json;
    }
    let mut text = BytesMut::from(json);
    replace(&mut text, &lone);
    text.freeze()
}

/// Whether reading a text of this many bytes would hold a thread for too long.
pub(crate) fn is_large(bytes: usize) -> bool {
    bytes >= LARGE
}

/// Does work on a text of `bytes` bytes: here where it is short, on a thread that may block where it is not. A thread that answers
/// requests is thus never held for longer than a short text takes.
pub async fn off_thread<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if !is_large(bytes) {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, and this future with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Whether arrays and objects stand deeper inside one another than `deepest`.
pub fn is_deeper_than(json: &[u8], deepest: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > deepest {
                    return true;
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn replace(json: &mut [u8], lone: &[usize]) {
    for at in lone {
        json[*at..at + ESCAPE].copy_from_slice(b"\\ufffd");
    }
}

/// Where the escapes of surrogates begin that are not half of a pair.
fn lone_surrogates(json: &[u8]) -> Vec<usize> {
    // Escapes of surrogates are rare: in nearly every text, two fast searches are all that is done.
    static LOWER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br"\ud"));
    static UPPER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br"\uD"));
    if LOWER.find(json).is_none() && UPPER.find(json).is_none() {
        return Vec::new();
    }
    let mut lone = Vec::new();
    let mut at = 0;
    // In JSON, backslashes stand in strings alone, so the strings themselves need not be found.
    while let Some(found) = json.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        at += found;
        match unit(json, at) {
            Some(0xD800..=0xDBFF) if matches!(unit(json, at + ESCAPE), Some(0xDC00..=0xDFFF)) => at += 2 * ESCAPE,
            Some(0xD800..=0xDFFF) => {
                lone.push(at);
                at += ESCAPE;
            }
            Some(_) => at += ESCAPE,
            None => at += 2,
        }
    }
    lone
}

/// The UTF-16 unit of an escape that begins here; `None` for any other escape.
fn unit(json: &[u8], at: usize) -> Option<u32> {
    let digits = json.get(at..at + ESCAPE)?.strip_prefix(br"\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn half_of_a_surrogate_pair_becomes_the_replacement_character() {
        for (text, value) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\uDE00 end""#, "\u{fffd} end"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\ud83d\ud83d\ude00\ude00""#, "\u{fffd}😀\u{fffd}"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\\ud83d""#, r"\ud83d"),
            (r#""\\\ud83d""#, "\\\u{fffd}"),
        ] {
            assert_eq!(read::<Value>(text.as_bytes()).expect(text), value, "{text}");
            assert_eq!(serde_json::from_slice::<Value>(&mend(Bytes::copy_from_slice(text.as_bytes()))).expect(text), value, "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(read::<Value>(b"\xef\xbb\xbf{\"a\":1}").expect("JSON"), json!({"a": 1}));
        assert_eq!(mend(Bytes::from_static(b"\xef\xbb\xbf{}")), "{}");
    }

    #[test]
    fn a_text_that_needs_no_mending_is_not_copied() {
        let text = Bytes::from_static(br#"{"a":"\ud83d\ude00 \\ud83d \u00fc"}"#);
        assert_eq!(mend(text.clone()).as_ptr(), text.as_ptr());
        assert!(matches!(mended(&text), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_broken_stays_broken() {
        for text in [r#""\ud8"#, r#""\ud83"#, "\"\\", r#"{"a":}"#, ""] {
            assert!(read::<Value>(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        assert!(is_deeper_than(b"[[[]]]", 2) && !is_deeper_than(b"[[[]]]", 3));
        assert!(!is_deeper_than(br#"["[[[[", "\"[[["]"#, 1));
        assert!(!is_deeper_than(b"[[],[],[]]", 2));
    }
}
