//! Lists of models, in the shapes that are found in the wild.

use serde_json::Value;
use transom_llm::{UpstreamModel, json};

/// The models of `{"data": […]}`, `{"models": […]}` or a bare list; `None` where it is none of these. Entries without an id
/// are left out.
pub(crate) fn models(text: &[u8]) -> Option<Vec<UpstreamModel>> {
    let entries = match json::read(text).ok()? {
        Value::Array(entries) => entries,
        Value::Object(mut object) => match object.remove("data").or_else(|| object.remove("models"))? {
            Value::Array(entries) => entries,
            // OpenAI-compatible servers in Go say null where they have none.
            Value::Null => Vec::new(),
            _ => return None,
        },
        _ => return None,
    };
    Some(entries.into_iter().filter_map(model).collect())
}

fn model(raw: Value) -> Option<UpstreamModel> {
    let raw = match raw {
        Value::String(id) => serde_json::json!({ "id": id }),
        other => other,
    };
    let text = |name: &str| raw.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("id").or_else(|| text("name"))?.to_owned();
    let name = text("name").unwrap_or(&id).to_owned();
    let created = raw.get("created").and_then(|created| created.as_i64().or_else(|| created.as_f64().map(|seconds| seconds as i64)));
    Some(UpstreamModel { id, name, owned_by: "openai", created: created.unwrap_or(0), raw })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(json: &str) -> Option<Vec<String>> {
        models(json.as_bytes()).map(|models| models.into_iter().map(|model| model.id).collect())
    }

    #[test]
    fn a_list_is_found_in_its_usual_shapes() {
        for json in
            [r#"{"object":"list","data":[{"id":"a"},{"id":"b"}]}"#, r#"[{"id":"a"},{"id":"b"}]"#, r#"{"models":["a",{"name":"b"}]}"#]
        {
            assert_eq!(ids(json), Some(vec!["a".to_owned(), "b".to_owned()]), "{json}");
        }
        assert_eq!(ids(r#"{"data":null}"#), Some(vec![]));
        assert_eq!(ids(r#"{"data":[]}"#), Some(vec![]));
    }

    #[test]
    fn an_entry_without_an_id_is_left_out() {
        assert_eq!(ids(r#"{"data":[{"object":"model"},7,{"id":"a"}]}"#), Some(vec!["a".to_owned()]));
    }

    #[test]
    fn what_is_no_list_is_none() {
        for json in ["", "<html>", "7", r#"{"error":"x"}"#, r#"{"data":7}"#] {
            assert_eq!(ids(json), None, "{json}");
        }
    }

    #[test]
    fn an_entry_is_kept_as_it_came() {
        let all = models(br#"{"data":[{"id":"a","name":"A","created":1700000000.5,"x":{"y":1}}]}"#).expect("a list");
        assert_eq!((all[0].name.as_str(), all[0].created), ("A", 1_700_000_000));
        assert_eq!(all[0].raw["x"], serde_json::json!({"y": 1}));
    }
}
