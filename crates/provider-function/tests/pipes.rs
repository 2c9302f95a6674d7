//! Pipes in Python: every way in which they answer, and what they are handed.

mod common;

use common::{House, ada, ask, ask_as, fails, frames, object, says, streamed_text, text_of, whole};
use serde_json::json;
use std::collections::HashMap;
use transom_llm::{CallContext, FunctionError, FunctionKind, FunctionModel, FunctionRuntime, RequestHead, Valves};

const KINDS: &str = r#"
from pydantic import BaseModel

class Chunk(BaseModel):
    choices: list

def chunk(text):
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}

class Pipe:
    def pipe(self, body):
        kind = body["kind"]
        if kind == "text": return "one two"
        if kind == "bytes": return b"one two"
        if kind == "nothing": return None
        if kind == "number": return 12
        if kind == "list": return ["one ", "two"]
        if kind == "dict":
            return {"id": "mine", "object": "chat.completion", "extra": 1,
                    "choices": [{"index": 0, "message": {"role": "assistant", "content": "one two"}, "finish_reason": "length"}]}
        if kind == "error": return {"error": {"message": "no more", "code": 429}}
        return getattr(self, kind)()

    def generator(self):
        yield "one "
        yield b"two"
    async def async_text(self):
        return "one two"
    async def async_generator(self):
        yield "one "
        yield "two"
    def dicts(self):
        yield chunk("one ")
        yield Chunk(choices=chunk("two")["choices"])
    def lines(self):
        import json
        yield "event: message"
        yield "data: " + json.dumps(chunk("one "))
        yield ""
        yield b": still here"
        yield ("data: " + json.dumps(chunk("two")) + "\n\n").encode()
        yield "data: [DONE]"
    def looks_like_lines(self):
        yield ""
        yield ": one"
        yield " two"
    def response(self):
        from starlette.responses import StreamingResponse
        import json
        text = "".join(f"data: {json.dumps(chunk(t))}\n\n" for t in ("one ", "two")) + "data: [DONE]\n\n"
        return StreamingResponse(iter([text[i:i + 7].encode() for i in range(0, len(text), 7)]))
    def refusal(self):
        from fastapi.responses import JSONResponse
        return JSONResponse({"detail": "not you"}, status_code=403)
    def broken(self):
        yield "one "
        raise ValueError("it broke on the way")
"#;

#[tokio::test]
async fn a_pipe_answers_whatever_way_it_likes() {
    let house = House::new();
    let function = house.function(KINDS);
    for kind in ["text", "bytes", "list", "dict", "generator", "async_text", "async_generator", "dicts", "lines", "response"] {
        assert_eq!(says(&function, json!({"kind": kind})).await, "one two", "{kind}");
        let frames = frames(&function, ask(json!({"kind": kind}), true)).await.expect("a stream");
        assert_eq!(streamed_text(&frames), "one two", "{kind}: {frames:?}");
        assert_eq!(frames.iter().filter(|frame| **frame == "[DONE]").count(), 1, "{kind}");
        assert_eq!(frames.last(), Some(&json!("[DONE]")), "{kind}");
        let ends = frames.iter().filter(|frame| frame["choices"][0]["finish_reason"].is_string()).count();
        assert_eq!(ends, 1, "{kind}: {frames:?}");
    }
    assert_eq!(says(&function, json!({"kind": "nothing"})).await, "");
    assert_eq!(says(&function, json!({"kind": "number"})).await, "12");
    assert_eq!(says(&function, json!({"kind": "looks_like_lines"})).await, ": one two");
}

