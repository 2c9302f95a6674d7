//! Requests that are nearly right: every operation, with one to three things wrong.

use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::http::Request;

/// Texts that programs stumble over.
const TEXTS: [&str; 18] = [
    "",
    " ",
    "\0",
    "../../../../etc/passwd",
    "..\\..\\secret_key",
    "' OR 1=1 --",
    "{{CONTEXT}}",
    "%",
    "_",
    "\u{202e}gpj.exe",
    "\u{feff}bom",
    "e\u{301}\u{301}\u{301}",
    "👩‍👩‍👧‍👦",
    "\u{fffd}\u{10ffff}",
    "null",
    "-1",
    "1e309",
    "http://127.0.0.1:1/",
];

/// JSON that no serializer writes.
const RAW: [&str; 12] = [
    r#""\ud83d""#,
    r#""\udc00\ud800""#,
    "1e400",
    "-0",
    "99999999999999999999999999999999",
    "0.1e-99999",
    r#"{"a":1,"a":2}"#,
    "NaN",
    "01",
    "\"\u{1}\"",
    "[1,]",
    "tru",
];

const HEADERS: [(&str, &str); 16] = [
    ("content-type", "text/plain"),
    ("content-type", "application/json; charset=utf-16"),
    ("content-type", "multipart/form-data"),
    ("content-type", ""),
    ("content-encoding", "gzip"),
    ("accept", "application/xml"),
    ("accept-encoding", "br;q=1.0, *;q=0"),
    ("range", "bytes=18446744073709551615-0"),
    ("if-none-match", "*"),
    ("origin", "null"),
    ("cookie", "token=; token=x; ;;="),
    ("x-forwarded-for", "::1, 127.0.0.1"),
    ("x-request-id", "\u{e9}\u{e9}"),
    ("expect", "100-continue"),
    ("forwarded", "for=\"[::1]\";proto=https;host=evil"),
    ("x-api-key", "sk-0"),
];

/// Makes one to three things of a request wrong.
pub fn mutated(mut request: Request, chance: &mut Chance) -> Request {
    for _ in 0..=chance.below(3) {
        match chance.below(8) {
            0 => request.target = target(&request.target, chance),
            1 => {
                let (name, value) = *chance.of(&HEADERS);
                request.headers.retain(|(known, _)| known != name);
                request.headers.push((name.into(), value.into()));
            }
            2 => request.headers.push((format!("x-{}", chance.word()), vec![b'a'; chance.below(20_000)])),
            _ => request.body = request.body.map(|bytes| body(bytes, chance)),
        }
    }
    request
}

/// A path or query with another value in one place.
fn target(target: &str, chance: &mut Chance) -> String {
    let at: Vec<usize> = target.match_indices(['/', '=']).map(|(at, _)| at + 1).collect();
    let at = *chance.of(&at);
    let end = target[at..].find(['/', '&', '?']).map_or(target.len(), |end| at + end);
    let value = match chance.below(5) {
        0 => "%00".to_owned(),
        1 => "%ff%fe".to_owned(),
        2 => "9".repeat(1 + chance.below(400)),
        3 => "%2e%2e%2f".repeat(1 + chance.below(20)),
        _ => escaped(chance.of::<&str>(&TEXTS)),
    };
    format!("{}{value}{}", &target[..at], &target[end..])
}

fn escaped(text: &str) -> String {
    let one = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") };
    text.bytes().map(one).collect()
}

/// A body with something wrong in it.
fn body(bytes: Vec<u8>, chance: &mut Chance) -> Vec<u8> {
    let parsed = serde_json::from_slice::<Value>(&bytes);
    let Ok(mut value) = parsed.map(|value| if value.is_object() { value } else { json!({ "a": value }) }) else {
        return broken(bytes, chance);
    };
    match chance.below(10) {
        0 => broken(bytes, chance),
        1 => {
            // A value that can only be written by hand, in the place of one that is there.
            replace(&mut value, chance, json!("@raw@"));
            value.to_string().replace("\"@raw@\"", chance.of::<&str>(&RAW)).into_bytes()
        }
        2 => {
            let twice = value.to_string();
            [&twice.as_bytes()[..twice.len() - 1], b",", &twice.as_bytes()[1..]].concat()
        }
        3 => {
            let depth = 1 + chance.below(3_000);
            replace(&mut value, chance, json!("@raw@"));
            value.to_string().replace("\"@raw@\"", &format!("{}{}", "[".repeat(depth), "]".repeat(depth))).into_bytes()
        }
        4 => {
            if let Some(key) = a_key(&value, chance) {
                value.as_object_mut().map(|object| object.remove(&key));
            }
            value.to_string().into_bytes()
        }
        _ => {
            let other = other(chance);
            replace(&mut value, chance, other);
            value.to_string().into_bytes()
        }
    }
}

/// Bytes cut short, or with some of them changed.
fn broken(mut bytes: Vec<u8>, chance: &mut Chance) -> Vec<u8> {
    if chance.one_in(3) {
        bytes.truncate(chance.below(bytes.len()));
    }
    for _ in 0..chance.below(4) {
        let at = chance.below(bytes.len());
        if let Some(byte) = bytes.get_mut(at) {
            *byte = chance.number() as u8;
        }
    }
    bytes
}

/// A value of any kind.
fn other(chance: &mut Chance) -> Value {
    match chance.below(12) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(1.5e300),
        5 => json!([]),
        6 => json!({}),
        7 => json!(vec![*chance.of(&TEXTS); chance.below(500)]),
        8 => json!("x".repeat(chance.below(200_000))),
        9 => Value::Object((0..chance.below(2_000)).map(|number| (format!("k{number}"), json!(number))).collect::<Map<_, _>>()),
        _ => json!(*chance.of(&TEXTS)),
    }
}

fn a_key(value: &Value, chance: &mut Chance) -> Option<String> {
    let keys: Vec<&String> = value.as_object()?.keys().collect();
    if keys.is_empty() { None } else { Some((*chance.of(&keys)).clone()) }
}

/// Puts a value into the place of one inside, or adds it.
fn replace(value: &mut Value, chance: &mut Chance, new: Value) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            let at = chance.below(object.len());
            if let Some((_, inner)) = object.iter_mut().nth(at) {
                if (inner.is_object() || inner.is_array()) && !chance.one_in(3) {
                    return replace(inner, chance, new);
                }
                *inner = new;
            }
        }
        Value::Array(array) if !array.is_empty() => {
            let at = chance.below(array.len());
            if (array[at].is_object() || array[at].is_array()) && !chance.one_in(3) {
                return replace(&mut array[at], chance, new);
            }
            array[at] = new;
        }
        Value::Object(object) => drop(object.insert("a".into(), new)),
        Value::Array(array) => array.push(new),
        other => *other = new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_requests() {
        let request = Request::new("POST", "/api/v1/files/F/rename?a=1").json(&json!({"filename": "a", "list": [{"b": 1}]}));
        let all = |seed| {
            let mut chance = Chance::new(seed);
            (0..200).map(|_| mutated(request.clone(), &mut chance).bytes()).collect::<Vec<_>>()
        };
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
    }
}
