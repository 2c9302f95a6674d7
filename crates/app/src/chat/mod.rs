//! Chat and embeddings calls: from a caller's request to the upstream's answer.
//!
//! A request is read as far as routing needs: model, stream, files. Where no preset, no file and no field of ours is in it,
//! its bytes go to the upstream as they came, and the answer's bytes come back as they are.
//!
//! Filters stand around the calls of [`Road::Api`] alone, and not around those that a function makes itself.

mod around;
mod controls;
mod form;
mod host;
mod parameters;
mod params;
mod proxy;
mod question;
mod refresh;
mod refusal;
pub(crate) mod routing;
mod stream;

use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::{Value, json};
use transom_domain::Caller;
use transom_llm::{Body, ChatAnswer, ChatRequest, RequestHead, SseBytes, wire};

use crate::Error;
use crate::models::{Kind, Models, Offering, Resolved};
use crate::retrieval::{Retrieval, Source};
use around::Around;
pub use form::FormPart;
pub use proxy::{Forward, ProxyAnswer};
pub use refusal::refusal;
use routing::OurMembers;

/// Members of a request that are for this server and never for an upstream.
const OUR_OWN: [&str; 20] = [
    "files",
    "chat_id",
    "session_id",
    "id",
    "parent_id",
    "message_id",
    "user_message",
    "features",
    "variables",
    "params",
    "model_item",
    "model_ref",
    "background_tasks",
    "tool_ids",
    "tool_servers",
    "filter_ids",
    "skill_ids",
    "terminal_id",
    "folder_id",
    "direct",
];

/// Which door a call came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// `/api/chat/completions`: every model.
    Api,
    /// `/openai/…`: models of OpenAI-compatible upstreams.
    OpenAi,
}

/// The answer to a chat call.
pub enum Reply {
    /// `chat.completion` as JSON, with `sources` first where there are any.
    Whole(Bytes),
    /// A Server-Sent Events stream in OpenAI's shape, with `sources` first where there are any.
    /// An upstream that fails on the way ends it with an error frame.
    Stream(SseBytes),
}

/// Answers chat and embeddings calls.
#[derive(Clone)]
pub struct Chat {
    models: Models,
    documents: Option<Retrieval>,
}

impl Chat {
    /// Over this catalogue; a call that names files is refused.
    pub fn new(models: Models) -> Self {
        Self { models, documents: None }
    }

    /// The same with documents, which calls may name.
    pub fn with_documents(self, documents: Retrieval) -> Self {
        Self { documents: Some(documents), ..self }
    }

    /// The documents that a call names.
    fn documents(&self) -> Result<&Retrieval, Error> {
        self.documents.as_ref().ok_or_else(|| Error::Invalid("no documents are kept here, so a call cannot name `files`".to_owned()))
    }

    /// Answers a chat call. What is wrong with its model, its files or its shape is told before any upstream is asked.
    /// `head` is asked for where a function sees the call.
    pub async fn complete(&self, caller: &Caller, body: Body, road: Road, head: impl FnOnce() -> RequestHead) -> Result<Reply, Error> {
        let answered = self.answer(Asked { caller, road, depth: 0 }, body, head).await?;
        Ok(match answered.answer {
            ChatAnswer::Whole(json) => Reply::Whole(with_sources(json, &answered.sources, answered.cited).await?),
            streamed => Reply::Stream(lead_with(&answered.sources, wire::sse(streamed, &answered.model))),
        })
    }

    /// Puts a finished conversation through the outlets of its model's filters, and gives it back as they leave it.
    pub async fn completed(&self, caller: &Caller, body: Body, head: impl FnOnce() -> RequestHead) -> Result<Bytes, Error> {
        let asked = Asked { caller, road: Road::Api, depth: 0 };
        let resolved = self.model(caller, &body, asked.road).await?;
        let filters = self.filters_of(&body, &resolved)?;
        if !filters.iter().any(|filter| filter.about.outlet) {
            return Ok(body.to_bytes());
        }
        let around = Around::gather(self, &asked, head(), &resolved, &body, filters).await?;
        Ok(around.outlets(body).await?.to_bytes())
    }

