//! What of a call its caller may set: the permissions of `chat` and `features`, on every road to a model.
//!
//! Open WebUI hides the controls from people who may not use them and takes the same members from a request; here the request is refused.
//! Administrators are not bound, and with the defaults nothing of a request is read.

use serde::Deserialize;
use serde_json::{Map, Value};
use transom_domain::Caller;
use transom_llm::Body;

use super::OUR_OWN;
use crate::Error;

/// Members that say what is asked, and none of how it is answered. What is not among them counts as a parameter.
const CONVERSATION: [&str; 20] = [
    "model",
    "name",
    "messages",
    "prompt",
    "input",
    "images",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "user",
    "metadata",
    // Judged by `chat.system_prompt`.
    "system",
    "instructions",
    "previous_response_id",
    "conversation",
    "store",
];

/// Members of `params` that clients keep for themselves, which change nothing of what a model is asked.
const CLIENTS_PARAMS: [&str; 6] =
    ["stream_response", "stream_delta_chunk_size", "function_calling", "reasoning_tags", "compact_token_threshold", "tool_approval_mode"];

/// What clients switch on in `features`, and the permissions for it.
const FEATURES: [(&str, &str); 4] = [
    ("web_search", "features.web_search"),
    ("image_generation", "features.image_generation"),
    ("code_interpreter", "features.code_interpreter"),
    ("memory", "features.memories"),
];

/// Refuses a call that sets what its caller may not set. A large body is looked into on a thread that may block.
pub(super) async fn checked(caller: &Caller, body: Body) -> Result<Body, Error> {
    if caller.is_admin() {
        return Ok(body);
    }
    let known = caller.clone();
    let (body, checked) = body.work(move |body| check(&known, body)).await;
    checked.map(|()| body)
}

/// Refuses a call that sets what its caller may not set.
pub(super) fn check(caller: &Caller, body: &Body) -> Result<(), Error> {
    if caller.is_admin() {
        return Ok(());
    }
    let controls = caller.may("chat.controls");
    if !(controls && caller.may("chat.system_prompt")) && sets_system_prompt(body)? {
        return Err(refused("write a system prompt"));
    }
    if !(controls && caller.may("chat.params"))
        && let Some(name) = parameter(body)?
    {
        return Err(refused(&format!("set parameters of a call, and {name} is one")));
    }
    if body.has("features") {
        check_features(caller, body)?;
    }
    if body.has("tool_servers") && !caller.may("features.direct_tool_servers") && says_something(&body.get("tool_servers")?) {
        return Err(refused("bring tool servers along"));
    }
    Ok(())
}

/// Refuses a call to an endpoint of an upstream's API, by its path below the upstream's address, that its caller may not use.
pub(super) fn check_endpoint(caller: &Caller, path: &str) -> Result<(), Error> {
    let path = path.split('?').next().unwrap_or_default().trim_matches('/');
    let (needed, what) = match path.split_once('/').unwrap_or((path, "")) {
        ("audio", "speech") => ("chat.tts", "have texts read aloud"),
        ("audio", _) => ("chat.stt", "have speech written down"),
        ("images", _) => ("features.image_generation", "have images made"),
        _ => return Ok(()),
    };
    if caller.may(needed) { Ok(()) } else { Err(refused(what)) }
}

/// Whether a call at this path of an upstream's API goes on with a conversation or a text.
pub(super) fn is_conversation(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
    ["/completions", "/responses", "/messages", "/api/chat", "/api/generate"].iter().any(|end| path.ends_with(end))
}

fn refused(what: &str) -> Error {
    Error::Forbidden(format!("your account may not {what}; ask your administrator"))
}

/// A message, as far as its author is concerned.
#[derive(Deserialize)]
struct Message {
    role: Option<String>,
}

