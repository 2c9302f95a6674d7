//! Sampling parameters, which Ollama reads from `options`.

use serde_json::{Map, Value};
use transom_llm::{Body, LlmError};

use super::{take, wrong};

/// OpenAI's names and those of other servers, with Ollama's. Of two that mean the same, the first that is given counts.
const RENAMED: [(&str, &str); 4] =
    [("max_completion_tokens", "num_predict"), ("max_tokens", "num_predict"), ("repetition_penalty", "repeat_penalty"), ("stop", "stop")];

/// Names that Ollama shares.
const SAME: [&str; 22] = [
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "typical_p",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "repeat_penalty",
    "repeat_last_n",
    "penalize_newline",
    "num_predict",
    "num_ctx",
    "num_keep",
    "num_batch",
    "num_gpu",
    "num_thread",
    "main_gpu",
    "use_mmap",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
];

/// Gathers the parameters. What an `options` object says already is Ollama's own name for it, and counts.
pub(super) fn convert(body: &mut Body) -> Result<(), LlmError> {
    let mut options = match take(body, "options")? {
        None => Map::new(),
        Some(Value::Object(options)) => options,
        Some(_) => return wrong("`options` must be an object"),
    };
    for (name, own) in RENAMED.into_iter().chain(SAME.into_iter().map(|name| (name, name))) {
        if let Some(value) = take(body, name)? {
            options.entry(own).or_insert(value);
        }
    }
    // Ollama reads a list, OpenAI's `stop` may be one text.
    if let Some(stop) = options.get_mut("stop")
        && stop.is_string()
    {
        *stop = Value::Array(vec![stop.take()]);
    }
    if !options.is_empty() {
        body.set("options", &options);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sent;
    use serde_json::{Value, json};

    fn options(parameters: Value) -> Value {
        let mut body = json!({"model": "m", "messages": []});
        body.as_object_mut().expect("an object").extend(parameters.as_object().expect("an object").clone());
        let mut sent = sent(&body).expect("a request");
        let options = sent["options"].take();
        let left: Vec<_> = sent.as_object().expect("an object").keys().filter(|name| parameters.get(name.as_str()).is_some()).collect();
        assert!(left.iter().all(|name| *name == "options"), "{left:?} should not be at the top");
        options
    }

    #[test]
    fn every_parameter_becomes_an_option() {
        for (name, value) in [
            ("temperature", json!(0.1)),
            ("top_p", json!(0.5)),
            ("top_k", json!(40)),
            ("min_p", json!(0.05)),
            ("seed", json!(4)),
            ("frequency_penalty", json!(0.3)),
            ("presence_penalty", json!(0.2)),
            ("repeat_penalty", json!(1.1)),
            ("num_ctx", json!(8192)),
            ("num_predict", json!(-1)),
            ("stop", json!(["x", "y"])),
        ] {
            assert_eq!(options(json!({ name: value })), json!({ name: value }), "{name}");
        }
    }

    #[test]
    fn limits_of_tokens_become_num_predict() {
        assert_eq!(options(json!({"max_tokens": 9})), json!({"num_predict": 9}));
        assert_eq!(options(json!({"max_completion_tokens": 8})), json!({"num_predict": 8}));
        assert_eq!(options(json!({"max_tokens": 9, "max_completion_tokens": 8})), json!({"num_predict": 8}));
        assert_eq!(options(json!({"max_tokens": 9, "max_completion_tokens": null})), json!({"num_predict": 9}));
    }

    #[test]
    fn a_single_stop_text_becomes_a_list() {
        assert_eq!(options(json!({"stop": "x"})), json!({"stop": ["x"]}));
        assert_eq!(options(json!({"options": {"stop": "x"}})), json!({"stop": ["x"]}));
    }

    #[test]
    fn an_options_object_is_merged_and_counts_first() {
        let asked = json!({"options": {"num_ctx": 4096, "temperature": 0.9, "future": true}, "temperature": 0.1, "top_p": 0.5});
        assert_eq!(options(asked), json!({"num_ctx": 4096, "temperature": 0.9, "future": true, "top_p": 0.5}));
    }

    #[test]
    fn null_and_nothing_make_no_options() {
        assert_eq!(options(json!({"temperature": null, "stop": null, "options": null, "max_tokens": null})), Value::Null);
        assert_eq!(sent(&json!({"messages": [], "options": {}})), Ok(json!({"messages": [], "stream": false})));
    }

    #[test]
    fn options_that_are_no_object_are_refused() {
        assert!(sent(&json!({"messages": [], "options": [1]})).expect_err("refused").contains("`options`"));
    }
}
