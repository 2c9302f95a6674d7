//! Which tools the model is shown. Ollama knows no `tool_choice`: what must not be called is not shown.

use std::collections::HashSet;

use serde_json::Value;
use transom_llm::{Body, LlmError};

use super::{take, wrong};

/// Leaves the tools that the choice allows.
pub(super) fn convert(body: &mut Body) -> Result<(), LlmError> {
    let Some(choice) = take(body, "tool_choice")? else { return Ok(()) };
    let allowed: HashSet<&str> = match &choice {
        Value::String(word) if word == "none" => {
            body.remove("tools");
            return Ok(());
        }
        Value::String(_) => {
            // Nothing of ours to do; an Ollama that learns to read it finds it.
            body.set("tool_choice", &choice);
            return Ok(());
        }
        Value::Object(_) if choice.get("type").is_some_and(|kind| kind == "allowed_tools") => {
            let tools = choice.pointer("/allowed_tools/tools").or_else(|| choice.get("tools")).and_then(Value::as_array);
            tools.into_iter().flatten().filter_map(name).collect()
        }
        Value::Object(_) => name(&choice).into_iter().collect(),
        _ => HashSet::new(),
    };
    if allowed.is_empty() {
        return wrong("`tool_choice` must be none, auto, required, or name a function");
    }
    let Some(Value::Array(mut tools)) = take(body, "tools")? else {
        return wrong("`tool_choice` names a function, but there are no `tools`");
    };
    tools.retain(|tool| name(tool).is_some_and(|name| allowed.contains(name)));
    if tools.is_empty() {
        let mut names: Vec<&str> = allowed.into_iter().collect();
        names.sort_unstable();
        return Err(LlmError::Invalid(format!("`tool_choice` names `{}`, which is not among the `tools`", names.join("`, `"))));
    }
    body.set("tools", &tools);
    Ok(())
}

/// The name of a tool, or of one that a choice names.
fn name(tool: &Value) -> Option<&str> {
    tool.pointer("/function/name").or_else(|| tool.get("name")).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::sent;
    use serde_json::{Value, json};

    fn tool(name: &str) -> Value {
        json!({"type": "function", "function": {"name": name, "description": "d", "parameters": {"type": "object", "properties": {}}}})
    }

    fn tools(choice: Value) -> Result<Value, String> {
        let sent = sent(&json!({"messages": [], "tools": [tool("f"), tool("g"), tool("h")], "tool_choice": choice}))?;
        Ok(sent.get("tools").cloned().unwrap_or_default())
    }

    #[test]
    fn tools_pass_as_they_are() {
        let all = json!([tool("f"), tool("g"), tool("h")]);
        for choice in [json!("auto"), json!("required"), Value::Null] {
            assert_eq!(tools(choice), Ok(all.clone()));
        }
        assert_eq!(sent(&json!({"messages": [], "tools": all})).expect("a request")["tools"], all);
    }

    #[test]
    fn none_shows_no_tools() {
        assert_eq!(tools(json!("none")), Ok(Value::Null));
    }

    #[test]
    fn a_named_function_is_shown_alone() {
        assert_eq!(tools(json!({"type": "function", "function": {"name": "g"}})), Ok(json!([tool("g")])));
        let some = json!([{"type": "function", "function": {"name": "f"}}, {"type": "function", "name": "h"}]);
        assert_eq!(
            tools(json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": some}})),
            Ok(json!([tool("f"), tool("h")]))
        );
    }

    #[test]
    fn a_function_that_is_not_there_is_refused_by_name() {
        assert!(tools(json!({"type": "function", "function": {"name": "zzz"}})).expect_err("refused").contains("`zzz`"));
        assert!(tools(json!({"type": "function"})).is_err());
        assert!(tools(json!(7)).is_err());
        assert!(sent(&json!({"messages": [], "tool_choice": {"function": {"name": "f"}}})).expect_err("refused").contains("no `tools`"));
    }
}