    async fn answer(&self, asked: Asked<'_>, mut body: Body, head: impl FnOnce() -> RequestHead) -> Result<Answered, Error> {
        if asked.depth == 0 {
            body = controls::checked(asked.caller, body).await?;
        }
        let mut resolved = self.model(asked.caller, &body, asked.road).await?;
        body = self.judge_routing(asked.caller, body, OurMembers::Leave, &resolved).await?;
        let filters = if asked.has_filters() { self.filters_of(&body, &resolved)? } else { Vec::new() };
        let mut around = None;
        if !filters.is_empty() || resolved.kind() == Some(Kind::Function) {
            let mut gathered = Around::gather(self, &asked, head(), &resolved, &body, filters).await?;
            body = gathered.inlets(body).await?;
            // A filter may send a request elsewhere, but nowhere where its caller may not go.
            resolved = self.model(asked.caller, &body, asked.road).await?;
            body = self.judge_routing(asked.caller, body, OurMembers::Leave, &resolved).await?;
            around = Some(gathered);
        }
        drop_spellings(&mut body, "model");
        let stream = body.get::<bool>("stream")?.unwrap_or(false);
        let upstream = upstream(&resolved)?;
        let runs_here = around.as_ref().filter(|_| upstream.kind() == Kind::Function);
        let mut question = String::new();
        if runs_here.is_some() {
            let last;
            (body, last) = body.work(|body| question::last(body)).await;
            question = last?;
        }
        let (body, sources) = self.prepare(asked.caller, body, &resolved, stream).await?;
        let context = runs_here.map(|around| around.context(&sources, question));
        let answer = upstream.connection.models.chat(ChatRequest { body, stream, context }).await;
        upstream.connection.note(&answer);
        let answer = answer?;
        let model = upstream.model.id.clone();
        let (answer, cited) = match (around, answer) {
            (None, answer) => (answer, Vec::new()),
            (Some(around), whole @ ChatAnswer::Whole(_)) => (whole, around.into_cited()),
            (Some(around), streamed) => (through(around, streamed, &model), Vec::new()),
        };
        Ok(Answered { answer, sources, cited, model })
    }

    /// Answers an embeddings call in OpenAI's shape.
    pub async fn embeddings(&self, caller: &Caller, body: Body, road: Road) -> Result<Bytes, Error> {
        let resolved = self.model(caller, &body, road).await?;
        let Offering { connection, model } = upstream(&resolved)?;
        let body = self.judge_routing(caller, body, OurMembers::Stay, &resolved).await?;
        let id = model.id.clone();
        let (body, named) = body.work(move |body| name_model(body, &id)).await;
        named?;
        let answer = connection.models.embeddings(body).await;
        connection.note(&answer);
        Ok(answer?)
    }

    async fn model(&self, caller: &Caller, body: &Body, road: Road) -> Result<Resolved, Error> {
        let kind = (road == Road::OpenAi).then_some(Kind::OpenAi);
        let resolved = match body.text("model")? {
            Some(id) => self.models.resolve_of(caller, &id, kind).await?,
            None => None,
        };
        match (road, resolved) {
            (_, Some(resolved)) => Ok(resolved),
            (Road::OpenAi, None) if !caller.is_admin() => Err(Error::Forbidden("Model not found".to_owned())),
            _ => Err(Error::Invalid("Model not found".to_owned())),
        }
    }

    /// Makes the request the upstream's: parameters and presets applied, sources put in, fields of ours taken out. What was found is given back.
    async fn prepare(&self, caller: &Caller, body: Body, resolved: &Resolved, stream: bool) -> Result<(Body, Vec<Source>), Error> {
        let (body, files) = body.work(|body| body.get::<Vec<Value>>("files")).await;
        let files = files?.unwrap_or_default();
        let scope = if files.is_empty() { None } else { Some(self.documents()?.resolve(caller, &files).await?) };
        let known = resolved.clone();
        let (body, fitted) = body.work(move |body| fit(body, &known, stream)).await;
        fitted?;
        match scope {
            Some(scope) => self.put_sources(body, resolved, &scope).await,
            None => Ok((body, Vec::new())),
        }
    }
}

