//! Functions that run in this process, for tests where Python is not the point.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use transom_llm::{
    Body, CallContext, ChatAnswer, ChatEvent, ChatRequest, FinishReason, Function, FunctionAbout, FunctionError, FunctionKind,
    FunctionModel, FunctionRuntime, LlmError, StreamFilter, Valves, wire,
};

/// Runs functions whose code is a JSON object that says what each hook does; `Code` in this file has its members.
#[derive(Default)]
pub struct ScriptedFunctions {
    log: Arc<Mutex<Vec<String>>>,
}

impl ScriptedFunctions {
    /// What happened, in order: `stop ID`, `forget ID`.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl FunctionRuntime for ScriptedFunctions {
    fn function(&self, id: &str, source: &str) -> Arc<dyn Function> {
        Arc::new(ScriptedFunction { id: id.to_owned(), source: source.to_owned(), valves: Mutex::default(), log: self.log.clone() })
    }

    async fn forget(&self, id: &str) {
        note(&self.log, format!("forget {id}"));
    }
}

fn note(log: &Mutex<Vec<String>>, line: String) {
    log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

/// The code of a scripted function. `about` is a [`FunctionAbout`]; the rest is what its hooks do.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Code {
    #[serde(flatten)]
    about: FunctionAbout,
    /// What a pipe answers. `{model}`, `{user}`, `{last}`, `{sources}`, `{chat}` and `{valve}`, `{own}` (the value `X` of the
    /// administrator's and of the user's settings) are filled in.
    says: String,
    /// The models of a manifold: id and name.
    models: Vec<(String, String)>,
    /// The words that every hook fails with.
    raises: Option<String>,
    /// The model that a pipe asks for its answer.
    asks: Option<String>,
    /// What the inlet appends to the last message.
    appends: String,
    /// The model that the inlet sends the request to.
    reroutes: Option<String>,
    /// A status that the inlet tells.
    status: Option<String>,
    /// What the stream puts instead of every piece of text; an empty text leaves the piece out.
    covers: Option<String>,
    /// What the outlet appends to the last message.
    closes: String,
}

struct ScriptedFunction {
    id: String,
    source: String,
    valves: Mutex<Map<String, Value>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl ScriptedFunction {
    fn code(&self) -> Result<Code, FunctionError> {
        serde_json::from_str(&self.source)
            .map_err(|error| FunctionError::Code { reason: error.to_string(), line: Some(error.line() as u32) })
    }

    fn running(&self) -> Result<Code, LlmError> {
        let code = self.code().map_err(|error| LlmError::Invalid(error.to_string()))?;
        match &code.raises {
            Some(words) => Err(LlmError::refused(&*self.id, 500, words.clone())),
            None => Ok(code),
        }
    }
}

#[async_trait]
impl Function for ScriptedFunction {
    fn id(&self) -> &str {
        &self.id
    }

    async fn about(&self) -> Result<Arc<FunctionAbout>, FunctionError> {
        let code = self.code()?;
        let mut about = code.about;
        about.manifold = !code.models.is_empty();
        if about.kind == FunctionKind::Filter {
            about.inlet = true;
            about.stream = code.covers.is_some();
            about.outlet = !code.closes.is_empty();
        }
        Ok(Arc::new(about))
    }

