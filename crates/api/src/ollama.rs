//! `/ollama/…`: Ollama's own API, byte for byte, behind our credentials and grants. The query of a request stays here.

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use transom_app::chat::Forward;
use transom_app::models::{Entry, Kind};
use transom_app::{Error, Gateway};
use transom_domain::Caller;
use transom_llm::{LlmError, RawBody};
use utoipa::ToSchema;

use crate::body::{Authorized, Raw, Streaming};
use crate::description::shapes::{Object, Status};
use crate::description::wire::{ModelCall, OpenAiModels};
use crate::openai::{as_json, registered};
use crate::params::{Path, Query, number};
use crate::reply::{Relayed, Reply};
use crate::table::Table;
use crate::{Admin, ApiError, SignedIn, relay};

/// Calls that use a model, by the route's name below `/ollama` and the upstream.
const USING: [&str; 11] = [
    "/api/generate",
    "/api/chat",
    "/api/embed",
    "/api/embeddings",
    "/api/show",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/responses",
    "/v1/images/generations",
];

/// Calls that change what an upstream has.
const CHANGING: [&str; 4] = ["/api/pull", "/api/push", "/api/create", "/api/copy"];

pub(crate) fn routes(table: &mut Table) {
    table.at(["/ollama/", "/ollama"]).get(get_ollama_status).head(get_ollama_status);
    table.at("/ollama/config").get(get_ollama_config);
    table.at(with_index("/api/tags")).get(list_ollama_tags).or([404]);
    table.at(with_index("/v1/models")).get(list_ollama_models).or([404]);
    table.at("/ollama/api/ps").get(list_running).or([404]);
    table.at(with_index("/api/version")).get(get_ollama_version).or([404]);
    table.at(with_index("/api/blobs/{digest}")).head(forward_blob).post(forward_blob);
    table.at(with_index("/api/delete")).delete(change_model).post(change_model).or([404]);
    for path in USING {
        table.at(with_index(path)).post(use_model).or([404]);
    }
    for path in CHANGING {
        table.at(with_index(path)).post(change_model).or([404]).delete(change_model).or([404]);
    }
}

/// The part of a path that chooses a connection.
const INDEX: &str = "/{index:\\d+}";

/// A path by itself, and with a connection chosen in it.
fn with_index(path: &str) -> [String; 2] {
    [format!("/ollama{path}"), format!("/ollama{path}{INDEX}")]
}

/// The connection may be named in the path (`/ollama/api/generate/1`) or in the query (`?url_idx=1`).
#[derive(Deserialize, ToSchema)]
struct Choice {
    /// Which connection of the settings, counted from 0
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    url_idx: Option<u64>,
}

/// The connection that was chosen. A number that no connection can have is refused, not passed over.
fn chosen(request: &HttpRequest, choice: &Choice) -> Result<Option<usize>, Error> {
    let index = match request.match_info().get("index") {
        Some(index) => index.parse().map_err(|_| Error::NotFound(format!("there is no connection {index}")))?,
        None => match choice.url_idx {
            Some(index) => usize::try_from(index).map_err(|_| Error::NotFound(format!("there is no connection {index}")))?,
            None => return Ok(None),
        },
    };
    Ok(Some(index))
}

/// The call at the upstream: the route below `/ollama`, without the connection's index.
fn outgoing(request: &HttpRequest, choice: &Choice) -> Result<Forward, Error> {
    let path = registered(request, "/ollama");
    let path = path.strip_suffix(INDEX).unwrap_or(&path).to_owned();
    let method = http::Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or(http::Method::POST);
    Ok(as_json(Forward { method, path, content_type: None, index: chosen(request, choice)? }))
}

/// The connections of the settings.
#[derive(Serialize, ToSchema)]
struct OllamaConfig<'a> {
    #[serde(rename = "ENABLE_OLLAMA_API")]
    enabled: bool,
    #[serde(rename = "OLLAMA_BASE_URLS")]
    bases: Vec<&'a str>,
    #[serde(rename = "OLLAMA_API_CONFIGS")]
    configs: Object,
}

/// Models as Ollama lists them.
#[derive(Serialize, ToSchema)]
struct OllamaModels {
    #[schema(value_type = Vec<Object>)]
    models: Vec<Value>,
}

