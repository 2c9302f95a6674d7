//! What the converted description still lacks, by rules that hold for every operation.

use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

use super::carry::unpack;
use super::{CREDENTIALS, examples, shapes};
use crate::table::Table;

/// What each tag holds.
const TAGS: [(&str, &str); 12] = [
    ("auths", "Signing up, in and out; one's own account and its API key"),
    ("users", "Accounts, their permissions and settings"),
    ("groups", "Groups of accounts, and what they may do"),
    ("models", "What the caller may use; records and presets over upstreams' models"),
    ("chat", "Every model in OpenAI's shape, with sources found in files and collections"),
    ("openai", "The OpenAI-compatible upstreams' own API, behind this server's credentials and grants"),
    ("ollama", "Ollama's own API, behind this server's credentials and grants"),
    ("functions", "Programs that answer as models or look at the calls of others"),
    ("files", "Uploaded files: their bytes, their text, and how far their processing has come"),
    ("knowledge", "Collections of files that are asked together"),
    ("retrieval", "Questions to files and collections, what comes in without an upload, and how it is all set"),
    ("system", "Health, version, and what clients are told of the server"),
];

pub(super) fn apply(description: &mut Value, table: &Table) {
    description["openapi"] = "3.1.0".into();
    description["info"]["description"] = "One server that speaks Open WebUI's HTTP API: every model behind one credential, your \
        documents in every answer. Send a session token or an API key as `Authorization: Bearer …`, or the key in its own header."
        .into();
    description["tags"] = TAGS.iter().filter(|(name, _)| table.places.iter().any(|place| place.tag == *name)).map(tag).collect();
    definitions(&mut description["components"]);
    for (_, path) in members(&mut description["paths"]) {
        for (method, operation) in members(path) {
            bodies(operation);
            refusals(operation);
            if method == "get" || method == "head" {
                operation.as_object_mut().map(|operation| operation.remove("requestBody"));
            }
            if method == "head" {
                without_bodies(operation);
            }
        }
    }
}

fn tag((name, description): &(&str, &str)) -> Value {
    json!({ "name": name, "description": description })
}

pub(super) fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// Schemas take their carriers' places; the two ways to bring a credential; one answer for each refusal.
fn definitions(components: &mut Value) {
    for (_, schema) in members(&mut components["schemas"]) {
        if let Some(carried) = unpack(schema) {
            *schema = carried;
        }
        examples::put(schema);
    }
    components["schemas"]["Failure"] = shapes::failure();
    components["securitySchemes"] = json!({
        CREDENTIALS[0]: { "type": "http", "scheme": "bearer", "description": "a session token or an API key" },
        CREDENTIALS[1]: {
            "type": "apiKey", "in": "header", "name": "x-api-key",
            "description": "an API key, for callers behind a proxy that needs Authorization for itself",
        },
    });
    let refusals = (400..600).filter_map(|status| StatusCode::from_u16(status).ok()).filter_map(|status| Some((status, sentence(status)?)));
    components["responses"] = refusals.map(|(status, sentence)| (name(status), refusal(sentence))).collect::<Map<_, _>>().into();
    components["responses"]["Refused"] = refusal("an upstream's own refusal, with its status and words");
}

fn refusal(description: &str) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Failure" } } } })
}

/// What a status means here; `None` for those that this server never gives.
fn sentence(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        400 => "the request cannot be read, or asks for what cannot be",
        401 => "there is no credential, it is not good, or its account's role is too low",
        403 => "the caller may not do this",
        404 => "it is not there, or not for the caller",
        409 => "it does not go together with what is stored",
        413 => "it is larger than this server takes",
        422 => "the request does not have the shape that is expected here",
        429 => "too many requests; try again later",
        500 => "the server failed; its log says why",
        502 => "the model's server answered with something that is no answer, or not at all",
        503 => "not ready yet; try again later",
        504 => "the model's server did not answer in time",
        507 => "there is no space left for it",
        _ => return None,
    })
}

/// `NotFound` for 404.
fn name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().replace(' ', "")
}

/// What goes in and out takes its carrier's place, in its own media types.
fn bodies(operation: &mut Value) {
    if let Some(body) = operation.get_mut("requestBody") {
        unfold(body);
    }
    for (_, response) in members(&mut operation["responses"]) {
        unfold(response);
    }
}

fn unfold(body: &mut Value) {
    if let Some(content) = body.pointer_mut("/content/application~1json/schema").and_then(unpack) {
        body["content"] = content;
    }
}

/// Each refusal has its sentence and its shape; an upstream's refusals keep their status.
fn refusals(operation: &mut Value) {
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, response) in responses.iter_mut() {
        let refused = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok()).filter(|status| status.as_u16() >= 400);
        if let Some(status) = refused {
            *response = json!({ "$ref": format!("#/components/responses/{}", name(status)) });
        }
    }
    if responses.contains_key("502") {
        responses.insert("4XX".to_owned(), json!({ "$ref": "#/components/responses/Refused" }));
    }
}

/// An answer to HEAD has no body.
fn without_bodies(operation: &mut Value) {
    for (status, response) in members(&mut operation["responses"]) {
        let sentence = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok()).and_then(sentence);
        *response = json!({ "description": sentence.unwrap_or("OK") });
    }
}
