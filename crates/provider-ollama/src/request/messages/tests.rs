use serde_json::json;

use super::*;

fn message(message: Value) -> Result<Value, String> {
    let mut all = converted(vec![message]).map_err(|error| error.to_string())?;
    Ok(all.remove(0))
}

fn parts(parts: Value) -> Result<Value, String> {
    message(json!({"role": "user", "content": parts}))
}

#[test]
fn a_plain_message_stays_as_it_is() {
    for plain in [
        json!({"role": "user", "content": "Grüße", "name": "ada", "x": 1}),
        json!({"role": "system", "content": ""}),
        json!({"role": "assistant", "content": "Hi"}),
        json!({"role": "user", "content": "look", "images": ["iVBORw0KGgo="]}),
    ] {
        assert_eq!(message(plain.clone()), Ok(plain));
    }
}

#[test]
fn texts_and_images_are_told_apart() {
    assert_eq!(
        parts(json!([
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
            {"type": "text", "text": "closely"},
            {"type": "image_url", "image_url": "data:image/jpeg;base64,/9j/"},
            {"type": "image_url", "image_url": {"url": "R0lGODlh"}}])),
        Ok(json!({"role": "user", "content": "look\nclosely", "images": ["iVBORw0KGgo=", "/9j/", "R0lGODlh"]}))
    );
}

#[test]
fn texts_alone_make_no_images() {
    assert_eq!(parts(json!([{"type": "text", "text": "a"}])), Ok(json!({"role": "user", "content": "a"})));
    assert_eq!(parts(json!([])), Ok(json!({"role": "user", "content": ""})));
    assert_eq!(message(json!({"role": "user", "content": null})), Ok(json!({"role": "user", "content": ""})));
}

#[test]
fn an_image_of_the_web_is_refused_with_a_sentence() {
    for url in ["https://example.com/cat.png", "HTTP://example.com/cat.png"] {
        let error = parts(json!([{"type": "image_url", "image_url": {"url": url}}])).expect_err("refused");
        assert!(error.contains("data: URL") && !error.contains("example.com"), "{error}");
    }
}

#[test]
fn an_image_that_is_none_is_refused() {
    for url in ["data:image/png,abc", "data:image/png;base64,", "data:", "file:///etc/passwd", ""] {
        assert!(parts(json!([{"type": "image_url", "image_url": {"url": url}}])).expect_err(url).contains("base64"), "{url}");
    }
}

#[test]
fn what_is_neither_text_nor_image_is_refused_by_its_kind() {
    let error = parts(json!([{"type": "input_audio", "input_audio": {"data": "x"}}])).expect_err("refused");
    assert!(error.contains("`input_audio`"), "{error}");
    assert!(parts(json!([{"type": "text"}])).is_err());
    assert!(parts(json!(7)).is_err());
    assert!(message(json!("hello")).is_err());
}

#[test]
fn a_developer_speaks_as_the_system() {
    assert_eq!(message(json!({"role": "developer", "content": "x"})), Ok(json!({"role": "system", "content": "x"})));
}

#[test]
fn what_was_thought_aloud_goes_back_as_thinking() {
    for name in ["reasoning_content", "reasoning"] {
        let asked = json!({"role": "assistant", "content": "4", name: "2 + 2"});
        assert_eq!(message(asked), Ok(json!({"role": "assistant", "content": "4", "thinking": "2 + 2"})));
    }
}

#[test]
fn a_tool_call_and_its_result_find_each_other() {
    let call =
        |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let calls = [call("call_1", "weather", "{\"city\":\"Oslo\",\"days\":2}"), call("call_2", "now", "")];
    let messages = vec![
        json!({"role": "assistant", "content": null, "tool_calls": calls}),
        json!({"role": "tool", "tool_call_id": "call_2", "content": "noon"}),
        json!({"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "rain"}]}),
        json!({"role": "tool", "tool_call_id": "call_9", "name": "named", "content": "x"}),
        json!({"role": "tool", "tool_call_id": "call_9", "content": "x"}),
    ];
    let sent = converted(messages).expect("messages");
    assert_eq!(sent[0]["content"], "");
    assert_eq!(
        sent[0]["tool_calls"],
        json!([
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo", "days": 2}}},
            {"id": "call_2", "type": "function", "function": {"name": "now", "arguments": {}}}])
    );
    assert_eq!(sent[1], json!({"role": "tool", "tool_call_id": "call_2", "content": "noon", "tool_name": "now"}));
    assert_eq!(sent[2], json!({"role": "tool", "tool_call_id": "call_1", "content": "rain", "tool_name": "weather"}));
    assert_eq!(sent[3]["tool_name"], "named");
    assert!(sent[4].get("tool_name").is_none());
}

#[test]
fn a_result_of_the_old_kind_is_a_tools() {
    let old = json!({"role": "function", "name": "f", "content": "1"});
    assert_eq!(message(old), Ok(json!({"role": "tool", "name": "f", "content": "1", "tool_name": "f"})));
}

#[test]
fn arguments_that_are_objects_already_stay_and_others_are_refused() {
    let with = |arguments: Value| {
        let calls = json!([{"function": {"name": "f", "arguments": arguments}}]);
        message(json!({"role": "assistant", "content": "", "tool_calls": calls}))
    };
    assert_eq!(with(json!({"a": 1})).expect("a message")["tool_calls"][0]["function"]["arguments"], json!({"a": 1}));
    for wrong in [json!("{nope"), json!("[1]"), json!(7)] {
        assert!(with(wrong.clone()).expect_err(&wrong.to_string()).contains("`arguments`"));
    }
}
