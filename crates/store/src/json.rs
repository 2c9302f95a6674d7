//! JSON in text columns, each with a limit on its size.

use std::fmt::{Display, Formatter};
use std::io;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde_json::Value;

use crate::StoreError;

/// JSON as a row holds it: text, in both databases.
/// PostgreSQL's own JSON types would refuse U+0000 and put the keys of objects in an order of their own.
///
/// What a request brings can only become one through a [`Limit`]. Rows are read whatever their size, so that a limit which is lowered
/// makes no row unreadable.
#[derive(Clone, Debug, PartialEq, DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Json(Value);

/// The largest JSON text that a column takes from a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// What the column holds, as a client knows it.
    what: &'static str,
    /// In bytes.
    most: usize,
}

const KIB: usize = 1 << 10;

/// Preferences of an account's clients, and its own values of functions' settings.
pub(crate) const ACCOUNT_SETTINGS: Limit = Limit { what: "settings", most: 64 * KIB };
/// Facts about an account.
pub(crate) const ACCOUNT_INFO: Limit = Limit { what: "info", most: 16 * KIB };
/// Free settings of a group.
pub(crate) const GROUP_DATA: Limit = Limit { what: "data", most: 64 * KIB };
/// The tree of a group's permissions.
pub(crate) const GROUP_PERMISSIONS: Limit = Limit { what: "permissions", most: 64 * KIB };
/// Facts about a collection.
pub(crate) const KNOWLEDGE_META: Limit = Limit { what: "meta", most: 64 * KIB };
/// Facts about a file.
pub(crate) const FILE_METADATA: Limit = Limit { what: "metadata", most: 64 * KIB };
/// Parameters of a model record, its system prompt among them.
pub(crate) const MODEL_PARAMS: Limit = Limit { what: "params", most: 256 * KIB };
/// Facts about a model record, its picture as a `data:` URL among them.
pub(crate) const MODEL_META: Limit = Limit { what: "meta", most: 512 * KIB };
/// Facts about a function.
pub(crate) const FUNCTION_META: Limit = Limit { what: "meta", most: 64 * KIB };
/// What a function's code says of itself, the schemas of its settings among it.
pub(crate) const FUNCTION_ABOUT: Limit = Limit { what: "description of a function's settings", most: 256 * KIB };
/// The administrator's values of a function's settings.
pub(crate) const FUNCTION_VALVES: Limit = Limit { what: "valves", most: 64 * KIB };
/// What an administrator changed while the server ran.
pub(crate) const SETTING: Limit = Limit { what: "changed settings", most: 1024 * KIB };

impl Limit {
    /// The value for a row; [`StoreError::TooLarge`] where its text is longer than the limit.
    pub(crate) fn keep(self, value: impl Into<Value>) -> Result<Json, StoreError> {
        let value = value.into();
        let mut room = Room(self.most);
        match serde_json::to_writer(&mut room, &value) {
            Ok(()) => Ok(Json(value)),
            Err(_) => Err(StoreError::TooLarge { what: self.what, most: self.most }),
        }
    }
}

/// Counts what is written, and fails where that is too much: a large value is not written out to be measured.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Json {
    /// What the server made itself, whose size other limits bound.
    pub(crate) fn ours(value: Value) -> Self {
        Self(value)
    }

    pub(crate) fn value(&self) -> &Value {
        &self.0
    }

    pub(crate) fn into_value(self) -> Value {
        self.0
    }
}

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Json {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_kept_up_to_its_limit_and_refused_above_it() {
        let limit = Limit { what: "settings", most: 10 };
        assert_eq!(limit.keep(json!({"a": "bc"})).expect("ten bytes").value(), &json!({"a": "bc"}));
        let refused = limit.keep(json!({"a": "bcd"})).expect_err("eleven bytes");
        assert!(matches!(refused, StoreError::TooLarge { what: "settings", most: 10 }));
    }
}