/// Makes a request one that the model's upstream understands.
fn fit(body: &mut Body, resolved: &Resolved, stream: bool) -> Result<(), Error> {
    let place = parameters::Place::of(upstream(resolved)?.kind());
    let params = params::asked(body)?;
    for name in OUR_OWN {
        body.remove(name);
    }
    if !stream {
        // Upstreams refuse what is said of a stream in a call that does not stream.
        body.remove("stream_options");
    }
    name_model(body, &upstream(resolved)?.model.id)?;
    params::apply(body, params, place)?;
    parameters::apply(body, resolved, place)
}

/// Who asks, through which door.
struct Asked<'a> {
    caller: &'a Caller,
    road: Road,
    /// How many functions the call stands inside; 0 for a client's.
    depth: usize,
}

impl Asked<'_> {
    /// Filters look at what clients ask. What a function asks on the way has been looked at, and would lead a filter that asks a model back to itself.
    fn has_filters(&self) -> bool {
        self.road == Road::Api && self.depth == 0
    }
}

/// An answer, with the passages that were found for it.
struct Answered {
    answer: ChatAnswer,
    sources: Vec<Source>,
    /// What filters cited beside them, where the answer is whole.
    cited: Vec<Value>,
    /// The name that its frames say.
    model: String,
}

/// A streamed answer as the filters leave it, with their events in front.
fn through(around: Around, answer: ChatAnswer, model: &str) -> ChatAnswer {
    let (filters, mut events) = around.into_stream_filters();
    let mut writer = wire::ChunkWriter::new(&wire::Meta::streamed(model));
    let waiting = stream::waiting(&mut events, &mut writer);
    if filters.is_empty() && waiting.is_empty() {
        return answer;
    }
    let bytes = wire::sse(answer, model);
    let bytes = if filters.is_empty() { bytes } else { stream::filtered(bytes, filters, events, writer) };
    ChatAnswer::Sse(Box::pin(futures_util::stream::iter(waiting.into_iter().map(Ok)).chain(bytes)))
}

fn upstream(resolved: &Resolved) -> Result<&Offering, Error> {
    resolved.offering().ok_or_else(|| Error::internal("a resolved model has no upstream"))
}

/// Names the model as its upstream does; the bytes stay untouched where the client did so already.
fn name_model(body: &mut Body, id: &str) -> Result<(), Error> {
    drop_spellings(body, "model");
    if body.text("model")?.as_deref() != Some(id) {
        body.set("model", id);
    }
    Ok(())
}

/// Takes out what an upstream that does not tell capitals from small letters (Go's JSON, so every Ollama) reads as `name` too.
/// Otherwise `{"model": "granted", "Model": "secret"}` would be asked for under the one name and answered by the other.
fn drop_spellings(body: &mut Body, name: &str) {
    let others: Vec<String> = body.names().filter(|other| *other != name && other.eq_ignore_ascii_case(name)).map(str::to_owned).collect();
    for other in &others {
        body.remove(other);
    }
}

/// Puts `sources` in front of the members of a whole answer: what the server found, what filters cited, and what the answer itself cites.
async fn with_sources(json: Bytes, sources: &[Source], cited: Vec<Value>) -> Result<Bytes, Error> {
    if sources.is_empty() && cited.is_empty() {
        return Ok(json);
    }
    let mut answer =
        Body::read(json).await.map_err(|error| Error::BadUpstream(format!("the upstream's answer cannot be read: {error}")))?;
    let mut all: Vec<Value> = sources.iter().map(|source| json!(source)).chain(cited).collect();
    all.extend(answer.get::<Vec<Value>>("sources").ok().flatten().unwrap_or_default());
    answer.remove("sources");
    let rest = answer.to_bytes();
    let rest = rest.trim_ascii_start();
    let mut out = b"{\"sources\":".to_vec();
    out.extend(serde_json::to_vec(&all).map_err(Error::internal)?);
    if answer.names().next().is_some() {
        out.push(b',');
    }
    out.extend_from_slice(&rest[1..]);
    Ok(out.into())
}

/// Puts an event with `sources` in front of a stream.
fn lead_with(sources: &[Source], stream: SseBytes) -> SseBytes {
    if sources.is_empty() {
        return stream;
    }
    let first = wire::frame(&serde_json::json!({ "sources": sources }));
    Box::pin(futures_util::stream::iter([Ok(first)]).chain(stream))
}