#[tokio::test]
async fn a_dict_in_openais_shape_stays_as_it_is() {
    let house = House::new();
    let answer = whole(&house.function(KINDS), ask(json!({"kind": "dict"}), false)).await.expect("an answer");
    assert_eq!((answer["id"].as_str(), answer["extra"].as_u64()), (Some("mine"), Some(1)));
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn what_a_pipe_says_of_its_failure_reaches_the_caller() {
    let house = House::new();
    let function = house.function(KINDS);
    assert_eq!(fails(&function, json!({"kind": "error"})).await, (429, "no more".to_owned()));
    assert_eq!(fails(&function, json!({"kind": "refusal"})).await, (403, "not you".to_owned()));
    assert_eq!(fails(&function, json!({"kind": "broken"})).await, (400, "it broke on the way".to_owned()));
    let (_, words) = fails(&function, json!({"kind": "no_such"})).await;
    assert!(words.contains("no attribute 'no_such'"), "{words}");
    let frames = frames(&function, ask(json!({"kind": "broken"}), true)).await.expect("a stream that begins");
    assert_eq!(streamed_text(&frames), "one ");
    assert_eq!(frames.last(), Some(&json!({"failed": "it broke on the way"})));
}

#[tokio::test]
async fn code_that_does_not_load_says_why_and_where() {
    let house = House::new();
    let error = |source: &str| {
        let function = house.runtime.function("broken", source);
        async move { function.about().await.expect_err("it does not load") }
    };
    let FunctionError::Code { reason, line } = error("x = 1\nclass Pipe(:\n").await else { panic!("an error of the code") };
    assert_eq!((reason.as_str(), line), ("invalid syntax", Some(2)));
    let FunctionError::Code { reason, line } = error("\nimport no_such_package\n").await else { panic!("an error of the code") };
    assert_eq!((reason.as_str(), line), ("No module named 'no_such_package'", Some(2)));
    let inside = "class Pipe:\n    def __init__(self):\n        raise ValueError('not today')\n";
    assert_eq!(error(inside).await.to_string(), "not today (line 3)");
    assert_eq!(error("x = 1\n").await.to_string(), "the code has no class Pipe, Filter or Action");
    assert!(error("import open_webui.socket.main\n").await.to_string().contains("open_webui.socket"));
    let FunctionError::Code { line: Some(1), .. } = error("raise SystemExit(3)\n").await else { panic!("an error of the code") };
}

const MANIFOLD: &str = r#""""
title: Fold
author: ann
requirements: pydantic
"""
from pydantic import BaseModel, Field

class Pipe:
    class Valves(BaseModel):
        PREFIX: str = Field(default="echo", description="what comes first")
        TIMES: int = Field(default=1, ge=0)
    class UserValves(BaseModel):
        tone: str = "kind"
    def __init__(self):
        self.name = "fold/"
        self.valves = self.Valves()
    async def pipes(self):
        return [{"id": "a.b", "name": "first"}, {"id": "c"}]
    async def pipe(self, body, __user__):
        return f"{self.valves.PREFIX} {body['model']} {__user__['valves'].tone}"
"#;

#[tokio::test]
async fn a_function_says_what_it_is() {
    let house = House::new();
    let function = house.function(MANIFOLD);
    let about = function.about().await.expect("it loads");
    assert_eq!((about.kind, about.manifold, about.inlet), (FunctionKind::Pipe, true, false));
    assert_eq!((&about.manifest["title"], &about.manifest["requirements"]), (&json!("Fold"), &json!("pydantic")));
    let valves = about.valves.as_ref().expect("a schema");
    assert_eq!(valves["properties"]["TIMES"]["type"], "integer");
    assert_eq!(valves["properties"]["PREFIX"]["description"], "what comes first");
    assert!(about.user_valves.is_some());
    let model = |sub: &str, name: &str| FunctionModel { sub_id: Some(sub.to_owned()), name: Some(name.to_owned()) };
    assert_eq!(function.models().await.expect("models"), [model("a.b", "fold/first"), model("c", "fold/c")]);
    let single = house.runtime.function("one", "class Pipe:\n    def pipe(self, body): return ''\n");
    assert_eq!(single.models().await.expect("models"), [FunctionModel { sub_id: None, name: None }]);
}

#[tokio::test]
async fn valves_are_checked_and_reach_the_calls_that_come_after() {
    let house = House::new();
    let function = house.function(MANIFOLD);
    let checked = function.check_valves(Valves::Admin, object(json!({"TIMES": "3"}))).await.expect("allowed");
    assert_eq!(checked, object(json!({"TIMES": 3})));
    let refused = function.check_valves(Valves::Admin, object(json!({"TIMES": -1}))).await.expect_err("refused");
    assert!(matches!(refused, FunctionError::Valves(words) if words.contains("TIMES")));
    function.set_valves(object(json!({"PREFIX": "said"})));
    assert_eq!(says(&function, json!({"model": "f.c"})).await, "said f.c kind");
    function.set_valves(object(json!({})));
    assert_eq!(says(&function, json!({})).await, "echo f kind");
    let user_valves = HashMap::from([("f".to_owned(), object(json!({"tone": "curt"})))]);
    let answer = whole(&function, ask_as(CallContext { user_valves, ..ada() }, json!({}), false)).await.expect("an answer");
    assert_eq!(text_of(&answer), "echo f curt");
}

#[tokio::test]
async fn valves_that_were_set_before_the_first_call_are_there() {
    let house = House::new();
    let function = house.function(MANIFOLD);
    function.set_valves(object(json!({"PREFIX": "early"})));
    assert_eq!(says(&function, json!({})).await, "early f kind");
    let stale = house.function(MANIFOLD);
    stale.set_valves(object(json!({"TIMES": "many"})));
    assert_eq!(says(&stale, json!({})).await, "echo f kind");
}

#[tokio::test]
async fn a_pipe_is_handed_what_it_names_and_nothing_else() {
    let house = House::new();
    let function = house.function(
        r#"
import json
class Pipe:
    async def pipe(self, body, __user__, __metadata__, __model__, __messages__, __files__, __chat_id__, __session_id__, __message_id__,
                   __event_emitter__, __event_call__, __request__, __tools__, __id__, __task__, unknown="default"):
        asked = await __event_call__({"type": "confirmation", "data": {}})
        return json.dumps([sorted(__user__), __metadata__["chat_id"], __model__["id"], __messages__[0]["content"], __files__, __chat_id__,
                           __session_id__, __message_id__, asked, __request__.headers["x-y"], __tools__, __id__, __task__, unknown])
"#,
    );
    let context = CallContext {
        metadata: object(json!({"chat_id": "c", "session_id": "s", "message_id": "m"})),
        model: json!({"id": "f"}),
        files: vec![json!({"id": "file"})],
        request: RequestHead { headers: vec![("x-y".into(), "z".into())], ..RequestHead::default() },
        ..ada()
    };
    let answer = whole(&function, ask_as(context, json!({}), false)).await.expect("an answer");
    let handed: serde_json::Value = serde_json::from_str(text_of(&answer)).expect("JSON");
    let user = ["email", "id", "name", "role"];
    assert_eq!(handed, json!([user, "c", "f", "hello", [{"id": "file"}], "c", "s", "m", null, "z", {}, "f", null, "default"]));
}

#[tokio::test]
async fn events_reach_the_stream_in_their_place() {
    let house = House::new();
    let function = house.function(
        r#"
class Pipe:
    async def pipe(self, body, __event_emitter__):
        await __event_emitter__({"type": "status", "data": {"description": "working", "done": False}})
        await __event_emitter__({"type": "message", "data": {"content": "one "}})
        await __event_emitter__({"type": "citation", "data": {"source": {"name": "s"}, "document": ["d"], "metadata": [{}]}})
        await __event_emitter__({"type": "chat:title", "data": "dropped"})
        return "two"
"#,
    );
    let frames = frames(&function, ask(json!({}), true)).await.expect("a stream");
    assert_eq!(frames[0]["event"], json!({"type": "status", "data": {"description": "working", "done": false}}));
    assert_eq!(frames[2]["sources"][0]["source"]["name"], "s");
    assert_eq!((streamed_text(&frames).as_str(), frames.len()), ("one two", 6));
    let answer = whole(&function, ask(json!({}), false)).await.expect("an answer");
    assert_eq!((text_of(&answer), &answer["sources"][0]["document"][0]), ("one two", &json!("d")));
}
