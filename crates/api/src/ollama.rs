//! `/ollama/…`: Ollama's own API, byte for byte, behind our credentials and grants.

use actix_web::web::{self, Data, Path, Payload, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Result};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use transom_app::chat::Forward;
use transom_app::models::{Entry, Kind};
use transom_app::{App, Error};
use transom_domain::Caller;
use transom_llm::{LlmError, RawBody};

use crate::body::{Authorized, Raw};
use crate::openai::outgoing_call;
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

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource(["/ollama", "/ollama/"]).route(web::get().to(status)).route(web::head().to(status)))
        .service(web::resource("/ollama/config").route(web::get().to(get_config)))
        .service(web::resource(["/ollama/api/tags", "/ollama/api/tags/{index:\\d+}"]).route(web::get().to(list_tags)))
        .service(web::resource(["/ollama/v1/models", "/ollama/v1/models/{index:\\d+}"]).route(web::get().to(list_models)))
        .service(web::resource("/ollama/api/ps").route(web::get().to(list_running)))
        .service(web::resource(["/ollama/api/version", "/ollama/api/version/{index:\\d+}"]).route(web::get().to(version)))
        .service(
            web::resource(["/ollama/api/blobs/{digest}", "/ollama/api/blobs/{digest}/{index:\\d+}"])
                .route(web::head().to(forward_blob))
                .route(web::post().to(forward_blob)),
        )
        .service(
            web::resource(["/ollama/api/delete", "/ollama/api/delete/{index:\\d+}"])
                .route(web::delete().to(change_model))
                .route(web::post().to(change_model)),
        );
    for path in USING {
        let both = [format!("/ollama{path}"), format!("/ollama{path}/{{index:\\d+}}")];
        config.service(web::resource(both).route(web::post().to(use_model)));
    }
    for path in CHANGING {
        let both = [format!("/ollama{path}"), format!("/ollama{path}/{{index:\\d+}}")];
        config.service(web::resource(both).route(web::post().to(change_model)).route(web::delete().to(change_model)));
    }
}

/// The connection may be named in the path (`/ollama/api/generate/1`) or in the query (`?url_idx=1`).
#[derive(Deserialize)]
struct Choice {
    url_idx: Option<usize>,
}

fn chosen(request: &HttpRequest) -> Option<usize> {
    let in_query = || Query::<Choice>::from_query(request.query_string()).ok().and_then(|query| query.url_idx);
    request.match_info().get("index").and_then(|index| index.parse().ok()).or_else(in_query)
}

/// The route without `/ollama`, and without the connection's index: the path at the upstream.
fn outgoing(request: &HttpRequest) -> Forward {
    let path = request.path().strip_prefix("/ollama").unwrap_or_default();
    let path = match request.match_info().get("index") {
        Some(index) => path.strip_suffix(index).and_then(|path| path.strip_suffix('/')).unwrap_or(path),
        None => path,
    };
    outgoing_call(request, path.to_owned(), chosen(request))
}

async fn status(_caller: SignedIn) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": true }))
}

async fn get_config(app: Data<App>, _admin: Admin) -> HttpResponse {
    let connections = app.models.connections().iter().filter(|connection| connection.kind == Kind::Ollama);
    let bases: Vec<&str> = connections.map(|connection| connection.models.name()).collect();
    HttpResponse::Ok().json(json!({ "ENABLE_OLLAMA_API": !bases.is_empty(), "OLLAMA_BASE_URLS": bases, "OLLAMA_API_CONFIGS": {} }))
}

async fn list_tags(app: Data<App>, SignedIn(caller): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let entries = offered(&app, &caller, chosen(&request)).await?;
    Ok(HttpResponse::Ok().json(json!({ "models": entries.iter().filter_map(raw).collect::<Vec<_>>() })))
}

async fn list_models(app: Data<App>, SignedIn(caller): SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let entries = offered(&app, &caller, chosen(&request)).await?;
    let data: Vec<Value> = entries
        .iter()
        .map(|entry| json!({ "id": entry.id, "object": "model", "created": transom_domain::now(), "owned_by": "openai" }))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "data": data, "object": "list" })))
}

async fn offered(app: &App, caller: &Caller, index: Option<usize>) -> Result<Vec<std::sync::Arc<Entry>>, Error> {
    if let Some(index) = index {
        app.chat.connection(Kind::Ollama, index)?;
    }
    let mut entries = app.models.offered(caller, Kind::Ollama).await?;
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

/// The models that run now on any connection, and that the caller may use.
async fn list_running(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    let usable = app.models.offered(&caller, Kind::Ollama).await?;
    let mut running = Vec::new();
    for (_, mut answer) in app.chat.ask_each(Kind::Ollama, "/api/ps").await? {
        let Some(models) = answer.get_mut("models").and_then(Value::as_array_mut) else { continue };
        running.extend(models.drain(..).filter(|model| usable.iter().any(|entry| model["model"] == entry.id.as_str())));
    }
    Ok(HttpResponse::Ok().json(json!({ "models": running })))
}

/// The version of the connection that was asked for, or the lowest of all: what every one of them understands.
async fn version(app: Data<App>, _caller: SignedIn, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let wanted = chosen(&request);
    let answers = app.chat.ask_each(Kind::Ollama, "/api/version").await?;
    let versions = answers.into_iter().filter(|(index, _)| wanted.is_none_or(|wanted| wanted == *index)).map(|(_, answer)| answer);
    let lowest = versions.min_by_key(|answer| numbers(answer["version"].as_str().unwrap_or_default()));
    let answer = lowest.ok_or_else(|| Error::NotFound("no Ollama is connected".to_owned()))?;
    Ok(HttpResponse::Ok().json(json!({ "version": answer["version"] })))
}

/// `0.12.6-rc1` as 0, 12, 6.
fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

async fn use_model(app: Data<App>, request: HttpRequest, call: Authorized<SignedIn, Raw>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), Raw(bytes)) = call;
    let mut forward = outgoing(&request);
    // curl labels a JSON body as a form; the upstream is told what it is.
    forward.content_type = Some("application/json".to_owned());
    relay::upstream(app.chat.forward_to_model(&caller, Kind::Ollama, forward, bytes).await?).await
}

async fn change_model(app: Data<App>, request: HttpRequest, call: Authorized<Admin, Raw>) -> Result<HttpResponse, ApiError> {
    let Authorized(Admin(caller), Raw(bytes)) = call;
    let mut forward = outgoing(&request);
    forward.content_type = Some("application/json".to_owned());
    relay::upstream(app.chat.change_model(&caller, forward, bytes).await?).await
}

/// A layer of a model: checked for, or sent up as it comes.
async fn forward_blob(
    app: Data<App>,
    request: HttpRequest,
    _admin: Admin,
    path: Path<Blob>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
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
    relay::upstream(app.chat.forward_as_admin(Kind::Ollama, outgoing(&request), body).await?).await
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
