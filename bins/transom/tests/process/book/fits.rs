//! Whether an answer is as it is shown.

use serde_json::Value;

/// Stands for what is left out.
const LEFT_OUT: &str = "…";

/// What does not fit of an answer in JSON, or nothing. Both may be several values, one after the other.
pub fn json(shown: &str, answer: &str) -> Result<(), String> {
    let (shown, answer) = (values(shown).map_err(|error| format!("what is shown is no JSON: {error}"))?, values(answer));
    let answer = answer.map_err(|error| format!("the answer is no JSON: {error}"))?;
    same("the answer", &Value::Array(shown), &Value::Array(answer))
}

fn values(text: &str) -> serde_json::Result<Vec<Value>> {
    serde_json::Deserializer::from_str(text).into_iter().collect()
}

/// Objects have the same members, arrays the same elements, unless a `…` says that there are more; texts are the same but for
/// what a `…` in them stands for; numbers are numbers.
fn same(place: &str, shown: &Value, answer: &Value) -> Result<(), String> {
    match (shown, answer) {
        (Value::String(shown), _) if shown == LEFT_OUT => Ok(()),
        (Value::String(shown), Value::String(answer)) => text(shown, answer).map_err(|()| differs(place, shown, answer)),
        (Value::Number(_), Value::Number(_)) => Ok(()),
        (Value::Array(shown), Value::Array(answer)) => {
            let (listed, more) = match shown.split_last() {
                Some((Value::String(last), first)) if last == LEFT_OUT => (first, true),
                _ => (shown.as_slice(), false),
            };
            if listed.len() > answer.len() || (!more && listed.len() < answer.len()) {
                return Err(format!("{place} has {} elements, where {} are shown", answer.len(), listed.len()));
            }
            listed.iter().zip(answer).enumerate().try_for_each(|(index, (shown, answer))| same(&format!("{place}[{index}]"), shown, answer))
        }
        (Value::Object(shown), Value::Object(answer)) => {
            for (name, value) in shown.iter().filter(|(name, _)| *name != LEFT_OUT) {
                let Some(given) = answer.get(name) else { return Err(format!("{place} has no {name}")) };
                same(&format!("{place}.{name}"), value, given)?;
            }
            let unseen = answer.keys().find(|name| !shown.contains_key(*name) && !shown.contains_key(LEFT_OUT));
            unseen.map_or(Ok(()), |name| Err(format!("{place} also has {name}, which is not shown")))
        }
        _ if shown == answer => Ok(()),
        _ => Err(differs(place, shown, answer)),
    }
}

fn differs(place: &str, shown: impl std::fmt::Display, answer: impl std::fmt::Display) -> String {
    format!("{place} is {answer}, where {shown} is shown")
}

/// Whether a text is as it is shown. Empty lines do not count.
pub fn text(shown: &str, answer: &str) -> Result<(), ()> {
    let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n");
    let (shown, answer) = (lines(shown), lines(answer));
    let Some((first, more)) = shown.split_once(LEFT_OUT) else {
        return if shown == answer { Ok(()) } else { Err(()) };
    };
    let (between, last) = more.rsplit_once(LEFT_OUT).map_or((None, more), |(between, last)| (Some(between), last));
    let mut rest = answer.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)).ok_or(())?;
    for part in between.into_iter().flat_map(|between| between.split(LEFT_OUT)) {
        rest = &rest[rest.find(part).ok_or(())? + part.len()..];
    }
    Ok(())
}

#[test]
fn what_is_left_out_may_be_anything_and_the_rest_is_as_shown() {
    for (shown, answer) in [
        (
            r#"{"id": "…", "n": 1, "a": ["x", "…"], "t": "so … on", "…": "…"}"#,
            r#"{"id": "7", "n": 2.5, "a": ["x", "y"], "t": "so it goes on", "z": 1}"#,
        ),
        ("[]", "[]"),
        ("{\"a\": null}\n{\"b\": true}", "{\"a\": null} {\"b\": true}"),
        (r#"{"a": "…"}"#, r#"{"a": {"b": 1}}"#),
    ] {
        assert_eq!(json(shown, answer), Ok(()), "{shown} {answer}");
    }
    for (shown, answer) in [
        (r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#),
        (r#"{"a": 1, "b": 1}"#, r#"{"a": 1}"#),
        (r#"{"a": 1}"#, r#"{"a": "1"}"#),
        (r#"{"a": true}"#, r#"{"a": false}"#),
        (r#"{"a": null}"#, r#"{"a": 1}"#),
        (r#"["x"]"#, r#"["x", "y"]"#),
        (r#"{"t": "so … on"}"#, r#"{"t": "so it goes off"}"#),
        ("{}", "no JSON"),
        ("{}", ""),
    ] {
        assert!(json(shown, answer).is_err(), "{shown} {answer}");
    }
    assert!(text("a … b … c\n", "a 1 b 2 c").is_ok() && text("a", "a b").is_err() && text("a …", "b").is_err());
}