fn sets_system_prompt(body: &Body) -> Result<bool, Error> {
    // Upstreams written in Go take a member for its name in any case.
    for name in body.names() {
        let sets = match name.to_ascii_lowercase().as_str() {
            "system" | "instructions" => says_something(&body.get(name)?),
            "params" => {
                let params = body.get::<Map<String, Value>>(name).ok().flatten().unwrap_or_default();
                params.iter().any(|(name, value)| name.eq_ignore_ascii_case("system") && says_something(&Some(value.clone())))
            }
            // What is no list of messages is for the model's server to judge: it holds no role.
            "messages" | "input" => {
                let messages = body.get::<Vec<Message>>(name).ok().flatten().unwrap_or_default();
                messages.iter().filter_map(|message| message.role.as_deref()).any(is_system)
            }
            _ => false,
        };
        if sets {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_system(role: &str) -> bool {
    ["system", "developer"].iter().any(|system| role.trim().eq_ignore_ascii_case(system))
}

/// The first member that is a parameter and says something.
fn parameter(body: &Body) -> Result<Option<String>, Error> {
    for name in body.names() {
        let is_ours = name != "params" && OUR_OWN.contains(&name);
        // In another case, a name is another member or the same, as the upstream has it: both are refused.
        if is_ours || CONVERSATION.contains(&name) {
            continue;
        }
        let value: Option<Value> = body.get(name)?;
        match (name, &value) {
            ("params", Some(Value::Object(params))) => {
                let set = |(name, value): &(&String, &Value)| {
                    !name.eq_ignore_ascii_case("system")
                        && !CLIENTS_PARAMS.contains(&name.as_str())
                        && says_something(&Some((*value).clone()))
                };
                if let Some((name, _)) = params.iter().find(set) {
                    return Ok(Some(format!("params.{name}")));
                }
            }
            _ if says_something(&value) => return Ok(Some(name.to_owned())),
            _ => {}
        }
    }
    Ok(None)
}

fn check_features(caller: &Caller, body: &Body) -> Result<(), Error> {
    let features = body.get::<Map<String, Value>>("features").ok().flatten().unwrap_or_default();
    for (name, needed) in FEATURES {
        if features.get(name) == Some(&Value::Bool(true)) && !caller.may(needed) {
            return Err(refused(&format!("use {name}")));
        }
    }
    Ok(())
}

/// Whether a member is there for a purpose: clients send null and empty ones along.
fn says_something(value: &Option<Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use transom_domain::Role;

    use super::*;

    fn caller(permissions: Value) -> Caller {
        let mut caller = Caller::new("ann".into(), Role::User);
        caller.permissions = Arc::new(serde_json::from_value(permissions).expect("a tree"));
        caller
    }

    fn chat(controls: bool, system_prompt: bool, params: bool) -> Caller {
        caller(json!({"chat": {"controls": controls, "system_prompt": system_prompt, "params": params}}))
    }

    fn verdict(caller: &Caller, more: Value) -> bool {
        let mut call = json!({
            "model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true, "files": [], "tools": [], "chat_id": "c",
        });
        call.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        check(caller, &Body::from(&call)).is_ok()
    }

    #[test]
    fn a_system_prompt_needs_its_permission_however_it_is_written() {
        for more in [
            json!({"messages": [{"role": "user", "content": "hi"}, {"role": "system", "content": "be kind"}]}),
            json!({"messages": [{"role": "Developer", "content": "be kind"}]}),
            json!({"input": [{"role": "developer", "content": "be kind"}]}),
            json!({"params": {"system": "be kind"}}),
            json!({"system": "be kind"}),
            json!({"System": "be kind"}),
            json!({"MESSAGES": [{"role": "system", "content": "be kind"}]}),
            json!({"instructions": "be kind"}),
        ] {
            assert!(verdict(&chat(true, true, true), more.clone()), "{more}");
            assert!(!verdict(&chat(true, false, true), more.clone()), "{more}");
            assert!(!verdict(&chat(false, true, true), more.clone()), "{more}");
        }
        assert!(verdict(&chat(true, false, true), json!({"params": {"temperature": 1}, "temperature": 1})));
    }

    #[test]
    fn parameters_need_their_permission_wherever_they_stand() {
        for more in [
            json!({"temperature": 0}),
            json!({"options": {"seed": 1}}),
            json!({"params": {"temperature": 0.5}}),
            json!({"params": {"custom_params": {"x": 1}}}),
            json!({"keep_alive": -1}),
            json!({"Temperature": 2}),
            json!({"template": "{{ .Prompt }}"}),
        ] {
            assert!(verdict(&chat(true, true, true), more.clone()), "{more}");
            assert!(!verdict(&chat(true, true, false), more.clone()), "{more}");
            assert!(!verdict(&chat(false, true, true), more.clone()), "{more}");
        }
        for more in [json!({}), json!({"params": {}}), json!({"options": null}), json!({"params": {"function_calling": "native"}})] {
            assert!(verdict(&chat(false, false, false), more.clone()), "{more}");
        }
        assert!(verdict(&chat(true, true, false), json!({"params": {"system": "be kind"}})));
    }

    #[test]
    fn features_and_endpoints_need_theirs() {
        for (name, _) in FEATURES {
            assert!(!verdict(&chat(true, true, true), json!({"features": {name: true}})), "{name}");
            assert!(verdict(&chat(true, true, true), json!({"features": {name: false, "voice": true}})), "{name}");
        }
        assert!(!verdict(&chat(true, true, true), json!({"tool_servers": [{"url": "http://127.0.0.1"}]})));
        let nobody = caller(json!({}));
        for path in ["/audio/speech", "/audio/transcriptions?x=1", "audio/translations", "/images/generations", "/images/edits"] {
            assert!(check_endpoint(&nobody, path).is_err(), "{path}");
            assert!(check_endpoint(&Caller::new("root".into(), Role::Admin), path).is_ok(), "{path}");
        }
        assert!(check_endpoint(&nobody, "/responses").is_ok());
        assert!(is_conversation("/v1/chat/completions") && is_conversation("/responses") && is_conversation("/api/generate/"));
        assert!(!is_conversation("/embeddings") && !is_conversation("/api/embed"));
    }
}
