//! `/api/chat/completions` and `/api/embeddings`: every model, in OpenAI's shape. `/api/chat/completed`: the outlets of filters.

use actix_web::HttpRequest;
use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use transom_app::Gateway;
use transom_app::chat::{Reply as Answer, Road};

use crate::body::{Authorized, JsonObject};
use crate::description::shapes::Object;
use crate::description::wire::{ChatCompletedRequest, ChatCompletion, ChatRequest, Embeddings, EmbeddingsRequest};
use crate::reply::{Reply, Streamed, written};
use crate::table::Table;
use crate::{ApiError, SignedIn, head, relay};

pub(crate) fn routes(table: &mut Table) {
    table.at(["/api/chat/completions", "/api/v1/chat/completions"]).post(complete_chat).or([404, 409, 503]);
    table.at(["/api/chat/completed", "/api/v1/chat/completed"]).post(chat_completed).or([404, 502, 504]);
    table.at(["/api/embeddings", "/api/v1/embeddings"]).post(create_embeddings).or([404, 429, 502, 504]);
}

/// Has a model go on with a conversation
///
/// With `stream` the answer comes as Server-Sent Events. With `files`, the model is given what is found in them, and the answer says
/// which passages those were.
#[api_v2_operation]
async fn complete_chat(
    gateway: Data<Gateway>,
    request: HttpRequest,
    call: Authorized<SignedIn, JsonObject<ChatRequest>>,
) -> Result<Streamed<ChatCompletion>, ApiError> {
    let Authorized(SignedIn(caller), JsonObject(body, _)) = call;
    Ok(reply(gateway.chat.complete(&caller, body, Road::Api, || head::of(&request)).await?))
}

/// Puts a finished conversation through the filters' outlets
#[api_v2_operation]
async fn chat_completed(
    gateway: Data<Gateway>,
    request: HttpRequest,
    call: Authorized<SignedIn, JsonObject<ChatCompletedRequest>>,
) -> Result<Reply<Object>, ApiError> {
    let Authorized(SignedIn(caller), JsonObject(body, _)) = call;
    Ok(Reply::written(gateway.chat.completed(&caller, body, || head::of(&request)).await?))
}

/// Makes vectors of texts
#[api_v2_operation]
async fn create_embeddings(
    gateway: Data<Gateway>,
    call: Authorized<SignedIn, JsonObject<EmbeddingsRequest>>,
) -> Result<Reply<Embeddings>, ApiError> {
    let Authorized(SignedIn(caller), JsonObject(body, _)) = call;
    Ok(Reply::written(gateway.chat.embeddings(&caller, body, Road::Api).await?))
}

pub(crate) fn reply(answer: Answer) -> Streamed<ChatCompletion> {
    Streamed::new(match answer {
        Answer::Whole(json) => written(json),
        Answer::Stream(events) => relay::events(events),
    })
}
