//! `params` of a chat body: parameters as the web page of the reference sends them, beside the messages instead of among the members.

use serde_json::{Map, Value};
use transom_llm::Body;

use super::OUR_OWN;
use super::parameters::{CLIENTS_OWN, NEVER, Place, logit_bias, ollama_option};
use crate::Error;

/// Members by which some upstreams choose where a call goes, and with whose credential. A parameter is none of these.
const ROUTING: [&str; 8] = ["models", "fallbacks", "route", "provider", "api_base", "base_url", "api_key", "api_version"];

/// The parameters that a request brings in `params`, those of `custom_params` among them. The one place where they are read.
pub(super) fn asked(body: &Body) -> Result<Map<String, Value>, Error> {
    let mut params = body.get::<Map<String, Value>>("params")?.unwrap_or_default();
    let custom = match params.remove("custom_params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(custom)) => custom,
        Some(_) => return Err(Error::Malformed("`params.custom_params` must be an object".to_owned())),
    };
    params.retain(|name, value| !value.is_null() && !CLIENTS_OWN.contains(&name.as_str()));
    merge(&mut params, custom.into_iter().map(|(name, value)| (name, read(value))).collect());
    Ok(params)
}

/// Adds parameters to a request. What the request says among its members wins.
pub(super) fn apply(body: &mut Body, params: Map<String, Value>, place: Place) -> Result<(), Error> {
    let mut options = Map::new();
    for (name, value) in params {
        let is = |reserved: &[&str]| reserved.iter().any(|reserved| reserved.eq_ignore_ascii_case(&name));
        if value.is_null() || is(&NEVER) || is(&OUR_OWN) || is(&ROUTING) || body.has(&name) {
            continue;
        }
        match (place, ollama_option(&name)) {
            (Place::Options, Some("num_predict")) if body.has("max_tokens") || body.has("max_completion_tokens") => {}
            (Place::Options, Some(option)) => _ = options.insert(option.to_owned(), value),
            (Place::Options, None) if name == "options" => options.extend(value.as_object().cloned().unwrap_or_default()),
            _ => body.set(&name, &if name == "logit_bias" { logit_bias(&value)? } else { value }),
        }
    }
    if !options.is_empty() {
        options.extend(body.get::<Map<String, Value>>("options")?.unwrap_or_default());
        body.set("options", &options);
    }
    Ok(())
}

/// A text that is JSON is meant as such: forms know texts alone. Nothing is mended here, so that this reads as JSON what `routing` judged as
/// JSON, and nothing else.
fn read(value: Value) -> Value {
    match &value {
        Value::String(words) => serde_json::from_str(words).unwrap_or(value),
        _ => value,
    }
}

/// Puts `more` over `params`, objects member by member.
fn merge(params: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match (params.get_mut(&name), value) {
            (Some(Value::Object(known)), Value::Object(more)) => merge(known, more),
            (_, value) => _ = params.insert(name, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn applied(body: Value, place: Place) -> Value {
        let mut body = Body::from(&body);
        let params = asked(&body).expect("parameters");
        body.remove("params");
        apply(&mut body, params, place).expect("applies");
        serde_json::from_slice(&body.to_bytes()).expect("JSON")
    }

    #[test]
    fn params_of_a_chat_reach_the_model_and_its_own_members_win() {
        let body = json!({"temperature": 0.1, "params": {"temperature": 0.9, "top_p": 0.5, "seed": null, "function_calling": "native",
            "system": "x", "stream_response": false, "note_id": "n", "logit_bias": "50256:-100, 7:300",
            "custom_params": {"reasoning": "{\"effort\": \"low\"}", "word": "plain"}}});
        assert_eq!(
            applied(body, Place::Top),
            json!({"temperature": 0.1, "top_p": 0.5, "logit_bias": {"50256": -100, "7": 100}, "reasoning": {"effort": "low"}, "word": "plain"})
        );
    }

    #[test]
    fn params_of_a_chat_become_the_options_of_an_ollama_model() {
        let body = json!({"options": {"num_ctx": 1}, "temperature": 0.1, "params": {"num_ctx": 2, "temperature": 0.9, "top_k": 3,
            "max_tokens": 9, "think": true, "stop": "x"}});
        assert_eq!(
            applied(body, Place::Options),
            json!({"options": {"top_k": 3, "num_predict": 9, "stop": "x", "num_ctx": 1}, "temperature": 0.1, "think": true})
        );
    }

    #[test]
    fn params_name_no_other_model_and_no_other_upstream() {
        let body = json!({"model": "m", "params": {"Model": "x", "models": ["x"], "fallbacks": ["x"], "api_base": "http://x", "files": [1],
            "messages": [], "custom_params": {"route": "fallback", "STREAM": "true"}}});
        assert_eq!(applied(body, Place::Top), json!({"model": "m"}));
    }

    #[test]
    fn a_text_that_had_to_be_mended_to_be_json_stays_a_text() {
        for text in ["\u{feff}{\"models\":[\"x\"]}", r#"{"models":["x"],"a":"\ud83d"}"#] {
            assert_eq!(applied(json!({"params": {"custom_params": {"extra": text}}}), Place::Top), json!({ "extra": text }));
        }
    }

    #[test]
    fn params_that_are_no_object_are_refused() {
        for params in [json!([1]), json!("x"), json!({"custom_params": [1]})] {
            assert!(asked(&Body::from(&json!({"params": params}))).is_err(), "{params}");
        }
        let unreadable = json!({"logit_bias": "x"}).as_object().cloned().unwrap_or_default();
        assert!(apply(&mut Body::default(), unreadable, Place::Top).is_err());
    }
}
