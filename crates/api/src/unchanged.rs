//! Settings that clients send back with the others, and that cannot be changed while the server runs.

use serde_json::Value;
use transom_app::Error;

/// Refuses to change what cannot be changed. What says nothing (null, empty, off) changes nothing.
pub(crate) fn check(name: &str, value: &Value, current: &Value) -> Result<(), Error> {
    match current.get(name) {
        Some(known) if known == value || says_nothing(value) && says_nothing(known) || value.is_null() => Ok(()),
        Some(_) => {
            Err(Error::Invalid(format!("{name} is read when the server starts: set it in the environment and start the server again")))
        }
        None if says_nothing(value) => Ok(()),
        None => Err(Error::Invalid(format!("{name} is no setting of this server"))),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(values) => values.values().all(says_nothing),
        Value::Bool(true) | Value::Number(_) => false,
    }
}