    async fn models(&self) -> Result<Vec<FunctionModel>, LlmError> {
        let model = |(id, name): (String, String)| FunctionModel { sub_id: Some(id), name: Some(name) };
        Ok(self.running()?.models.into_iter().map(model).collect())
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        let code = self.running()?;
        let context = request.context.clone().unwrap_or_default();
        let body: Value = serde_json::from_slice(&request.body.to_bytes()).unwrap_or_default();
        if let Some(model) = code.asks {
            return context
                .host
                .complete(Body::from(&json!({"model": model, "messages": body["messages"], "stream": request.stream})))
                .await;
        }
        let own = context.user_valves.get(&self.id).and_then(|values| values.get("X")).cloned().unwrap_or_default();
        let valve = self.valves.lock().unwrap_or_else(PoisonError::into_inner).get("X").cloned().unwrap_or_default();
        let last = body["messages"].as_array().and_then(|messages| messages.last()).map(|message| message["content"].clone());
        let filled = [
            ("{model}", body["model"].clone()),
            ("{user}", context.user.get("name").cloned().unwrap_or_default()),
            ("{last}", last.unwrap_or_default()),
            ("{sources}", json!(context.sources.len())),
            ("{chat}", context.metadata.get("chat_id").cloned().unwrap_or_default()),
            ("{valve}", valve),
            ("{own}", own),
        ];
        let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = filled.iter().fold(code.says, |text, (name, value)| text.replace(name, &word(value)));
        let events = [ChatEvent::Text(text), ChatEvent::Finish(FinishReason::Stop)];
        let events = Box::pin(futures_util::stream::iter(events.map(Ok)));
        if request.stream {
            return Ok(ChatAnswer::Events(events));
        }
        Ok(ChatAnswer::Whole(wire::collect(&wire::Meta::whole(&self.id), events).await?))
    }

    async fn inlet(&self, mut body: Body, context: &Arc<CallContext>) -> Result<Body, LlmError> {
        let code = self.running()?;
        let mut messages: Vec<Value> = body.get("messages").ok().flatten().unwrap_or_default();
        append(&mut messages, &code.appends);
        body.set("messages", &messages);
        if let Some(model) = &code.reroutes {
            body.set("model", model);
        }
        if let Some(status) = &code.status {
            context.events.emit(ChatEvent::Frame(json!({"event": {"type": "status", "data": {"description": status}}})));
        }
        Ok(body)
    }

    fn stream(&self, _: &Arc<CallContext>) -> Option<Box<dyn StreamFilter>> {
        let code = self.code().ok()?;
        Some(Box::new(Cover { with: code.covers?, raises: code.raises }))
    }

    async fn outlet(&self, mut body: Body, _: &Arc<CallContext>) -> Result<Body, LlmError> {
        let code = self.running()?;
        let mut messages: Vec<Value> = body.get("messages").ok().flatten().unwrap_or_default();
        append(&mut messages, &code.closes);
        body.set("messages", &messages);
        Ok(body)
    }

    /// Only what the schema names is a setting.
    async fn check_valves(&self, which: Valves, values: Map<String, Value>) -> Result<Map<String, Value>, FunctionError> {
        let about = self.about().await?;
        let schema = match which {
            Valves::Admin => &about.valves,
            Valves::User => &about.user_valves,
        };
        let known = schema.as_ref().and_then(|schema| schema["properties"].as_object()).cloned().unwrap_or_default();
        match values.keys().find(|name| !known.contains_key(*name)) {
            Some(name) => Err(FunctionError::Valves(format!("{name} is no setting"))),
            None => Ok(values),
        }
    }

    fn set_valves(&self, values: Map<String, Value>) {
        *self.valves.lock().unwrap_or_else(PoisonError::into_inner) = values;
    }

    fn stop(&self) {
        note(&self.log, format!("stop {}", self.id));
    }
}

fn append(messages: &mut [Value], text: &str) {
    if let Some(Value::String(content)) = messages.last_mut().map(|message| &mut message["content"]) {
        content.push_str(text);
    }
}

struct Cover {
    with: String,
    raises: Option<String>,
}

#[async_trait]
impl StreamFilter for Cover {
    async fn chunk(&mut self, mut chunk: Value) -> Result<Option<Value>, LlmError> {
        let Some(Value::String(text)) = chunk.pointer_mut("/choices/0/delta/content") else { return Ok(Some(chunk)) };
        if text.is_empty() {
            return Ok(Some(chunk));
        }
        if let Some(words) = &self.raises {
            return Err(LlmError::refused("filter", 500, words.clone()));
        }
        text.clone_from(&self.with);
        Ok((!self.with.is_empty()).then_some(chunk))
    }
}
