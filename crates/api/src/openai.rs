//! `/openai/…`: the OpenAI-compatible upstreams' own API, behind our credentials and grants.

use actix_web::HttpRequest;
use actix_web::web::Data;
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
use crate::params::Path;
use crate::reply::{Relayed, Reply, Streamed};
use crate::table::Table;
use crate::{Admin, ApiError, SignedIn, head, relay};

pub(crate) fn routes(table: &mut Table) {
    table.at("/openai/config").get(get_openai_config);
    table.at("/openai/models").get(list_openai_models);
    table.at("/openai/models/{index}").get(list_openai_models_of_one);
    table.at("/openai/chat/completions").post(complete_openai_chat).or([404, 409, 503]);
    table.at("/openai/embeddings").post(create_openai_embeddings).or([404, 429, 502, 504]);
    table.at("/openai/{path:.+}").post(forward).get(forward_for_admin).put(forward_for_admin).delete(forward_for_admin);
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
    let of_index = |entry: &&std::sync::Arc<transom_app::models::Entry>| {
        index.is_none_or(|index| {
            entry.upstream.as_ref().is_some_and(|upstream| upstream.connections.iter().any(|connection| connection.index == index))
        })
    };
    offered.iter().filter(of_index).map(|entry| serde_json::from_slice(entry.json()).map_err(Error::internal)).collect()
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

/// Passes any other call on to the upstream
///
/// One that names a model in a JSON body goes where that model is granted; every other is an administrator's.
#[api_v2_operation]
async fn forward(gateway: Data<Gateway>, request: HttpRequest, call: Authorized<SignedIn, Raw<Anything>>) -> Result<Relayed, ApiError> {
    let Authorized(SignedIn(caller), Raw(bytes, _)) = call;
    let forward = outgoing(&request)?;
    let names_model = transom_llm::Body::parse(bytes.clone()).is_ok_and(|body| body.has("model"));
    let answer = match (names_model, caller.is_admin()) {
        (true, _) => gateway.chat.forward_to_model(&caller, Kind::OpenAi, forward, bytes).await?,
        (false, true) => gateway.chat.forward_as_admin(Kind::OpenAi, forward, RawBody::Whole(bytes)).await?,
        (false, false) => return Err(Error::Forbidden("Model not found".to_owned()).into()),
    };
    relay::upstream(answer).await
}

/// Passes an administrator's call on to the upstream
#[api_v2_operation]
async fn forward_for_admin(
    gateway: Data<Gateway>,
    request: HttpRequest,
    call: Authorized<Admin, Raw<Anything>>,
) -> Result<Relayed, ApiError> {
    let Authorized(_, Raw(bytes, _)) = call;
    let body = if bytes.is_empty() { RawBody::Empty } else { RawBody::Whole(bytes) };
    relay::upstream(gateway.chat.forward_as_admin(Kind::OpenAi, outgoing(&request)?, body).await?).await
}

/// The call below the upstream's base address. A path that climbs out of it is refused.
fn outgoing(request: &HttpRequest) -> Result<Forward, ApiError> {
    let path = request.match_info().query("path");
    if path.split(['/', '\\']).any(|part| part == ".." || part == ".") || path.contains('%') {
        return Err(Error::Invalid("this path cannot be passed on".to_owned()).into());
    }
    Ok(outgoing_call(request, format!("/{path}"), None))
}

/// A call to pass on, with the request's method, query and media type.
pub(crate) fn outgoing_call(request: &HttpRequest, mut path: String, index: Option<usize>) -> Forward {
    if !request.query_string().is_empty() {
        path = format!("{path}?{}", request.query_string());
    }
    let content_type = request.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let method = http::Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or(http::Method::POST);
    Forward { method, path, content_type, index }
}
