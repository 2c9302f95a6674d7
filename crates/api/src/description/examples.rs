//! Examples for fields, by their names: the same field means the same wherever it is.

use serde_json::{Value, json};

use super::rules::members;

/// Puts an example on every field of a schema that has none and whose name says enough.
pub(super) fn put(schema: &mut Value) {
    for (name, field) in schema.get_mut("properties").map(members).into_iter().flatten() {
        let has_one = field.get("examples").is_some() || field.get("$ref").is_some();
        if let (false, Some(example), Some(field)) = (has_one, example(name, &field["type"]), field.as_object_mut()) {
            field.insert("examples".to_owned(), json!([example]));
        }
    }
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        put(part);
    }
}

fn example(name: &str, kind: &Value) -> Option<Value> {
    let is = |wanted: &str| kind == wanted || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == wanted));
    let text = match name {
        "email" => "ada@example.com",
        "password" => "correct horse battery",
        "new_password" => "battery horse correct",
        "profile_image_url" => "/user.png",
        "token" => "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2lnbmF0dXJl",
        "token_type" => "Bearer",
        "id" | "user_id" | "file_id" | "version_id" => "0d3b1f0a-6c1e-4b67-9a55-3a2f4a1de6c1",
        "collection_name" => "7a1c7c62-0f6e-4c0e-8f6c-1d6f1f0f2b11",
        "name" => "Manuals",
        "description" => "What the machines' makers say",
        "content" => "The warranty ends after two years.",
        "filename" => "manual.pdf",
        "message" => "File deleted successfully",
        _ if is("integer") && name.ends_with("_at") => return Some(json!(1_795_260_710)),
        "total" | "member_count" | "file_count" | "size" if is("integer") => return Some(json!(1)),
        _ => return None,
    };
    is("string").then(|| json!(text))
}
