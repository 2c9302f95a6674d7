//! What presets add to a request: a system prompt and parameters.

use serde_json::{Map, Value, json};
use transom_llm::Body;

use crate::Error;
use crate::models::{Kind, Resolved};

/// Parameters that clients keep with a model for themselves; no upstream knows them.
pub(super) const CLIENTS_OWN: [&str; 10] = [
    "system",
    "stream_response",
    "stream_delta_chunk_size",
    "function_calling",
    "model_controls",
    "reasoning_tags",
    "custom_params",
    "compact_token_threshold",
    "note_id",
    "tool_approval_mode",
];

/// Members of a request that no preset may set: what is asked, and whose model is asked.
pub(super) const NEVER: [&str; 4] = ["model", "name", "messages", "stream"];

/// Parameters that Ollama takes among its `options`.
const OLLAMA_OPTIONS: [&str; 25] = [
    "frequency_penalty",
    "min_p",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
    "num_batch",
    "num_ctx",
    "num_gpu",
    "num_keep",
    "num_predict",
    "num_thread",
    "presence_penalty",
    "repeat_last_n",
    "repeat_penalty",
    "seed",
    "stop",
    "temperature",
    "tfs_z",
    "top_k",
    "top_p",
    "typical_p",
    "use_mlock",
    "use_mmap",
    "main_gpu",
    "penalize_newline",
];

/// Where a request keeps its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Beside the messages, as OpenAI has them.
    Top,
    /// In `options`, as Ollama's own API has them.
    Options,
}

impl Place {
    /// Where the parameters of a call to this kind of upstream belong, when it goes through the upstream's adapter.
    pub(super) fn of(kind: Kind) -> Self {
        if kind == Kind::Ollama { Self::Options } else { Self::Top }
    }
}

/// Applies the records of a model, the innermost first, so that the outermost has the last word. A preset's value wins over the request's.
pub(super) fn apply(body: &mut Body, resolved: &Resolved, place: Place) -> Result<(), Error> {
    let mut system = None;
    for record in resolved.records.iter().rev() {
        if let Some(text) = record.params.get("system").and_then(Value::as_str).filter(|text| !text.is_empty()) {
            system = Some(text.to_owned());
        }
        set_parameters(body, &record.params, place)?;
        if let Some(Value::Object(custom)) = record.params.get("custom_params") {
            set_parameters(body, custom, place)?;
        }
    }
    if let Some(system) = system {
        lead_with_system(body, &system)?;
    }
    Ok(())
}

fn set_parameters(body: &mut Body, params: &Map<String, Value>, place: Place) -> Result<(), Error> {
    let mut options = Map::new();
    for (name, value) in params {
        let reserved = CLIENTS_OWN.contains(&name.as_str()) || NEVER.iter().any(|never| never.eq_ignore_ascii_case(name));
        if value.is_null() || reserved {
            continue;
        }
        match (place, name.as_str()) {
            (Place::Options, "max_tokens" | "max_completion_tokens") => _ = options.insert("num_predict".to_owned(), value.clone()),
            // Ollama reads a list.
            (Place::Options, "stop") if value.is_string() => _ = options.insert(name.clone(), json!([value])),
            (Place::Options, known) if OLLAMA_OPTIONS.contains(&known) => _ = options.insert(name.clone(), value.clone()),
            (Place::Options, "options") if value.is_object() => options.extend(value.as_object().cloned().unwrap_or_default()),
            (_, "logit_bias") => body.set(name, &logit_bias(value)?),
            _ => body.set(name, value),
        }
    }
    if !options.is_empty() {
        let mut all = body.get::<Map<String, Value>>("options")?.unwrap_or_default();
        all.append(&mut options);
        body.set("options", &all);
    }
    Ok(())
}

/// The name that Ollama has for a parameter among its `options`; `None` for one that is none of them.
pub(super) fn ollama_option(name: &str) -> Option<&'static str> {
    match name {
        "max_tokens" | "max_completion_tokens" => Some("num_predict"),
        _ => OLLAMA_OPTIONS.into_iter().find(|option| *option == name),
    }
}

/// `logit_bias` as upstreams read it: an object of tokens and their biases. Forms send `token:bias, token:bias`.
pub(super) fn logit_bias(value: &Value) -> Result<Value, Error> {
    let Value::String(text) = value else { return Ok(value.clone()) };
    let pair = |pair: &str| {
        let (token, bias) = pair.split_once(':')?;
        let bias: i64 = bias.trim().parse().ok()?;
        Some((token.trim().to_owned(), Value::from(bias.clamp(-100, 100))))
    };
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty()).map(pair).collect::<Option<Map<_, _>>>();
    let wrong = || Error::Invalid("`logit_bias` must be an object, or a text such as `50256:-100, 198:5`".to_owned());
    match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(object) => Ok(object.into()),
        Err(_) => pairs.map(Value::Object).ok_or_else(wrong),
    }
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
    fn ollamas_parameters_go_where_ollama_looks() {
        let mut request = body(json!({"options": {"num_ctx": 1, "seed": 7}, "max_tokens": 3}));
        let preset =
            params(json!({"num_ctx": 4096, "temperature": 0.1, "system": "x", "seed": null, "max_tokens": 9, "stop": "x", "think": false}));
        set_parameters(&mut request, &preset, Place::Options).expect("applies");
        let options = json!({"num_ctx": 4096, "seed": 7, "temperature": 0.1, "num_predict": 9, "stop": ["x"]});
        assert_eq!(written(&request), json!({"options": options, "max_tokens": 3, "think": false}));
    }

    #[test]
    fn an_openai_upstream_gets_every_parameter_as_it_is() {
        let mut request = body(json!({}));
        set_parameters(&mut request, &params(json!({"top_k": 4, "logit_bias": {"1": 2}, "function_calling": "native"})), Place::Top)
            .expect("applies");
        assert_eq!(written(&request), json!({"top_k": 4, "logit_bias": {"1": 2}}));
    }

    #[test]
    fn a_logit_bias_that_is_text_becomes_an_object() {
        for (text, object) in [("50256:-100, 7 : 300", json!({"50256": -100, "7": 100})), (r#"{"1":2}"#, json!({"1": 2})), ("", json!({}))]
        {
            let mut request = body(json!({}));
            set_parameters(&mut request, &params(json!({ "logit_bias": text })), Place::Top).expect("applies");
            assert_eq!(written(&request), json!({ "logit_bias": object }));
        }
        assert!(set_parameters(&mut body(json!({})), &params(json!({"logit_bias": "word"})), Place::Top).is_err());
    }

    #[test]
    fn a_preset_names_no_other_model_and_puts_no_words_into_anybodys_mouth() {
        let mut request = body(json!({"model": "granted"}));
        let preset = params(json!({"model": "secret", "Model": "secret", "NAME": "secret", "messages": [], "stream": true}));
        set_parameters(&mut request, &preset, Place::Top).expect("applies");
        assert_eq!(written(&request), json!({"model": "granted"}));
    }
}
