//! `/ollama/…`: Ollama's own API, byte for byte, behind our credentials and grants.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::web::Data;
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
use crate::openai::outgoing_call;
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

/// A path by itself, and with a connection chosen in it.
fn with_index(path: &str) -> [String; 2] {
    [format!("/ollama{path}"), format!("/ollama{path}/{{index:\\d+}}")]
}

/// The connection may be named in the path (`/ollama/api/generate/1`) or in the query (`?url_idx=1`).
#[derive(Deserialize, ToSchema)]
struct Choice {
    /// Which connection of the settings, counted from 0
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    url_idx: Option<u64>,
}

fn chosen(request: &HttpRequest, choice: &Choice) -> Option<usize> {
    request.match_info().get("index").and_then(|index| index.parse().ok()).or_else(|| usize::try_from(choice.url_idx?).ok())
}

/// The route below `/ollama`, without the prefix under which somebody mounted it, and without the connection's index: the path at the upstream.
fn outgoing(request: &HttpRequest, choice: &Choice) -> Forward {
    // Nothing of an upstream's path says it again, so the last one is ours.
    let path = request.path().rsplit_once("/ollama").map(|(_, path)| path).unwrap_or_default();
    let path = match request.match_info().get("index") {
        Some(index) => path.strip_suffix(index).and_then(|path| path.strip_suffix('/')).unwrap_or(path),
        None => path,
    };
    outgoing_call(request, path.to_owned(), chosen(request, choice))
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
    #[schema(value_type = Option<String>, examples("0.12.6"))]
    version: Value,
}

/// Says that there is somebody here, as Ollama does
#[api_v2_operation]
async fn get_ollama_status(_caller: SignedIn) -> Reply<Status> {
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
    let entries = offered(&gateway, &caller, chosen(&request, &choice)).await?;
    Ok(Reply::of(&OllamaModels { models: entries.iter().filter_map(raw).collect() }))
}

/// Lists the models that the caller may use, in OpenAI's shape
#[api_v2_operation]
async fn list_ollama_models(
    gateway: Data<Gateway>,
    SignedIn(caller): SignedIn,
    request: HttpRequest,
    choice: Query<Choice>,
) -> Result<Reply<OpenAiModels>, ApiError> {
    let entries = offered(&gateway, &caller, chosen(&request, &choice)).await?;
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
    entries.retain(|entry| {
        let upstream = entry.upstream.as_ref();
        index.is_none_or(|index| upstream.is_some_and(|upstream| upstream.connections.iter().any(|connection| connection.index == index)))
    });
    Ok(entries)
}

/// The entry as Ollama lists it, with which connections offer it.
fn raw(entry: &std::sync::Arc<Entry>) -> Option<Value> {
    let upstream = entry.upstream.as_ref()?;
    let mut raw = upstream.model.raw.clone();
    let indexes: Vec<usize> = upstream.connections.iter().map(|connection| connection.index).collect();
    let fields = raw.as_object_mut()?;
    fields.insert("connection_type".to_owned(), json!("local"));
    fields.insert("urls".to_owned(), json!(indexes));
    Some(raw)
}

/// Lists the models that run now on any connection, and that the caller may use
#[api_v2_operation]
async fn list_running(gateway: Data<Gateway>, SignedIn(caller): SignedIn) -> Result<Reply<OllamaModels>, ApiError> {
    let usable = gateway.models.offered(&caller, Kind::Ollama).await?;
    let mut running = Vec::new();
    for (_, mut answer) in gateway.chat.ask_each(Kind::Ollama, "/api/ps").await? {
        let Some(models) = answer.get_mut("models").and_then(Value::as_array_mut) else { continue };
        running.extend(models.drain(..).filter(|model| usable.iter().any(|entry| model["model"] == entry.id.as_str())));
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
    let wanted = chosen(&request, &choice);
    let answers = gateway.chat.ask_each(Kind::Ollama, "/api/version").await?;
    let versions = answers.into_iter().filter(|(index, _)| wanted.is_none_or(|wanted| wanted == *index)).map(|(_, answer)| answer);
    let lowest = versions.min_by_key(|answer| numbers(answer["version"].as_str().unwrap_or_default()));
    let mut answer = lowest.ok_or_else(|| Error::NotFound("no Ollama is connected".to_owned()))?;
    Ok(Reply::of(&OllamaVersion { version: answer["version"].take() }))
}

/// `0.12.6-rc1` as 0, 12, 6.
fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
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
    let mut forward = outgoing(&request, &choice);
    // curl labels a JSON body as a form; the upstream is told what it is.
    forward.content_type = Some("application/json".to_owned());
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
    let mut forward = outgoing(&request, &choice);
    forward.content_type = Some("application/json".to_owned());
    relay::upstream(gateway.chat.change_model(&caller, forward, bytes).await?).await
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
        .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if !is_digest {
        return Err(Error::Invalid("a blob is named by its digest: sha256:…".to_owned()).into());
    }
    let body = match *request.method() {
        actix_web::http::Method::HEAD => RawBody::Empty,
        _ => RawBody::Stream(sendable(payload)),
    };
    relay::upstream(gateway.chat.forward_as_admin(Kind::Ollama, outgoing(&request, &choice), body).await?).await
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
