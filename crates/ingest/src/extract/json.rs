//! JSON as people can read and search it: characters instead of their codes, lines instead of one endless line.

use transom_domain::Text;

use super::{ExtractError, Extractor, Input, unpaged};
use crate::decode;
use crate::media::MediaType;

/// JSON, one value or one a line.
pub(super) struct Json;

impl Extractor for Json {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Json
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        Ok(unpaged(readable(&decode::decode(input.bytes, input.charset()))))
    }
}

/// A line longer than this is broken at its commas and brackets.
const LONG: usize = 1000;

/// Values are indented so far at most: text that nests without end must not grow without end.
const INDENT: usize = 20;

/// Changes nothing but `\u` codes and `\/` in strings, and white space in lines that are too long. Text that is no JSON
/// comes to no harm.
fn readable(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for (index, line) in source.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if line.len() > LONG {
            broken(line, &mut out);
        } else {
            out.push_str(&unescaped(line));
        }
    }
    out
}

/// Writes `line` as several, a value in each.
fn broken(line: &str, out: &mut String) {
    let mut depth = 0usize;
    let mut rest = line;
    let break_line = |out: &mut String, depth: usize| {
        out.push('\n');
        (0..depth.min(INDENT)).for_each(|_| out.push_str("  "));
    };
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '"' => {
                length = string_length(rest);
                out.push_str(&unescaped(&rest[..length]));
            }
            '{' | '[' => {
                out.push(c);
                let next = rest[1..].trim_start().chars().next();
                depth += 1;
                if !matches!(next, Some('}' | ']')) {
                    break_line(out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    break_line(out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                break_line(out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
        rest = &rest[length..];
    }
}

/// How many bytes the string at the beginning of `text` has, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// `text` with the characters that `\u` codes stand for. Controls, quotes and backslashes keep their codes.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes().get(1) {
            Some(b'u') => match character(rest) {
                Some((c, length)) => {
                    out.push(c);
                    rest = &rest[length..];
                    continue;
                }
                None => 2,
            },
            Some(b'/') => {
                out.push('/');
                rest = &rest[2..];
                continue;
            }
            // The character after a backslash may be one of several bytes.
            Some(_) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            None => 1,
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// The character whose code `text` begins with, and the length of that code.
fn character(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u16> {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
    };
    let first = unit(0)?;
    let (units, length) = match first {
        0xD800..=0xDBFF => (vec![first, unit(6)?], 12),
        _ => (vec![first], 6),
    };
    let c = char::decode_utf16(units).next()?.ok()?;
    (!c.is_control() && !matches!(c, '"' | '\\')).then_some((c, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_characters_and_the_rest_stays() {
        assert_eq!(readable(r#"{"name": "caf\u00e9 \ud83d\udd17 \u4e16", "url": "a\/b"}"#), r#"{"name": "café 🔗 世", "url": "a/b"}"#);
        let kept = r#"{"a": "\u0022 \\u00e9 \n \ud83d \u00zz \u0007 \"", "n": 1.10}"#;
        assert_eq!(readable(kept), kept);
        assert_eq!(readable("not json \\"), "not json \\");
    }

    #[test]
    fn an_endless_line_is_broken_where_values_end() {
        let records: Vec<String> = (0..100).map(|n| format!(r#"{{"n":{n},"text":"a, b: [c]","none":[]}}"#)).collect();
        let text = readable(&format!("[{}]", records.join(",")));
        assert!(text.starts_with("[\n  {\n    \"n\": 0,\n    \"text\": \"a, b: [c]\",\n    \"none\": []\n  },\n  {"));
        let lines = records[..20].join("\n");
        assert_eq!(readable(&lines), lines, "a record a line stays so");
        assert!(readable(&"[".repeat(100_000)).len() < 100_000 * 50);
    }
}
