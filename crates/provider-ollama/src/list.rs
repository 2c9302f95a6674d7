//! The list of models.

use serde_json::Value;
use transom_llm::{UpstreamModel, json};

/// The models of `{"models": […]}`; `None` where it is no such thing. Entries without a name are left out.
pub(crate) fn models(text: &[u8]) -> Option<Vec<UpstreamModel>> {
    let Value::Object(mut object) = json::read(text).ok()? else { return None };
    let entries = match object.remove("models")? {
        Value::Array(entries) => entries,
        // Go's JSON says null for a list that nothing was ever put into.
        Value::Null => Vec::new(),
        _ => return None,
    };
    Some(entries.into_iter().filter_map(model).collect())
}

fn model(raw: Value) -> Option<UpstreamModel> {
    let text = |name: &str| raw.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("model").or_else(|| text("name"))?.to_owned();
    let name = text("name").unwrap_or(&id).to_owned();
    Some(UpstreamModel { id, name, owned_by: "ollama", created: 0, raw })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_is_kept_as_it_came() {
        let entry = json!({"name": "a:latest", "model": "a:latest", "size": 7, "details": {"family": "llama"}, "x": [1]});
        let all = models(json!({"models": [entry]}).to_string().as_bytes()).expect("a list");
        assert_eq!(all, [UpstreamModel { id: "a:latest".into(), name: "a:latest".into(), owned_by: "ollama", created: 0, raw: entry }]);
    }

    #[test]
    fn a_name_stands_in_for_a_missing_id_and_an_entry_without_either_is_left_out() {
        let all = models(br#"{"models":[{"name":"a"},{"model":"b"},{"model":""},7]}"#).expect("a list");
        assert_eq!(all.iter().map(|model| (model.id.as_str(), model.name.as_str())).collect::<Vec<_>>(), [("a", "a"), ("b", "b")]);
    }

    #[test]
    fn an_empty_list_is_a_list_and_anything_else_is_none() {
        for json in [r#"{"models":[]}"#, r#"{"models":null}"#] {
            assert_eq!(models(json.as_bytes()).map(|all| all.len()), Some(0), "{json}");
        }
        for json in ["", "[]", "Ollama is running", r#"{"data":[]}"#, r#"{"models":7}"#] {
            assert!(models(json.as_bytes()).is_none(), "{json}");
        }
    }
}
