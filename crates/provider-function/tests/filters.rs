//! Filters in Python, around the calls of other models.

mod common;

use std::sync::Arc;

use common::{House, ada, object};
use serde_json::{Value, json};
use transom_llm::{Body, CallContext, ChatEvent, EventSink, FunctionKind, LlmError};

const FILTER: &str = r#"
from pydantic import BaseModel

class Filter:
    class Valves(BaseModel):
        priority: int = 7
    def __init__(self):
        self.valves = self.Valves()
        self.toggle = True
        self.icon = "data:image/png;base64,"
        self.file_handler = True

    async def inlet(self, body, __user__, __event_emitter__):
        if body["messages"][-1]["content"] == "bad":
            raise Exception("that word is not said here")
        await __event_emitter__({"type": "status", "data": {"description": "looked at"}})
        body["messages"][-1]["content"] += " for " + __user__["name"]
        return body

    def stream(self, event, __chat_id__):
        for choice in event["choices"]:
            if choice["delta"]["content"] == "bad":
                return None
            choice["delta"]["content"] = choice["delta"]["content"].upper() + (__chat_id__ or "")
        return event

    def outlet(self, body):
        body["messages"][-1]["content"] += " [outlet]"
"#;

fn body(text: &str) -> Body {
    Body::from(&json!({"model": "m", "messages": [{"role": "user", "content": text}], "x": 1}))
}

fn written(body: &Body) -> Value {
    serde_json::from_slice(&body.to_bytes()).expect("JSON")
}

#[tokio::test]
async fn a_filter_says_what_it_does() {
    let house = House::new();
    let about = house.function(FILTER).about().await.expect("it loads");
    assert_eq!((about.kind, about.inlet, about.stream, about.outlet), (FunctionKind::Filter, true, true, true));
    assert_eq!((about.toggle, about.file_handler, about.icon.as_deref()), (true, true, Some("data:image/png;base64,")));
    assert_eq!((about.priority(&object(json!({}))), about.priority(&object(json!({"priority": 3})))), (7, 3));
}

#[tokio::test]
async fn an_inlet_changes_the_request_and_says_so() {
    let house = House::new();
    let (events, mut emitted) = EventSink::new(8);
    let context = Arc::new(CallContext { events, ..ada() });
    let changed = house.function(FILTER).inlet(body("hello"), &context).await.expect("a body");
    assert_eq!(written(&changed), json!({"model": "m", "messages": [{"role": "user", "content": "hello for Ada"}], "x": 1}));
    let status = json!({"event": {"type": "status", "data": {"description": "looked at"}}});
    assert_eq!(emitted.try_recv(), Ok(ChatEvent::Frame(status)));
}

#[tokio::test]
async fn what_an_inlet_raises_refuses_the_call_in_its_words() {
    let house = House::new();
    let refused = house.function(FILTER).inlet(body("bad"), &Arc::new(ada())).await.expect_err("refused");
    assert!(matches!(refused, LlmError::Refused { status: 400, detail, .. } if detail == "that word is not said here"));
}

#[tokio::test]
async fn an_outlet_that_gives_nothing_back_has_changed_what_it_was_given() {
    let house = House::new();
    let changed = house.function(FILTER).outlet(body("a"), &Arc::new(ada())).await.expect("a body");
    assert_eq!(written(&changed)["messages"][0]["content"], "a [outlet]");
}

#[tokio::test]
async fn a_stream_filter_looks_at_each_chunk() {
    let house = House::new();
    let function = house.function(FILTER);
    function.about().await.expect("it loads");
    let context = Arc::new(CallContext { metadata: object(json!({"chat_id": "!"})), ..ada() });
    let mut filter = function.stream(&context).expect("it has a stream");
    let chunk = |text: &str| json!({"choices": [{"delta": {"content": text}}]});
    assert_eq!(filter.chunk(chunk("one")).await.expect("a chunk"), Some(chunk("ONE!")));
    assert_eq!(filter.chunk(chunk("bad")).await.expect("nothing"), None);
    assert_eq!(filter.chunk(chunk("two")).await.expect("a chunk"), Some(chunk("TWO!")));
    let refused = filter.chunk(json!({})).await.expect_err("it raises");
    assert!(matches!(refused, LlmError::Refused { detail, .. } if detail == "KeyError: 'choices'"));
    let inlet_only = house.function("class Filter:\n    def inlet(self, body): return body\n");
    inlet_only.about().await.expect("it loads");
    assert!(inlet_only.stream(&context).is_none());
}

#[tokio::test]
async fn what_is_no_request_any_more_is_the_filters_fault() {
    let house = House::new();
    let function = house.function("class Filter:\n    def inlet(self, body): return 'oops'\n");
    let refused = function.inlet(body("a"), &Arc::new(ada())).await.expect_err("refused");
    assert!(matches!(refused, LlmError::Refused { status: 500, .. }));
}
