//! Members of a request that name a model, or a place to send it to, beside the `model` that was judged.
//!
//! Upstreams that are gateways themselves (OpenRouter, LiteLLM and others) read such members: `models`, `fallbacks`, `api_base`.
//! A request of somebody who is no administrator must not hold any, on whatever road it comes: with one it would be answered by a model
//! that the caller may not use, or sent to an address of the caller's with the operator's key.
//!
//! The text of a conversation and JSON schemas are not looked into: no upstream reads routing out of them, and a schema may well describe
//! a field that is called `model`.

mod scan;

use std::borrow::Cow;

use serde_json::{Map, Value};
use transom_domain::Caller;
use transom_llm::Body;

use super::{Chat, OUR_OWN};
use crate::Error;
use crate::models::Resolved;
use scan::{Place, scan};

/// Members that hold what is said, or schemas of it.
const CONTENT: [&str; 22] = [
    "messages",
    "input",
    "prompt",
    "suffix",
    "system",
    "instructions",
    "query",
    "documents",
    "texts",
    "content",
    "images",
    "image",
    "context",
    "metadata",
    "functions",
    "response_format",
    "text",
    "format",
    "structured_outputs",
    "guided_json",
    "json_schema",
    "chat_template_kwargs",
];

/// What routes a call wherever it stands. Compared without capitals and punctuation. Besides, any name with `model` or `fallback` in it does.
const ROUTES: [&str; 16] = [
    "apibase",
    "apikey",
    "apitype",
    "baseurl",
    "adapterid",
    "adaptersource",
    "customllmprovider",
    "deployment",
    "deploymentid",
    "extraheaders",
    "extraquery",
    "llmprovider",
    "lorapath",
    "lorarequest",
    "azuredeployment",
    "userconfig",
];

/// What routes a call only as a member of the request itself. The last two continue what is kept at the upstream under the operator's key,
/// with whatever model it was made by.
const OUTERMOST_ROUTES: [&str; 6] = ["engine", "route", "router", "lora", "previousresponseid", "conversation"];

/// Models that may be named beside the judged one in one request.
const MOST_MODELS: usize = 16;

/// A member that was found.
#[derive(Debug, PartialEq)]
struct Found {
    name: String,
    /// The model that a nested `model` names; `None` where it cannot be judged.
    model: Option<String>,
}

/// Which members of ours are taken out of the request before it goes to an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OurMembers {
    /// They are taken out; `params` becomes members of the request.
    Leave,
    /// They go to the upstream like all others.
    Stay,
}

impl Chat {
    /// Refuses a request that would be routed past the judgement of its `model`; administrators may use every model, and route as they like.
    /// A model named inside of it, by a tool say, must be one of the connection's that the caller may use too.
    pub(super) async fn judge_routing(&self, caller: &Caller, body: Body, ours: OurMembers, resolved: &Resolved) -> Result<Body, Error> {
        if caller.is_admin() {
            return Ok(body);
        }
        let (body, found) = body.work(move |body| routes_of(body, ours)).await;
        for found in found? {
            let may_use = |model: &str| resolved.preferred().is_some_and(|at| self.models.may_use_at(caller, &at.connection, model));
            match found.model {
                Some(model) if may_use(&model) => {}
                Some(model) => return Err(Error::Invalid(format!("`{}` names the model {model}, which is not yours to use", found.name))),
                None => return Err(refused(&found.name)),
            }
        }
        Ok(body)
    }
}

/// Whether a form's field of this name routes the call.
pub(super) fn judge_field(caller: &Caller, name: &str) -> Result<(), Error> {
    // `name[]` and `name[sub]` are how forms write lists and objects.
    let plain = plain(name.split('[').next().unwrap_or(name));
    let is_route = routes(&plain) || OUTERMOST_ROUTES.contains(&plain.as_ref()) || matches!(plain.as_ref(), "provider" | "extrabody");
    if !caller.is_admin() && name != "model" && is_route {
        return Err(refused(name));
    }
    Ok(())
}

