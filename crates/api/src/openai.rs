//! `/openai/…`: the OpenAI-compatible upstreams' own API, behind our credentials and grants.
//!
//! What names a model is open to whoever may use that model, at the endpoints that are known here. Everything else is an administrator's,
//! and only where the settings say so; what Open WebUI answers itself at these addresses is never passed on.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use paperclip::actix::api_v2_operation;
use serde::Serialize;
use serde_json::{Value, json};
use transom_app::chat::{Forward, Road};
use transom_app::models::Kind;
use transom_app::{Error, Gateway};
use transom_domain::Caller;
use transom_llm::RawBody;
use utoipa::ToSchema;

use crate::body::{Authorized, JsonObject, Raw};
use crate::chat::reply;
use crate::description::shapes::Object;
use crate::description::wire::{Anything, ChatCompletion, ChatRequest, Embeddings, EmbeddingsRequest, OpenAiModels};
use crate::model_call::ModelCallBody;
use crate::params::Path;
use crate::reply::{Relayed, Reply, Streamed};
use crate::table::Table;
use crate::{Admin, ApiError, SignedIn, head, relay};

/// Endpoints of OpenAI's API that name the model they use, as `model` in JSON or in a form; chats and embeddings have routes of their own.
const WITH_MODEL: [&str; 11] = [
    "completions",
    "responses",
    "messages",
    "moderations",
    "rerank",
    "audio/speech",
    "audio/transcriptions",
    "audio/translations",
    "images/generations",
    "images/edits",
    "images/variations",
];

/// The beginnings of paths at which Open WebUI answers itself, in part with the keys of all upstreams in the request. They are never
/// passed on, whoever asks.
const NEVER_PASSED_ON: [&str; 3] = ["config", "verify", "models"];

pub(crate) fn routes(table: &mut Table) {
    table.at("/openai/config").get(get_openai_config);
    table.at("/openai/models").get(list_openai_models);
    table.at("/openai/models/{index}").get(list_openai_models_of_one);
    table.at("/openai/chat/completions").post(complete_openai_chat).or([404, 409, 503]);
    table.at("/openai/embeddings").post(create_openai_embeddings).or([404, 429, 502, 503, 504]);
    for path in WITH_MODEL {
        table.at(["/openai/", path].concat().as_str()).post(use_openai_model).or([503]);
    }
    let rest = table.at("/openai/{path:.+}");
    rest.post(pass_through).or([404]).get(pass_through).or([404]).put(pass_through).or([404]).delete(pass_through).or([404]);
}

/// The connections of the settings. Keys are shown to nobody.
#[derive(Serialize, ToSchema)]
struct OpenAiConfig<'a> {
    #[serde(rename = "ENABLE_OPENAI_API")]
    enabled: bool,
    #[serde(rename = "OPENAI_API_KEYS")]
    keys: Vec<&'a str>,
    #[serde(rename = "OPENAI_API_BASE_URLS")]
    bases: Vec<&'a str>,
    #[serde(rename = "OPENAI_API_CONFIGS")]
    configs: Object,
}

/// Lists the connections of the settings
#[api_v2_operation]
async fn get_openai_config(gateway: Data<Gateway>, _admin: Admin) -> Reply<OpenAiConfig<'static>> {
    let bases: Vec<&str> = connections(&gateway).collect();
    let keys = bases.iter().map(|_| "").collect();
    Reply::shaped(&OpenAiConfig { enabled: !bases.is_empty(), keys, bases, configs: Object::default() })
}

fn connections(gateway: &Gateway) -> impl Iterator<Item = &str> {
    gateway.models.connections().iter().filter(|connection| connection.kind == Kind::OpenAi).map(|connection| connection.models.name())
}

/// Lists the models of these upstreams that the caller may use
#[api_v2_operation]
async fn list_openai_models(gateway: Data<Gateway>, SignedIn(caller): SignedIn) -> Result<Reply<OpenAiModels>, ApiError> {
    Ok(listed(models(&gateway, &caller, None).await?))
}

/// Lists the models of one upstream that the caller may use
#[api_v2_operation]
async fn list_openai_models_of_one(
    gateway: Data<Gateway>,
    SignedIn(caller): SignedIn,
    index: Path<usize>,
) -> Result<Reply<OpenAiModels>, ApiError> {
    gateway.chat.connection(Kind::OpenAi, *index)?;
    Ok(listed(models(&gateway, &caller, Some(*index)).await?))
}

fn listed(models: Vec<Value>) -> Reply<OpenAiModels> {
    Reply::shaped(&json!({ "data": models, "object": "list" }))
}

async fn models(gateway: &Gateway, caller: &Caller, index: Option<usize>) -> Result<Vec<Value>, Error> {
    let offered = gateway.models.offered(caller, Kind::OpenAi).await?;
    Ok(offered.iter().filter_map(|entry| entry.openai_json(index)).collect())
}

/// Has a model of these upstreams go on with a conversation
#[api_v2_operation]
async fn complete_openai_chat(
    gateway: Data<Gateway>,
    request: HttpRequest,
    call: Authorized<SignedIn, JsonObject<ChatRequest>>,
) -> Result<Streamed<ChatCompletion>, ApiError> {
    let Authorized(SignedIn(caller), JsonObject(body, _)) = call;
    Ok(reply(gateway.chat.complete(&caller, body, Road::OpenAi, || head::of(&request)).await?))
}

