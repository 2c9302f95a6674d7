//! The upstreams' own APIs, behind our credentials and grants.
//!
//! Whatever names a model goes only where the caller may use that model; whatever changes an upstream is the administrators'.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::Value;
use transom_domain::Caller;
use transom_llm::{Body, RawAnswer, RawBody, RawRequest, RawUpstream};

use super::parameters::Place;
use super::{Chat, controls, drop_spellings, name_upstream_model, parameters, upstream};
use crate::Error;
use crate::models::{Connection, Kind};

/// An answer that is read whole (a list of running models, a version) is never larger than this, in bytes.
const LARGEST_ANSWER: usize = 16 << 20;

/// A call to pass through.
pub struct Forward {
    /// The method.
    pub method: http::Method,
    /// Path below the upstream's base address, with the query where there is one.
    pub path: String,
    /// The body's media type.
    pub content_type: Option<String>,
    /// Which connection, by its index; `None` for whichever has the model, or the first.
    pub index: Option<usize>,
}

/// An upstream's answer, whatever its status.
pub type ProxyAnswer = RawAnswer;

impl Chat {
    /// Passes a call through that names a model in its JSON body (`model`, or Ollama's older `name`).
    pub async fn forward_to_model(&self, caller: &Caller, kind: Kind, call: Forward, bytes: Bytes) -> Result<ProxyAnswer, Error> {
        let mut body = Body::parse(bytes)?;
        controls::check_endpoint(caller, &call.path)?;
        if controls::is_conversation(&call.path) {
            controls::check(caller, &body)?;
        }
        let member = if body.has("model") { "model" } else { "name" };
        let Some(name) = body.text(member)? else {
            return Err(Error::Malformed("`model` is missing".to_owned()));
        };
        let resolved =
            self.models.resolve(caller, &name).await?.filter(|resolved| resolved.upstream().is_some_and(|upstream| upstream.kind == kind));
        let Some(resolved) = resolved else {
            return Err(if caller.is_admin() {
                Error::Invalid(format!("Model '{name}' was not found"))
            } else {
                Error::Forbidden("Model not found".to_owned())
            });
        };
        let upstream = upstream(&resolved)?;
        let connection = match call.index {
            None => upstream.connection(),
            Some(index) => upstream
                .connections
                .iter()
                .find(|connection| connection.index == index)
                .ok_or_else(|| Error::Invalid(format!("connection {index} does not offer the model {name}")))?,
        };
        // The upstream is told one name and one only: the one that was judged.
        drop_spellings(&mut body, "model");
        if kind == Kind::Ollama {
            drop_spellings(&mut body, "name");
            body.remove("name");
        }
        name_upstream_model(&mut body, &resolved)?;
        if body.has("messages") {
            let openai_shaped = kind == Kind::OpenAi || call.path.starts_with("/v1/");
            parameters::apply(&mut body, &resolved, if openai_shaped { Place::Top } else { Place::Options })?;
        }
        send(connection, call, RawBody::Whole(body.to_bytes())).await
    }

    /// Passes an administrator's call through to one connection, whatever it says.
    pub async fn forward_as_admin(&self, kind: Kind, call: Forward, body: RawBody) -> Result<ProxyAnswer, Error> {
        let connection = self.connection(kind, call.index.unwrap_or(0))?;
        send(connection, call, body).await
    }

    /// Passes an administrator's change of a model through, to the connection that has it, and asks for the models anew afterwards.
    pub async fn change_model(&self, caller: &Caller, call: Forward, bytes: Bytes) -> Result<ProxyAnswer, Error> {
        let mut index = call.index;
        let body = if bytes.is_empty() { None } else { Some(Body::parse(bytes.clone())?) };
        if let (None, Some(body)) = (index, body) {
            for member in ["model", "name", "source"] {
                let Ok(Some(name)) = body.text(member) else { continue };
                let resolved = self.models.resolve(caller, &name).await?;
                let known = resolved.as_ref().and_then(|resolved| resolved.upstream()).filter(|upstream| upstream.kind == Kind::Ollama);
                index = index.or(known.map(|upstream| upstream.connection().index));
            }
        }
        let connection = self.connection(Kind::Ollama, index.unwrap_or(0))?;
        let mut answer = send(connection, call, RawBody::Whole(bytes)).await?;
        let models = self.models.clone();
        // When the answer has gone through (a pull takes minutes), the catalogue learns of the change; so also when the client left early.
        let refresh = RefreshAtEnd(Some(models));
        answer.body = Box::pin(answer.body.map(move |part| {
            let _ = &refresh;
            part
        }));
        Ok(answer)
    }