/// Refuses parameters of a preset that would route its calls elsewhere than to its base model.
pub(crate) fn judge_preset(params: &Map<String, Value>) -> Result<(), Error> {
    let json = serde_json::to_vec(params).map_err(Error::internal)?;
    let mut found = Vec::new();
    scan(&json, Place::Parameters, &mut found).map_err(|error| Error::Malformed(format!("the parameters cannot be read: {error}")))?;
    match found.first() {
        Some(found) => Err(refused(&found.name)),
        None => Ok(()),
    }
}

fn refused(name: &str) -> Error {
    Error::Invalid(format!("`{name}` names a model or a place beside `model`, which only administrators may do"))
}

/// All that routes the request beside `model`.
fn routes_of(body: &Body, ours: OurMembers) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for name in body.names() {
        let leaves = ours == OurMembers::Leave && OUR_OWN.contains(&name);
        if name == "model" || (leaves && name != "params") {
            continue;
        }
        let (plain, raw) = (plain(name), body.raw(name).unwrap_or_default().trim_ascii_start());
        let place = if leaves { Place::Parameters } else { Place::of(&plain) };
        if !leaves && is_route(name, &plain, raw) {
            found.push(Found { name: name.to_owned(), model: None });
        }
        if !CONTENT.contains(&name) && matches!(raw.first(), Some(b'{' | b'[')) {
            scan(raw, place, &mut found).map_err(|error| Error::Invalid(format!("`{name}` cannot be read: {error}")))?;
        }
        if found.len() > MOST_MODELS {
            return Err(Error::Invalid(format!("more than {MOST_MODELS} models are named in one request")));
        }
    }
    Ok(found)
}

/// Whether a member of the request itself routes it.
fn is_route(name: &str, plain: &str, raw: &[u8]) -> bool {
    let says_nothing = matches!(raw, b"null" | b"true" | b"false");
    // An object is OpenRouter's choice among those who host the one model; a text is another service.
    let is_service = plain == "provider" && raw.first() == Some(&b'"');
    // A stored prompt brings a model and instructions along; a text is what is said.
    let is_stored = name == "prompt" && raw.first() == Some(&b'{');
    !says_nothing && (routes(plain) || OUTERMOST_ROUTES.contains(&plain) || is_service || is_stored)
}

/// Whether a member of this name routes the call wherever it stands. The name is a [`plain`] one.
fn routes(plain: &str) -> bool {
    plain.contains("model") || plain.contains("fallback") || ROUTES.contains(&plain)
}

