//! What presets add to a request: a system prompt and parameters.

use serde_json::{Map, Value, json};
use transom_llm::Body;

use super::upstream;
use crate::Error;
use crate::models::{Kind, Resolved};

/// Parameters that clients keep with a model for themselves; no upstream knows them.
const CLIENTS_OWN: [&str; 8] = [
    "system",
    "stream_response",
    "stream_delta_chunk_size",
    "function_calling",
    "model_controls",
    "reasoning_tags",
    "custom_params",
    "compact_token_threshold",
];

/// Parameters that Ollama takes only among its `options`, beside those that OpenAI has too.
const OLLAMA_OPTIONS: [&str; 17] = [
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
    "num_batch",
    "num_ctx",
    "num_gpu",
    "num_keep",
    "num_predict",
    "num_thread",
    "repeat_last_n",
    "repeat_penalty",
    "tfs_z",
    "top_k",
    "min_p",
    "typical_p",
    "use_mlock",
    "use_mmap",
];

/// Applies the records of a model, the innermost first, so that the outermost has the last word. A preset's value wins over the request's.
pub(super) fn apply(body: &mut Body, resolved: &Resolved) -> Result<(), Error> {
    let kind = upstream(resolved)?.kind;
    let mut system = None;
    for record in resolved.records.iter().rev() {
        if let Some(text) = record.params.get("system").and_then(Value::as_str).filter(|text| !text.is_empty()) {
            system = Some(text.to_owned());
        }
        set_parameters(body, &record.params, kind)?;
        if let Some(Value::Object(custom)) = record.params.get("custom_params") {
            set_parameters(body, custom, kind)?;
        }
    }
    if let Some(system) = system {
        lead_with_system(body, &system)?;
    }
    Ok(())
}

fn set_parameters(body: &mut Body, params: &Map<String, Value>, kind: Kind) -> Result<(), Error> {
    let mut options = Map::new();
    for (name, value) in params {
        if value.is_null() || CLIENTS_OWN.contains(&name.as_str()) {
            continue;
        }
        if kind == Kind::Ollama && OLLAMA_OPTIONS.contains(&name.as_str()) {
            options.insert(name.clone(), value.clone());
        } else {
            body.set(name, value);
        }
    }
    if !options.is_empty() {
        let mut all = body.get::<Map<String, Value>>("options")?.unwrap_or_default();
        all.append(&mut options);
        body.set("options", &all);
    }
    Ok(())
}

/// Puts a preset's system prompt first; a system message of the request's own follows in the same message.
fn lead_with_system(body: &mut Body, system: &str) -> Result<(), Error> {
    let mut messages = body.get::<Vec<Value>>("messages")?.unwrap_or_default();
    match messages.first_mut() {
        Some(first) if first["role"] == "system" => match &mut first["content"] {
            Value::String(text) => *text = format!("{system}\n{text}"),
            Value::Array(parts) => parts.insert(0, json!({"type": "text", "text": system})),
            other => *other = json!(system),
        },
        _ => messages.insert(0, json!({"role": "system", "content": system})),
    }
    body.set("messages", &messages);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: Value) -> Body {
        Body::from(&value)
    }

    fn params(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).expect("an object")
    }

    fn written(body: &Body) -> Value {
        serde_json::from_slice(&body.to_bytes()).expect("json")
    }

    #[test]
    fn a_presets_system_prompt_comes_before_the_requests_own() {
        let mut request = body(json!({"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]}));
        lead_with_system(&mut request, "be kind").expect("applies");
        assert_eq!(written(&request)["messages"][0]["content"], "be kind\nbe brief");
    }

    #[test]
    fn ollamas_own_options_go_where_ollama_looks() {
        let mut request = body(json!({"options": {"num_ctx": 1, "seed": 7}}));
        set_parameters(&mut request, &params(json!({"num_ctx": 4096, "temperature": 0.1, "system": "x", "seed": null})), Kind::Ollama)
            .expect("applies");
        assert_eq!(written(&request), json!({"options": {"num_ctx": 4096, "seed": 7}, "temperature": 0.1}));
    }

    #[test]
    fn an_openai_upstream_gets_every_parameter_as_it_is() {
        let mut request = body(json!({}));
        set_parameters(&mut request, &params(json!({"top_k": 4, "logit_bias": {"1": 2}, "function_calling": "native"})), Kind::OpenAi)
            .expect("applies");
        assert_eq!(written(&request), json!({"top_k": 4, "logit_bias": {"1": 2}}));
    }
}
