//! How much the model thinks aloud.

use serde_json::Value;
use transom_llm::{Body, LlmError};

use super::{take, wrong};

/// `reasoning` and `reasoning_effort` become `think`, unless that is given.
pub(super) fn convert(body: &mut Body) -> Result<(), LlmError> {
    let own = take(body, "think")?;
    let reasoning = match take(body, "reasoning")? {
        None => None,
        Some(reasoning) => of_reasoning(&reasoning)?,
    };
    let effort = match take(body, "reasoning_effort")? {
        None => None,
        Some(effort) => of_effort(&effort)?,
    };
    if let Some(think) = own.or(reasoning).or(effort) {
        body.set("think", &think);
    }
    Ok(())
}

/// `{"effort": …}`, `{"enabled": …}`, or both.
fn of_reasoning(reasoning: &Value) -> Result<Option<Value>, LlmError> {
    let Value::Object(reasoning) = reasoning else { return wrong("`reasoning` must be an object with `effort` or `enabled`") };
    let enabled = reasoning.get("enabled").and_then(Value::as_bool);
    let effort = match reasoning.get("effort") {
        Some(effort) if enabled != Some(false) => of_effort(effort)?,
        _ => None,
    };
    Ok(effort.or(enabled.map(Value::Bool)))
}

/// OpenAI's levels in Ollama's words, which has three and on and off.
fn of_effort(effort: &Value) -> Result<Option<Value>, LlmError> {
    let words = match effort {
        Value::Null => return Ok(None),
        Value::Bool(_) => return Ok(Some(effort.clone())),
        other => other.as_str().unwrap_or("?"),
    };
    match words {
        "" => Ok(None),
        "none" => Ok(Some(false.into())),
        "minimal" | "low" => Ok(Some("low".into())),
        "medium" => Ok(Some("medium".into())),
        "high" | "xhigh" | "max" => Ok(Some("high".into())),
        _ => wrong("the effort of reasoning must be none, minimal, low, medium, high or xhigh"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sent;
    use serde_json::{Value, json};

    fn think(parameters: Value) -> Result<Value, String> {
        let mut body = json!({"messages": []});
        body.as_object_mut().expect("an object").extend(parameters.as_object().expect("an object").clone());
        let sent = sent(&body)?;
        assert!(sent.get("reasoning").is_none() && sent.get("reasoning_effort").is_none(), "{sent}");
        Ok(sent.get("think").cloned().unwrap_or_default())
    }

    #[test]
    fn an_effort_becomes_a_level_of_thinking() {
        for (effort, level) in [
            (json!("none"), json!(false)),
            (json!("minimal"), json!("low")),
            (json!("low"), json!("low")),
            (json!("medium"), json!("medium")),
            (json!("high"), json!("high")),
            (json!("xhigh"), json!("high")),
            (Value::Null, Value::Null),
        ] {
            assert_eq!(think(json!({"reasoning_effort": effort})), Ok(level.clone()), "{effort}");
            assert_eq!(think(json!({"reasoning": {"effort": effort}})), Ok(level), "{effort}");
        }
    }

    #[test]
    fn reasoning_can_be_switched_on_and_off() {
        assert_eq!(think(json!({"reasoning": {"enabled": true}})), Ok(json!(true)));
        assert_eq!(think(json!({"reasoning": {"enabled": false, "effort": "high"}})), Ok(json!(false)));
        assert_eq!(think(json!({"reasoning": {"enabled": true, "effort": "high"}})), Ok(json!("high")));
        assert_eq!(think(json!({"reasoning": {}})), Ok(Value::Null));
    }

    #[test]
    fn ollamas_own_word_passes_and_counts_first() {
        for own in [json!(true), json!(false), json!("medium")] {
            assert_eq!(think(json!({"think": own, "reasoning_effort": "low"})), Ok(own));
        }
    }

    #[test]
    fn an_unknown_effort_is_refused() {
        assert!(think(json!({"reasoning_effort": "extreme"})).expect_err("refused").contains("minimal"));
        assert!(think(json!({"reasoning_effort": 7})).is_err());
        assert!(think(json!({"reasoning": "high"})).is_err());
    }
}