/// A name without capitals and punctuation: upstreams differ in how they spell them, and some read any spelling.
fn plain(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Cow::Borrowed(name);
    }
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(body: Value) -> Vec<(String, Option<String>)> {
        let found = routes_of(&Body::from(&body), OurMembers::Leave).expect("readable");
        found.into_iter().map(|found| (found.name, found.model)).collect()
    }

    #[test]
    fn parameters_of_openai_ollama_and_anthropic_route_nothing() {
        let schema = json!({"type": "object", "properties": {"model": {"type": "string"}, "fallbacks": {}, "api_base": {}}});
        let bodies = [
            json!({
                "model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "x", "model": "y"}]}], "stream": true,
                "stream_options": {"include_usage": true}, "temperature": 1, "max_completion_tokens": 5, "logit_bias": {"50256": -100},
                "modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}, "metadata": {"model": "x", "models": "y"},
                "response_format": {"type": "json_schema", "json_schema": {"schema": schema}}, "service_tier": "auto",
                "prediction": {"type": "content", "content": "x"}, "web_search_options": {"search_context_size": "low"},
                "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}], "functions": [{"parameters": schema}],
                "tool_choice": {"type": "function", "function": {"name": "f"}}, "reasoning_effort": "low", "user": "u",
                "provider": {"order": ["a"], "allow_fallbacks": false, "data_collection": "deny"}, "disable_fallbacks": true,
            }),
            json!({
                "model": "m", "input": [{"type": "message", "content": "x", "model": "y"}], "instructions": "x", "store": false,
                "text": {"format": {"type": "json_schema", "schema": schema}}, "reasoning": {"effort": "low"}, "include": ["x"],
                "tools": [
                    {"type": "function", "name": "f", "parameters": schema, "strict": true},
                    {"type": "web_search", "filters": {"allowed_domains": ["x"]}},
                    {"type": "mcp", "server_url": "https://example.com", "headers": {"x": "y"}},
                    {"type": "image_generation", "size": "auto"},
                ],
            }),
            json!({"model": "m", "prompt": "x", "format": schema, "options": {"num_ctx": 1, "seed": 1.5}, "keep_alive": "5m", "think": true}),
            json!({
                "model": "m", "system": [{"type": "text", "text": "x"}], "messages": [], "thinking": {"type": "enabled"},
                "tools": [{"name": "f", "input_schema": schema, "input_examples": [{"model": "x"}]}],
            }),
            json!({
                "model": "m", "messages": [], "model_item": {"id": "x"}, "files": [{"model": "x"}], "chat_id": "c",
                "params": {"temperature": 1, "model_controls": true, "system": "{\"models\": []}", "custom_params": {"top_k": "3"}},
            }),
            json!({"model": "m", "extra_body": {"google": {"thinking_config": {"include_thoughts": true}}}, "models": null}),
        ];
        for body in bodies {
            assert_eq!(found(body.clone()), [], "{body}");
        }
    }

    #[test]
    fn whatever_names_another_model_or_another_place_is_found() {
        for body in [
            json!({"models": ["x"]}),
            json!({"Model": "x"}),
            json!({"fallbacks": [{"m": ["x"]}]}),
            json!({"context_window_fallbacks": ["x"]}),
            json!({"fallback_model": "x"}),
            json!({"input_model": "x"}),
            json!({"route": "fallback"}),
            json!({"provider": "other"}),
            json!({"api_base": "https://example.com"}),
            json!({"apiBase": "https://example.com"}),
            json!({"base_url": "https://example.com"}),
            json!({"baseURL": "https://example.com"}),
            json!({"api-key": "k"}),
            json!({"custom_llm_provider": "x"}),
            json!({"user_config": {}}),
            json!({"extra_headers": {"x": "y"}}),
            json!({"lora_path": "x"}),
            json!({"engine": "x"}),
            json!({"previous_response_id": "resp_1"}),
            json!({"conversation": {"id": "conv_1"}}),
            json!({"prompt": {"id": "pmpt_1"}}),
            json!({"extra_body": {"models": ["x"]}}),
            json!({"extra_body": {"provider": "x"}}),
            json!({"plugins": [{"id": "auto-router", "allowed_models": ["x"]}]}),
            json!({"x": [[{"y": {"api_base": "z"}}]]}),
            json!({"tools": [{"type": "function", "function": {}, "models": ["x"]}]}),
            json!({"tools": [{"type": "x:image", "parameters": {"fallback_models": ["x"]}}]}),
            json!({"params": {"models": ["x"]}}),
            json!({"params": {"custom_params": {"api_base": "x"}}}),
            json!({"params": {"custom_params": {"plugins": "[{\"allowed_models\": [\"x\"]}]"}}}),
            json!({"params": {"custom_params": {"extra_body": {"route": "x"}}}}),
            json!({"params": {"custom_params": {"extra_body": "{\"api_base\": \"x\"}"}}}),
        ] {
            let found = found(body.clone());
            assert!(found.len() == 1 && found[0].1.is_none(), "{body}: {found:?}");
        }
    }

    #[test]
    fn a_model_that_is_named_inside_is_judged_and_each_of_several() {
        let named = |body: &str| {
            let body = Body::parse(body.to_owned().into()).expect("an object");
            let found = routes_of(&body, OurMembers::Leave).expect("readable");
            found.into_iter().map(|found| found.model.expect("a model")).collect::<Vec<_>>()
        };
        assert_eq!(named(r#"{"tools":[{"type":"image_generation","model":"a","model":"b"}]}"#), ["a", "b"]);
        assert_eq!(named(r#"{"tools":[{"parameters":{"model":"a"},"type":"function","type":"x:image"}]}"#), ["a"]);
        assert_eq!(named(r#"{"session":{"model":"a","input_audio_transcription":{"model":"b"}}}"#), ["a", "b"]);
        assert_eq!(named(r#"{"extra_body":{"model":"a"}}"#), ["a"]);
        let many = json!({"x": (0..99).map(|n| json!({"model": n.to_string()})).collect::<Vec<_>>()});
        assert!(routes_of(&Body::from(&many), OurMembers::Leave).is_err());
    }
}
