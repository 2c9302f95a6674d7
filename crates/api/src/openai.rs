//! `/openai/…`: the OpenAI-compatible upstreams' own API, behind our credentials and grants.

use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Result};
use serde_json::{Value, json};
use transom_app::chat::{Forward, Road};
use transom_app::models::Kind;
use transom_app::{App, Error};
use transom_domain::Caller;
use transom_llm::RawBody;

use crate::body::{Authorized, JsonObject, Raw};
use crate::chat::reply;
use crate::{Admin, ApiError, SignedIn, head, relay};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/openai/config").route(web::get().to(get_config)))
        .service(web::resource("/openai/models").route(web::get().to(list_models)))
        .service(web::resource("/openai/models/{index:\\d+}").route(web::get().to(list_models_of_one)))
        .service(web::resource("/openai/chat/completions").route(web::post().to(complete_chat)))
        .service(web::resource("/openai/embeddings").route(web::post().to(create_embeddings)))
        .service(
            web::resource("/openai/{path:.+}")
                .route(web::post().to(forward))
                .route(web::get().to(forward_for_admin))
                .route(web::put().to(forward_for_admin))
                .route(web::delete().to(forward_for_admin)),
        );
}

/// Addresses, but no keys: those are shown to nobody.
async fn get_config(app: Data<App>, _admin: Admin) -> HttpResponse {
    let bases: Vec<&str> = connections(&app).collect();
    HttpResponse::Ok().json(json!({
        "ENABLE_OPENAI_API": !bases.is_empty(),
        "OPENAI_API_KEYS": bases.iter().map(|_| "").collect::<Vec<_>>(),
        "OPENAI_API_BASE_URLS": bases,
        "OPENAI_API_CONFIGS": {},
    }))
}

fn connections(app: &App) -> impl Iterator<Item = &str> {
    app.models.connections().iter().filter(|connection| connection.kind == Kind::OpenAi).map(|connection| connection.models.name())
}

async fn list_models(app: Data<App>, SignedIn(caller): SignedIn) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(json!({ "data": models(&app, &caller, None).await?, "object": "list" })))
}

async fn list_models_of_one(app: Data<App>, SignedIn(caller): SignedIn, index: Path<usize>) -> Result<HttpResponse, ApiError> {
    app.chat.connection(Kind::OpenAi, *index)?;
    Ok(HttpResponse::Ok().json(json!({ "data": models(&app, &caller, Some(*index)).await?, "object": "list" })))
}

async fn models(app: &App, caller: &Caller, index: Option<usize>) -> Result<Vec<Value>, Error> {
    let offered = app.models.offered(caller, Kind::OpenAi).await?;
    let of_index = |entry: &&std::sync::Arc<transom_app::models::Entry>| {
        index.is_none_or(|index| {
            entry.upstream.as_ref().is_some_and(|upstream| upstream.connections.iter().any(|connection| connection.index == index))
        })
    };
    offered.iter().filter(of_index).map(|entry| serde_json::from_slice(entry.json()).map_err(Error::internal)).collect()
}

async fn complete_chat(app: Data<App>, request: HttpRequest, call: Authorized<SignedIn, JsonObject>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), JsonObject(body)) = call;
    Ok(reply(app.chat.complete(&caller, body, Road::OpenAi, || head::of(&request)).await?))
}

async fn create_embeddings(app: Data<App>, call: Authorized<SignedIn, JsonObject>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), JsonObject(body)) = call;
    Ok(relay::json(app.chat.embeddings(&caller, body, Road::OpenAi).await?))
}

/// Any other call. One that names a model in a JSON body goes where that model is granted; every other is an administrator's.
async fn forward(app: Data<App>, request: HttpRequest, call: Authorized<SignedIn, Raw>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), Raw(bytes)) = call;
    let forward = outgoing(&request)?;
    let names_model = transom_llm::Body::parse(bytes.clone()).is_ok_and(|body| body.has("model"));
    let answer = match (names_model, caller.is_admin()) {
        (true, _) => app.chat.forward_to_model(&caller, Kind::OpenAi, forward, bytes).await?,
        (false, true) => app.chat.forward_as_admin(Kind::OpenAi, forward, RawBody::Whole(bytes)).await?,
        (false, false) => return Err(Error::Forbidden("Model not found".to_owned()).into()),
    };
    relay::upstream(answer).await
}

async fn forward_for_admin(app: Data<App>, request: HttpRequest, call: Authorized<Admin, Raw>) -> Result<HttpResponse, ApiError> {
    let Authorized(_, Raw(bytes)) = call;
    let body = if bytes.is_empty() { RawBody::Empty } else { RawBody::Whole(bytes) };
    relay::upstream(app.chat.forward_as_admin(Kind::OpenAi, outgoing(&request)?, body).await?).await
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