    /// Asks every connection of a kind the same question, side by side; those that answer with JSON are heard, in order.
    pub async fn ask_each(&self, kind: Kind, path: &str) -> Result<Vec<(usize, Value)>, Error> {
        let connections: Vec<&Connection> = self.models.connections().iter().filter(|connection| connection.kind == kind).collect();
        let answers = join_all(connections.iter().map(|connection| async {
            let call = Forward { method: http::Method::GET, path: path.to_owned(), content_type: None, index: None };
            let json = read_json(send(connection, call, RawBody::Empty).await?).await?;
            Ok::<_, Error>((connection.index, json))
        }))
        .await;
        let mut failure = None;
        let mut heard = Vec::new();
        for answer in answers {
            match answer {
                Ok(answer) => heard.push(answer),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if heard.is_empty() => Err(error),
            _ => Ok(heard),
        }
    }

    /// The connection of this kind and index.
    pub fn connection(&self, kind: Kind, index: usize) -> Result<&Connection, Error> {
        self.models.connection(kind, index).ok_or_else(|| Error::NotFound(format!("there is no connection {index}")))
    }
}

async fn send(connection: &Connection, call: Forward, body: RawBody) -> Result<RawAnswer, Error> {
    let Some(raw) = &connection.raw else {
        return Err(Error::Invalid("this connection has no API of its own".to_owned()));
    };
    let raw: &dyn RawUpstream = raw.as_ref();
    Ok(raw.forward(RawRequest { method: call.method, path: call.path, content_type: call.content_type, body }).await?)
}

/// A whole answer, as JSON.
async fn read_json(mut answer: RawAnswer) -> Result<Value, Error> {
    let mut whole = Vec::new();
    while let Some(part) = answer.body.next().await {
        whole.extend_from_slice(&part?);
        if whole.len() > LARGEST_ANSWER {
            return Err(Error::BadUpstream("an upstream's answer is too large to read".to_owned()));
        }
    }
    if !answer.status.is_success() {
        let detail = serde_json::from_slice(&whole).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&whole).into_owned()));
        return Err(Error::Refused { status: answer.status.as_u16(), detail });
    }
    serde_json::from_slice(&whole).map_err(|_| Error::BadUpstream("an upstream sent something that is no JSON".to_owned()))
}

/// An upstream's refusal as one of ours: its status, and its words.
pub async fn refusal(mut answer: RawAnswer) -> Error {
    let mut whole = Vec::new();
    while let Some(Ok(part)) = answer.body.next().await {
        whole.extend_from_slice(&part);
        if whole.len() > 64 << 10 {
            break;
        }
    }
    let detail = match serde_json::from_slice::<Value>(&whole) {
        Ok(json) => {
            let words = ["error", "detail", "message"].iter().find_map(|member| json.get(*member).filter(|words| !words.is_null()));
            let words = words.map(|words| words.get("message").filter(|message| message.is_string()).unwrap_or(words));
            words.cloned().unwrap_or(json)
        }
        Err(_) if whole.trim_ascii().is_empty() => "the model's server gave no reason".into(),
        Err(_) => Value::String(String::from_utf8_lossy(&whole).into_owned()),
    };
    Error::Refused { status: answer.status.as_u16(), detail }
}

/// Asks for the models anew when the answer it rides on has ended.
struct RefreshAtEnd(Option<crate::models::Models>);

impl Drop for RefreshAtEnd {
    fn drop(&mut self) {
        let Some(models) = self.0.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = models.refresh().await {
                tracing::warn!(%error, "the model catalogue could not be refreshed");
            }
        });
    }
}
