//! Response formats.

use serde_json::Value;
use transom_llm::{Body, LlmError};

use super::{take, wrong};

/// `response_format` becomes `format`, unless one is given.
pub(super) fn convert(body: &mut Body) -> Result<(), LlmError> {
    let own = take(body, "format")?;
    let asked = match take(body, "response_format")? {
        None => None,
        Some(asked) => of_openai(&asked)?,
    };
    if let Some(format) = own.or(asked) {
        body.set("format", &format);
    }
    Ok(())
}

fn of_openai(asked: &Value) -> Result<Option<Value>, LlmError> {
    match asked.get("type").and_then(Value::as_str) {
        Some("text") => Ok(None),
        Some("json_object") => Ok(Some("json".into())),
        Some("json_schema") => match asked.pointer("/json_schema/schema").or_else(|| asked.get("schema")) {
            Some(schema @ Value::Object(_)) => Ok(Some(schema.clone())),
            _ => wrong("`response_format` holds no schema: it belongs in `json_schema.schema`"),
        },
        _ => wrong("`response_format` must have the type text, json_object or json_schema"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sent;
    use serde_json::{Value, json};

    fn format(response_format: Value) -> Result<Value, String> {
        let sent = sent(&json!({"messages": [], "response_format": response_format}))?;
        assert!(sent.get("response_format").is_none());
        Ok(sent.get("format").cloned().unwrap_or_default())
    }

    #[test]
    fn a_response_format_becomes_ollamas_format() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
        assert_eq!(format(json!({"type": "json_object"})), Ok(json!("json")));
        let asked = json!({"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": schema}});
        assert_eq!(format(asked), Ok(schema));
        assert_eq!(format(json!({"type": "text"})), Ok(Value::Null));
        assert_eq!(format(Value::Null), Ok(Value::Null));
    }

    #[test]
    fn ollamas_own_format_passes_and_counts_first() {
        let sent = sent(&json!({"messages": [], "format": {"type": "array"}, "response_format": {"type": "json_object"}}));
        assert_eq!(sent.expect("a request")["format"], json!({"type": "array"}));
    }

    #[test]
    fn an_unknown_format_and_a_missing_schema_are_refused() {
        assert!(format(json!({"type": "xml"})).expect_err("refused").contains("json_schema"));
        assert!(format(json!("json")).is_err());
        assert!(format(json!({"type": "json_schema", "json_schema": {"name": "x"}})).expect_err("refused").contains("no schema"));
    }
}
