//! `/api/chat/completions` and `/api/embeddings`: every model, in OpenAI's shape. `/api/chat/completed`: the outlets of filters.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Result};
use transom_app::App;
use transom_app::chat::{Reply, Road};

use crate::body::{Authorized, JsonObject};
use crate::{ApiError, SignedIn, head, relay};

pub(crate) fn routes(config: &mut ServiceConfig) {
    for path in ["/api/chat/completions", "/api/v1/chat/completions"] {
        config.service(web::resource(path).route(web::post().to(complete_chat)));
    }
    for path in ["/api/chat/completed", "/api/v1/chat/completed"] {
        config.service(web::resource(path).route(web::post().to(chat_completed)));
    }
    for path in ["/api/embeddings", "/api/v1/embeddings"] {
        config.service(web::resource(path).route(web::post().to(create_embeddings)));
    }
}

async fn complete_chat(app: Data<App>, request: HttpRequest, call: Authorized<SignedIn, JsonObject>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), JsonObject(body)) = call;
    Ok(reply(app.chat.complete(&caller, body, Road::Api, || head::of(&request)).await?))
}

/// Puts a finished conversation through the filters' outlets.
async fn chat_completed(app: Data<App>, request: HttpRequest, call: Authorized<SignedIn, JsonObject>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), JsonObject(body)) = call;
    Ok(relay::json(app.chat.completed(&caller, body, || head::of(&request)).await?))
}

async fn create_embeddings(app: Data<App>, call: Authorized<SignedIn, JsonObject>) -> Result<HttpResponse, ApiError> {
    let Authorized(SignedIn(caller), JsonObject(body)) = call;
    Ok(relay::json(app.chat.embeddings(&caller, body, Road::Api).await?))
}

pub(crate) fn reply(reply: Reply) -> HttpResponse {
    match reply {
        Reply::Whole(json) => relay::json(json),
        Reply::Stream(events) => relay::events(events),
    }
}
