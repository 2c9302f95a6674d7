//! Refusals in the shape that a route's clients read.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;

use crate::ApiError;
use crate::error::Shape;

/// Which clients ask at this path of the table.
pub(crate) fn of(path: &str) -> Shape {
    const OPENAI: [&str; 7] =
        ["/api/chat/", "/api/v1/chat/", "/api/embeddings", "/api/v1/embeddings", "/api/models", "/openai/", "/ollama/v1/"];
    let is_below = |parents: &[&str]| parents.iter().any(|parent| path.starts_with(parent));
    match path {
        _ if path == "/openai/messages" || path.contains("/v1/messages") => Shape::Anthropic,
        "/api/v1/models" => Shape::OpenAi,
        _ if is_below(&OPENAI) => Shape::OpenAi,
        _ if is_below(&["/ollama"]) => Shape::Ollama,
        _ => Shape::Plain,
    }
}

/// Answers a refusal as OpenAI's clients read it.
pub(crate) async fn openai(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    Ok(shaped(next.call(request).await?.map_into_boxed_body(), Shape::OpenAi))
}

/// Answers a refusal as Anthropic's clients read it.
pub(crate) async fn anthropic(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    Ok(shaped(next.call(request).await?.map_into_boxed_body(), Shape::Anthropic))
}

/// Answers a refusal as Ollama's clients read it.
pub(crate) async fn ollama(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    Ok(shaped(next.call(request).await?.map_into_boxed_body(), Shape::Ollama))
}

fn shaped(response: ServiceResponse<BoxBody>, shape: Shape) -> ServiceResponse<BoxBody> {
    let Some(body) = response.response().error().and_then(|error| error.as_error::<ApiError>()).map(|error| error.body(shape)) else {
        return response;
    };
    response.map_body(|head, _| {
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        BoxBody::new(body.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_clients_of_its_api() {
        for path in
            ["/api/chat/completions", "/api/v1/embeddings", "/api/models", "/api/v1/models", "/openai/{path:.+}", "/ollama/v1/embeddings"]
        {
            assert_eq!(of(path), Shape::OpenAi, "{path}");
        }
        for path in ["/ollama/api/chat", "/ollama/api/tags/{index}", "/ollama"] {
            assert_eq!(of(path), Shape::Ollama, "{path}");
        }
        for path in ["/ollama/v1/messages", "/ollama/v1/messages/{index}"] {
            assert_eq!(of(path), Shape::Anthropic, "{path}");
        }
        for path in ["/api/v1/models/create", "/api/v1/files/", "/api/config", "/health"] {
            assert_eq!(of(path), Shape::Plain, "{path}");
        }
    }
}