/// A version of Ollama.
#[derive(Serialize, ToSchema)]
struct OllamaVersion {
    /// `false` where no Ollama is connected
    #[schema(value_type = Object, examples("0.12.6"))]
    version: Value,
}

/// Says that there is somebody here, as Ollama does, to everybody
#[api_v2_operation]
async fn get_ollama_status() -> Reply<Status> {
    Reply::of(&Status::GOOD)
}

/// Lists the Ollama connections of the settings
#[api_v2_operation]
async fn get_ollama_config(gateway: Data<Gateway>, _admin: Admin) -> Reply<OllamaConfig<'static>> {
    let connections = gateway.models.connections().iter().filter(|connection| connection.kind == Kind::Ollama);
    let bases: Vec<&str> = connections.map(|connection| connection.models.name()).collect();
    Reply::shaped(&OllamaConfig { enabled: !bases.is_empty(), bases, configs: Object::default() })
}

/// Lists the models that the caller may use, as Ollama lists them
#[api_v2_operation]
async fn list_ollama_tags(
    gateway: Data<Gateway>,
    SignedIn(caller): SignedIn,
    request: HttpRequest,
    choice: Query<Choice>,
) -> Result<Reply<OllamaModels>, ApiError> {
    let index = chosen(&request, &choice)?;
    let entries = offered(&gateway, &caller, index).await?;
    Ok(Reply::of(&OllamaModels { models: entries.iter().filter_map(|entry| entry.ollama_json(index)).collect() }))
}

/// Lists the models that the caller may use, in OpenAI's shape
#[api_v2_operation]
async fn list_ollama_models(
    gateway: Data<Gateway>,
    SignedIn(caller): SignedIn,
    request: HttpRequest,
    choice: Query<Choice>,
) -> Result<Reply<OpenAiModels>, ApiError> {
    let entries = offered(&gateway, &caller, chosen(&request, &choice)?).await?;
    let data: Vec<Value> = entries
        .iter()
        .map(|entry| json!({ "id": entry.id, "object": "model", "created": transom_domain::now(), "owned_by": "openai" }))
        .collect();
    Ok(Reply::shaped(&json!({ "data": data, "object": "list" })))
}

async fn offered(gateway: &Gateway, caller: &Caller, index: Option<usize>) -> Result<Vec<std::sync::Arc<Entry>>, Error> {
    if let Some(index) = index {
        gateway.chat.connection(Kind::Ollama, index)?;
    }
    let mut entries = gateway.models.offered(caller, Kind::Ollama).await?;
    if let Some(index) = index {
        let offers = |entry: &Entry| {
            entry.upstream.as_ref().is_some_and(|upstream| upstream.of(Kind::Ollama).any(|of| of.connection.index == index))
        };
        entries.retain(|entry| offers(entry));
    }
    Ok(entries)
}

/// Lists the models that run now on any connection, and that the caller may use
#[api_v2_operation]
async fn list_running(gateway: Data<Gateway>, SignedIn(caller): SignedIn) -> Result<Reply<OllamaModels>, ApiError> {
    let usable = gateway.models.offered(&caller, Kind::Ollama).await?;
    let mut running: Vec<Value> = Vec::new();
    for (index, mut answer) in gateway.chat.ask_each(Kind::Ollama, "/api/ps").await? {
        let Some(models) = answer.get_mut("models").and_then(Value::as_array_mut) else { continue };
        let connection = gateway.chat.connection(Kind::Ollama, index)?;
        for mut model in models.drain(..) {
            let Some(id) = model["model"].as_str().map(|id| connection.public_id(id).into_owned()) else { continue };
            if let Some(known) = running.iter_mut().find(|known| known["model"] == id) {
                known["urls"].as_array_mut().into_iter().for_each(|urls| urls.push(json!(index)));
            } else if usable.iter().any(|entry| entry.id.as_str() == id) {
                (model["model"], model["urls"]) = (json!(id), json!([index]));
                running.push(model);
            }
        }
    }
    Ok(Reply::of(&OllamaModels { models: running }))
}