/// Makes vectors of texts with a model of these upstreams
#[api_v2_operation]
async fn create_openai_embeddings(
    gateway: Data<Gateway>,
    call: Authorized<SignedIn, JsonObject<EmbeddingsRequest>>,
) -> Result<Reply<Embeddings>, ApiError> {
    let Authorized(SignedIn(caller), JsonObject(body, _)) = call;
    Ok(Reply::written(gateway.chat.embeddings(&caller, body, Road::OpenAi).await?))
}

/// Has a model of these upstreams do something else
///
/// The body is what the upstream's own API takes at this path; the query stays here.
#[api_v2_operation]
async fn use_openai_model(
    gateway: Data<Gateway>,
    request: HttpRequest,
    call: Authorized<SignedIn, ModelCallBody>,
) -> Result<Relayed, ApiError> {
    let Authorized(SignedIn(caller), body) = call;
    let forward = Forward { method: http::Method::POST, path: registered(&request, "/openai"), content_type: None, index: None };
    let answer = match body {
        ModelCallBody::Json(bytes) => gateway.chat.forward_to_model(&caller, Kind::OpenAi, as_json(forward), bytes).await?,
        ModelCallBody::Form(parts) => gateway.chat.forward_form(&caller, Kind::OpenAi, forward, parts).await?,
    };
    relay::upstream(answer).await
}

/// Passes an administrator's call on to an upstream
///
/// Only where `ENABLE_OPENAI_API_PASSTHROUGH` is on. A call that names a model in a JSON body goes where that model is, any other to the
/// first upstream.
#[api_v2_operation]
async fn pass_through(
    gateway: Data<Gateway>,
    request: HttpRequest,
    call: Authorized<Passthrough, Raw<Anything>>,
) -> Result<Relayed, ApiError> {
    let Authorized(Passthrough(caller), Raw(bytes, _)) = call;
    let forward = outgoing(&request)?;
    let names_model = transom_llm::Body::read(bytes.clone()).await.is_ok_and(|body| body.has("model"));
    let body = if bytes.is_empty() { RawBody::Empty } else { RawBody::Whole(bytes.clone()) };
    relay::upstream(match names_model {
        true => gateway.chat.forward_to_model(&caller, Kind::OpenAi, forward, bytes).await?,
        false => gateway.chat.forward_as_admin(Kind::OpenAi, forward, body).await?,
    })
    .await
}

/// An administrator, where the settings let calls be passed on as they are. Judged before anything of the body is read.
pub(crate) struct Passthrough(Caller);

impl FromRequest for Passthrough {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = SignedIn::from_request(request, payload);
        let (path, gateway) = (request.match_info().query("path").to_owned(), request.app_data::<Data<Gateway>>().cloned());
        Box::pin(async move {
            let SignedIn(caller) = caller.await?;
            let gateway = gateway.ok_or_else(|| Error::internal("no gateway is mounted"))?;
            if is_never_passed_on(&path) {
                return Err(Error::NotFound("there is nothing at this address, and it is never passed on to an upstream".to_owned()).into());
            }
            if !gateway.models.passthrough() {
                let words = "calls are not passed on as they are; ENABLE_OPENAI_API_PASSTHROUGH lets administrators do so";
                return Err(Error::Forbidden(words.to_owned()).into());
            }
            if caller.is_admin() { Ok(Self(caller)) } else { Err(Error::WrongRole.into()) }
        })
    }
}

fn is_never_passed_on(path: &str) -> bool {
    let first = path.split(['/', '\\']).map(str::trim).find(|part| !part.is_empty()).unwrap_or_default();
    NEVER_PASSED_ON.iter().any(|never| first.eq_ignore_ascii_case(never))
}

/// The call below the upstream's base address, with the request's method, query and media type. A path that climbs out of it is refused.
fn outgoing(request: &HttpRequest) -> Result<Forward, ApiError> {
    let path = request.match_info().query("path");
    if path.split(['/', '\\']).any(|part| part == ".." || part == ".") || path.contains('%') {
        return Err(Error::Invalid("this path cannot be passed on".to_owned()).into());
    }
    let query = request.query_string();
    let path = if query.is_empty() { format!("/{path}") } else { format!("/{path}?{query}") };
    let content_type = request.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let method = http::Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or(http::Method::POST);
    Ok(Forward { method, path, content_type, index: None })
}

/// The path of the route that answers, below this prefix of ours and below the scope under which somebody mounted it. It is what was
/// registered and not what was sent, which may be written in several ways.
pub(crate) fn registered(request: &HttpRequest, prefix: &str) -> String {
    let pattern = request.match_pattern().unwrap_or_default();
    // Nothing of an upstream's path says the prefix again, so the last one is ours.
    pattern.rsplit_once(prefix).map(|(_, path)| path.to_owned()).unwrap_or_default()
}

/// curl labels a JSON body as a form; the upstream is told what it is.
pub(crate) fn as_json(forward: Forward) -> Forward {
    Forward { content_type: Some("application/json".to_owned()), ..forward }
}
