//! The upstreams' own APIs, behind our credentials and grants.
//!
//! Whatever names a model goes only where the caller may use that model; whatever changes an upstream is the administrators'.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::Value;
use transom_domain::Caller;
use transom_llm::{Body, RawAnswer, RawBody, RawRequest, RawUpstream, json};

use super::form::{self, FormPart};
use super::parameters::Place;
use super::refusal::refused;
use super::routing::OurMembers;
use super::{Chat, controls, drop_spellings, name_model, parameters, refresh, upstream};
use crate::Error;
use crate::models::{Connection, Kind, Offering, Resolved};

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
        let mut body = Body::read(bytes).await?;
        controls::check_endpoint(caller, &call.path)?;
        if controls::is_conversation(&call.path) {
            body = controls::checked(caller, body).await?;
        }
        let member = if kind == Kind::Ollama && !body.has("model") { "name" } else { "model" };
        let Some(name) = body.text(member)? else {
            return Err(Error::Malformed("`model` is missing".to_owned()));
        };
        let resolved = self.granted(caller, &name, kind).await?;
        let offering = offering_at(&resolved, kind, call.index, &name)?;
        // The upstream is told one name and one only: the one that was judged.
        if kind == Kind::Ollama {
            drop_spellings(&mut body, "name");
            body.remove("name");
        }
        let body = self.judge_routing(caller, body, OurMembers::Stay, &resolved).await?;
        let place = if kind == Kind::OpenAi || call.path.starts_with("/v1/") { Place::Top } else { Place::Options };
        let (known, id) = (resolved.clone(), offering.model.id.clone());
        let (body, fitted) = body
            .work(move |body| {
                name_model(body, &id)?;
                if body.has("messages") { parameters::apply(body, &known, place) } else { Ok(()) }
            })
            .await;
        fitted?;
        send(&offering.connection, call, Some(&offering.model.id), RawBody::Whole(body.to_bytes())).await
    }

    /// Passes a form through that names a model in its field `model`. It is written anew, so that the upstream reads the parts that were
    /// judged here and no others.
    pub async fn forward_form(
        &self,
        caller: &Caller,
        kind: Kind,
        mut call: Forward,
        mut parts: Vec<FormPart>,
    ) -> Result<ProxyAnswer, Error> {
        controls::check_endpoint(caller, &call.path)?;
        let name = form::model(caller, &parts)?;
        let resolved = self.granted(caller, &name, kind).await?;
        let offering = offering_at(&resolved, kind, call.index, &name)?;
        form::set_model(&mut parts, &offering.model.id);
        let (content_type, body) = form::write(parts);
        call.content_type = Some(content_type);
        send(&offering.connection, call, Some(&offering.model.id), RawBody::Parts(body)).await
    }

    /// The model of this name at an upstream of this kind, where the caller may use it.
    async fn granted(&self, caller: &Caller, name: &str, kind: Kind) -> Result<Resolved, Error> {
        let resolved = self.models.resolve_of(caller, name, Some(kind)).await?;
        resolved.ok_or_else(|| match caller.is_admin() {
            true => Error::Invalid(format!("Model '{name}' was not found")),
            false => Error::Forbidden("Model not found".to_owned()),
        })
    }

    /// Passes an administrator's call through to one connection, whatever it says.
    pub async fn forward_as_admin(&self, kind: Kind, call: Forward, body: RawBody) -> Result<ProxyAnswer, Error> {
        let connection = self.connection(kind, call.index.unwrap_or(0))?;
        send(connection, call, None, body).await
    }

    /// Passes an administrator's change of a model through, to the connection that has it. The connection's list is asked for anew
    /// before the end of the answer, so that whoever has read it finds the models as they are.
    pub async fn change_model(&self, caller: &Caller, call: Forward, bytes: Bytes) -> Result<ProxyAnswer, Error> {
        let mut body = if bytes.is_empty() { None } else { Some(Body::read(bytes.clone()).await?) };
        let mut index = call.index;
        for member in ["model", "name", "source", "from"] {
            let Some(name) = body.as_ref().and_then(|body| body.text(member).ok().flatten()) else { continue };
            let Some(known) = self.models.known(caller, &name, Kind::Ollama) else { continue };
            let Ok(offering) = offering_at(&known, Kind::Ollama, index, &name) else { continue };
            index = Some(offering.connection.index);
            // The upstream knows nothing of the prefix that its connection has here.
            if let (Some(body), true) = (&mut body, offering.connection.public_id(&offering.model.id) == name && offering.model.id != name)
            {
                body.set(member, &offering.model.id);
            }
        }
        let connection = self.connection(Kind::Ollama, index.unwrap_or(0))?;
        let bytes = body.map_or(bytes, |body| body.to_bytes());
        let mut answer = send(connection, call, None, RawBody::Whole(bytes)).await?;
        if answer.status.is_success() {
            answer.body = refresh::before_its_end(answer.body, self.models.clone(), Kind::Ollama, connection.index);
        }
        Ok(answer)
    }

    /// Asks one connection a question that is answered with JSON.
    pub async fn ask_one(&self, kind: Kind, index: usize, path: &str) -> Result<Value, Error> {
        ask(self.connection(kind, index)?, path).await
    }

    /// Asks every connection of a kind the same question, side by side; those that answer with JSON are heard, in order.
    pub async fn ask_each(&self, kind: Kind, path: &str) -> Result<Vec<(usize, Value)>, Error> {
        let connections: Vec<&Connection> = self.models.connections().iter().filter(|connection| connection.kind == kind).collect();
        let answers = join_all(connections.iter().map(|connection| async { Ok((connection.index, ask(connection, path).await?)) })).await;
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

/// The offering of a connection that was chosen by its index, or whichever has its turn.
fn offering_at<'r>(resolved: &'r Resolved, kind: Kind, index: Option<usize>, name: &str) -> Result<&'r Offering, Error> {
    let Some(index) = index else { return upstream(resolved) };
    let mut offerings = resolved.offerings().iter();
    let found = offerings.find(|offering| (offering.kind(), offering.connection.index) == (kind, index));
    found.ok_or_else(|| Error::Invalid(format!("connection {index} does not offer the model {name}")))
}

async fn ask(connection: &Connection, path: &str) -> Result<Value, Error> {
    let call = Forward { method: http::Method::GET, path: path.to_owned(), content_type: None, index: None };
    read_json(send(connection, call, None, RawBody::Empty).await?).await
}

async fn send(connection: &Connection, call: Forward, model: Option<&str>, body: RawBody) -> Result<RawAnswer, Error> {
    let Some(raw) = &connection.raw else {
        return Err(Error::Invalid("this connection has no API of its own".to_owned()));
    };
    let raw: &dyn RawUpstream = raw.as_ref();
    let Forward { method, path, content_type, .. } = call;
    let answer = raw.forward(RawRequest { method, path, content_type, model: model.map(str::to_owned), body }).await;
    connection.note(&answer);
    Ok(answer?)
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
        return Err(refused(answer.status, answer.headers, &whole));
    }
    json::read(&whole).map_err(|_| Error::BadUpstream("an upstream sent something that is no JSON".to_owned()))
}