/// The version of the connection that was asked for, or the lowest of all: what every one of them understands
#[api_v2_operation]
async fn get_ollama_version(
    gateway: Data<Gateway>,
    _caller: SignedIn,
    request: HttpRequest,
    choice: Query<Choice>,
) -> Result<Reply<OllamaVersion>, ApiError> {
    let mut answers: Vec<Value> = match chosen(&request, &choice)? {
        Some(index) => vec![gateway.chat.ask_one(Kind::Ollama, index, "/api/version").await?],
        None => gateway.chat.ask_each(Kind::Ollama, "/api/version").await?.into_iter().map(|(_, answer)| answer).collect(),
    };
    answers.sort_by_key(|answer| numbers(answer["version"].as_str().unwrap_or_default()));
    let version = answers.into_iter().next().map_or(Value::Bool(false), |mut lowest| lowest["version"].take());
    Ok(Reply::of(&OllamaVersion { version }))
}

/// `v0.12.6-rc1` as 0, 12, 6.
fn numbers(version: &str) -> Vec<u64> {
    version.trim_start_matches('v').split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

/// Passes a call that uses a model on to an Ollama that has it
#[api_v2_operation]
async fn use_model(
    gateway: Data<Gateway>,
    request: HttpRequest,
    call: Authorized<SignedIn, Raw<ModelCall>>,
    choice: Query<Choice>,
) -> Result<Relayed, ApiError> {
    let Authorized(SignedIn(caller), Raw(bytes, _)) = call;
    let forward = outgoing(&request, &choice)?;
    relay::upstream(gateway.chat.forward_to_model(&caller, Kind::Ollama, forward, bytes).await?).await
}

/// Passes a call that changes what an Ollama has on to it
#[api_v2_operation]
async fn change_model(
    gateway: Data<Gateway>,
    request: HttpRequest,
    call: Authorized<Admin, Raw<Object>>,
    choice: Query<Choice>,
) -> Result<Relayed, ApiError> {
    let Authorized(Admin(caller), Raw(bytes, _)) = call;
    let forward = outgoing(&request, &choice)?;
    // Ollama says nothing when these are done, and Open WebUI `true`.
    let is_silent = ["/api/copy", "/api/delete"].contains(&forward.path.as_str());
    let mut answer = gateway.chat.change_model(&caller, forward, bytes).await?;
    if !is_silent || !answer.status.is_success() {
        return relay::upstream(answer).await;
    }
    while answer.body.next().await.transpose().map_err(Error::from)?.is_some() {}
    Ok(Relayed(HttpResponse::Ok().json(true)))
}

/// Asks whether a layer of a model is there, or sends it up
#[api_v2_operation]
async fn forward_blob(
    gateway: Data<Gateway>,
    request: HttpRequest,
    Authorized(_admin, Streaming(payload)): Authorized<Admin, Streaming>,
    path: Path<Blob>,
    choice: Query<Choice>,
) -> Result<Relayed, ApiError> {
    let is_digest = path
        .digest
        .strip_prefix("sha256:")
        .or_else(|| path.digest.strip_prefix("sha256-"))
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if !is_digest {
        return Err(Error::Invalid("a blob is named by its digest: sha256:…".to_owned()).into());
    }
    let body = match *request.method() {
        actix_web::http::Method::HEAD => RawBody::Empty,
        _ => RawBody::Stream(sendable(payload)),
    };
    let mut forward = outgoing(&request, &choice)?;
    forward.path = forward.path.replace("{digest}", &path.digest);
    forward.content_type = Some("application/octet-stream".to_owned());
    relay::upstream(gateway.chat.forward_as_admin(Kind::Ollama, forward, body).await?).await
}

#[derive(Deserialize)]
struct Blob {
    digest: String,
}

/// A payload lives on the thread that accepted it; the upstream's client may run on another. A bounded channel joins them.
fn sendable(mut payload: Payload) -> transom_llm::ByteStream {
    let (sender, receiver) = tokio::sync::mpsc::channel(16);
    actix_web::rt::spawn(async move {
        while let Some(part) = payload.next().await {
            let part = part.map_err(|error| LlmError::Internal(format!("the upload broke off: {error}")));
            let ended = part.is_err();
            if sender.send(part).await.is_err() || ended {
                return;
            }
        }
    });
    Box::pin(futures_util::stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|part| (part, receiver)) }))
}
