//! Messages: images, tool calls and their results.

use std::collections::HashMap;

use serde_json::{Map, Value};
use transom_llm::{LlmError, json};

use super::wrong;

type Message = Map<String, Value>;

/// Messages as Ollama reads them. Plain ones stay as they are.
pub(super) fn converted(messages: Vec<Value>) -> Result<Vec<Value>, LlmError> {
    // Functions by the ids of their calls.
    let mut called = HashMap::new();
    messages.into_iter().map(|message| one(message, &mut called)).collect()
}

fn one(message: Value, called: &mut HashMap<String, String>) -> Result<Value, LlmError> {
    let Value::Object(mut message) = message else { return wrong("a message must be an object with `role` and `content`") };
    content(&mut message)?;
    match message.get("role").and_then(Value::as_str) {
        Some("developer") => {
            message.insert("role".to_owned(), "system".into());
        }
        Some("assistant") => assistant(&mut message, called)?,
        Some("tool" | "function") => result(&mut message, called),
        _ => {}
    }
    Ok(message.into())
}

/// Parts become one text and `images`.
fn content(message: &mut Message) -> Result<(), LlmError> {
    let (content, images) = match message.get_mut("content") {
        None | Some(Value::String(_)) => return Ok(()),
        Some(Value::Null) => (String::new(), Vec::new()),
        Some(Value::Array(parts)) => parted(std::mem::take(parts))?,
        Some(_) => return wrong("a message's `content` must be a text or a list of parts"),
    };
    message.insert("content".to_owned(), content.into());
    if !images.is_empty() {
        match message.get_mut("images") {
            Some(Value::Array(known)) => known.extend(images),
            _ => {
                message.insert("images".to_owned(), images.into());
            }
        }
    }
    Ok(())
}

fn parted(parts: Vec<Value>) -> Result<(String, Vec<Value>), LlmError> {
    let mut texts = Vec::new();
    let mut images = Vec::new();
    for mut part in parts {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or("text").to_owned();
        match kind.as_str() {
            "text" | "input_text" | "output_text" | "refusal" => {
                let name = if kind == "refusal" { "refusal" } else { "text" };
                match part.get_mut(name).map(Value::take) {
                    Some(Value::String(text)) => texts.push(text),
                    _ => return wrong("a part of a message's `content` holds no text"),
                }
            }
            "image_url" | "input_image" => images.push(image(&part)?.into()),
            other => {
                return Err(LlmError::Invalid(format!("an Ollama model reads texts and images; a part of the kind `{other}` is neither")));
            }
        }
    }
    Ok((texts.join("\n"), images))
}

/// The base64 of an image.
fn image(part: &Value) -> Result<String, LlmError> {
    let address = part.get("image_url").map(|image| image.get("url").unwrap_or(image)).and_then(Value::as_str).unwrap_or_default();
    match address.split_once(':') {
        // Base64 has no colon.
        None if !address.is_empty() => Ok(address.to_owned()),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("data") => match rest.split_once(',') {
            Some((media, data)) if media.to_ascii_lowercase().ends_with(";base64") && !data.is_empty() => Ok(data.to_owned()),
            _ => wrong("an image's data: URL must hold base64, as in data:image/png;base64,…"),
        },
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
            wrong("an Ollama model fetches no images from the web: send the image itself, as a data: URL with base64")
        }
        _ => wrong("an image must be a data: URL with base64"),
    }
}

/// Arguments are JSON text at OpenAI and an object at Ollama; what was thought aloud has another name.
fn assistant(message: &mut Message, called: &mut HashMap<String, String>) -> Result<(), LlmError> {
    for name in ["reasoning_content", "reasoning"] {
        if message.get(name).is_some_and(Value::is_string)
            && let Some(thoughts) = message.shift_remove(name)
        {
            message.entry("thinking").or_insert(thoughts);
        }
    }
    let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten();
    for call in calls.filter_map(Value::as_object_mut) {
        let id = call.get("id").and_then(Value::as_str).map(str::to_owned);
        let Some(function) = call.get_mut("function").and_then(Value::as_object_mut) else { continue };
        if let (Some(id), Some(name)) = (id, function.get("name").and_then(Value::as_str)) {
            called.insert(id, name.to_owned());
        }
        let arguments = match function.get("arguments") {
            None | Some(Value::Null) => Message::new().into(),
            Some(Value::String(text)) if text.trim().is_empty() => Message::new().into(),
            Some(Value::String(text)) => json::read(text.as_bytes()).unwrap_or_default(),
            Some(other) => other.clone(),
        };
        if !arguments.is_object() {
            return wrong("the `arguments` of a tool call must be a JSON object, as text");
        }
        function.insert("arguments".to_owned(), arguments);
    }
    Ok(())
}

/// A tool's result names its call at OpenAI and its function at Ollama; newer Ollamas read both.
fn result(message: &mut Message, called: &HashMap<String, String>) {
    message.insert("role".to_owned(), "tool".into());
    if message.contains_key("tool_name") {
        return;
    }
    let of_call = message.get("tool_call_id").and_then(Value::as_str).and_then(|id| called.get(id)).cloned().map(Value::String);
    if let Some(name) = of_call.or_else(|| message.get("name").filter(|name| name.is_string()).cloned()) {
        message.insert("tool_name".to_owned(), name);
    }
}

#[cfg(test)]
mod tests;
