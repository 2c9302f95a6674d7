//! Schemas on their way through paperclip.
//!
//! paperclip collects OpenAPI 2 and converts that to 3, and OpenAPI 2 knows no null, no `oneOf`, one media type for all answers, and
//! nested structs by value. So shapes are utoipa's, as JSON, and travel as the example of a schema that says nothing else.
//! After the conversion each takes its carrier's place.

use paperclip::v2::models::DefaultSchemaRaw;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::table::Definitions;

const CARRIED: &str = "x-carried";

/// A schema, or the whole `content` of a body, inside a schema of paperclip's.
pub(super) fn carry(value: Value) -> DefaultSchemaRaw {
    DefaultSchemaRaw { example: Some(json!({ CARRIED: value })), ..DefaultSchemaRaw::default() }
}

/// What was carried, taken out of the converted schema.
pub(super) fn unpack(schema: &mut Value) -> Option<Value> {
    schema.get_mut("example")?.get_mut(CARRIED).map(Value::take)
}

/// A type's own schema.
pub(super) fn schema<T: ToSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap_or_default()
}

/// A type's definition and those of all that it mentions.
pub(super) fn define<T: ToSchema>(definitions: &mut Definitions) {
    let mut all = Vec::new();
    T::schemas(&mut all);
    for (name, schema) in all {
        definitions.insert(name, carry(serde_json::to_value(schema).unwrap_or_default()));
    }
    if has_name::<T>() {
        definitions.insert(T::name().into_owned(), carry(schema::<T>()));
    }
}

/// The type by its name, or in full where it has none of its own.
pub(super) fn mention<T: ToSchema>() -> Value {
    if has_name::<T>() { json!({ "$ref": format!("#/components/schemas/{}", T::name()) }) } else { schema::<T>() }
}

/// Types of this crate are named; texts, numbers and what may be anything are not.
fn has_name<T: ToSchema>() -> bool {
    std::any::type_name::<T>().starts_with(env!("CARGO_CRATE_NAME"))
}

/// A body in one media type.
pub(super) fn content(media: &str, schema: &Value) -> Value {
    Map::from_iter([(media.to_owned(), json!({ "schema": schema }))]).into()
}
