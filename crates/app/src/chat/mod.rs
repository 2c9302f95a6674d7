//! Chat and embeddings calls: from a caller's request to the upstream's answer.
//!
//! A request is read as far as routing needs: model, stream, files. Where no preset, no file and no field of ours is in it,
//! its bytes go to the upstream as they came, and the answer's bytes come back as they are.

mod parameters;
mod proxy;
mod question;

use bytes::Bytes;
use futures_util::StreamExt;
use transom_domain::Caller;
use transom_llm::{Body, ChatAnswer, ChatRequest, SseBytes, wire};

use crate::Error;
use crate::models::{Kind, Models, Resolved};
use crate::retrieval::{Retrieval, Source};
pub use proxy::{Forward, ProxyAnswer, refusal};

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
    retrieval: Retrieval,
}

impl Chat {
    /// Over this catalogue and these documents.
    pub fn new(models: Models, retrieval: Retrieval) -> Self {
        Self { models, retrieval }
    }

    /// Answers a chat call. What is wrong with its model, its files or its shape is told before any upstream is asked.
    pub async fn complete(&self, caller: &Caller, mut body: Body, road: Road) -> Result<Reply, Error> {
        let resolved = self.model(caller, &body, road).await?;
        drop_spellings(&mut body, "model");
        let stream = body.get::<bool>("stream")?.unwrap_or(false);
        let sources = self.prepare(caller, &mut body, &resolved).await?;
        let connection = upstream(&resolved)?.connection();
        let answer = connection.models.chat(ChatRequest::new(body, stream)).await?;
        Ok(match answer {
            ChatAnswer::Whole(json) => Reply::Whole(with_sources(json, &sources)?),
            streamed => Reply::Stream(lead_with(&sources, wire::sse(streamed, &upstream(&resolved)?.model.id))),
        })
    }

    /// Answers an embeddings call in OpenAI's shape.
    pub async fn embeddings(&self, caller: &Caller, mut body: Body, road: Road) -> Result<Bytes, Error> {
        let resolved = self.model(caller, &body, road).await?;
        drop_spellings(&mut body, "model");
        name_upstream_model(&mut body, &resolved)?;
        Ok(upstream(&resolved)?.connection().models.embeddings(body).await?)
    }

    async fn model(&self, caller: &Caller, body: &Body, road: Road) -> Result<Resolved, Error> {
        let resolved = match body.text("model")? {
            Some(id) => self.models.resolve(caller, &id).await?,
            None => None,
        };
        match (road, resolved) {
            (Road::Api, Some(resolved)) => Ok(resolved),
            (Road::OpenAi, Some(resolved)) if upstream(&resolved)?.kind == Kind::OpenAi => Ok(resolved),
            (Road::OpenAi, _) if !caller.is_admin() => Err(Error::Forbidden("Model not found".to_owned())),
            _ => Err(Error::Invalid("Model not found".to_owned())),
        }
    }

    /// Makes the request the upstream's: presets applied, sources put in, fields of ours taken out. What was found is given back.
    async fn prepare(&self, caller: &Caller, body: &mut Body, resolved: &Resolved) -> Result<Vec<Source>, Error> {
        let files = body.get::<Vec<serde_json::Value>>("files")?.unwrap_or_default();
        let scope = if files.is_empty() { None } else { Some(self.retrieval.resolve(caller, &files).await?) };
        for name in OUR_OWN {
            body.remove(name);
        }
        name_upstream_model(body, resolved)?;
        parameters::apply(body, resolved, parameters::Place::of(upstream(resolved)?.kind))?;
        match scope {
            Some(scope) => self.put_sources(body, resolved, &scope).await,
            None => Ok(Vec::new()),
        }
    }
}

fn upstream(resolved: &Resolved) -> Result<&crate::models::Upstream, Error> {
    resolved.upstream().ok_or_else(|| Error::internal("a resolved model has no upstream"))
}

/// Names the model as its upstream does; the bytes stay untouched where the client did so already.
fn name_upstream_model(body: &mut Body, resolved: &Resolved) -> Result<(), Error> {
    let id = &upstream(resolved)?.model.id;
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

/// Puts `sources` in front of the members of a whole answer.
fn with_sources(json: Bytes, sources: &[Source]) -> Result<Bytes, Error> {
    if sources.is_empty() {
        return Ok(json);
    }
    let answer = Body::parse(json).map_err(|error| Error::BadUpstream(format!("the upstream's answer cannot be read: {error}")))?;
    let rest = answer.to_bytes();
    let rest = rest.trim_ascii_start();
    let mut out = b"{\"sources\":".to_vec();
    out.extend(serde_json::to_vec(sources).map_err(Error::internal)?);
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
