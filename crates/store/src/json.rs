//! JSON in text columns.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde_json::Value;

/// JSON as a row holds it: text, in both databases.
/// PostgreSQL's own JSON types would refuse U+0000 and put the keys of objects in an order of their own.
#[derive(Clone, Debug, PartialEq, DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Json(pub Value);

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
