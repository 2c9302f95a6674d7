//! The description of the API, against the routes that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use transom_api::description;

fn operations(description: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = description["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[test]
fn every_route_is_described() {
    let description = description();
    let described: BTreeSet<String> = operations(&description).map(|(name, _)| shape(&name)).collect();
    for (method, path) in transom_api::routes() {
        let name = format!("{} {path}", method.as_str().to_lowercase());
        assert!(described.contains(&shape(&name)), "{name}");
    }
}

/// A path without the names and patterns of its parameters. With and without a slash at its end it is described once.
fn shape(path: &str) -> String {
    let mut parts = path.trim_end_matches('/').split('{');
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |shape, part| shape + "{}" + part.split_once('}').map_or("", |(_, rest)| rest))
}

/// The operations of the reference's own description, where this machine has it.
fn reference() -> Option<Value> {
    let shared = std::env::var_os("TRANSOM_SHARED").map(std::path::PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let text = std::fs::read(shared.join("contract/reference/openapi-0.12.4.json")).ok()?;
    Some(serde_json::from_slice(&text).expect("the reference's description is JSON"))
}

#[test]
fn an_operation_of_the_reference_keeps_its_id_its_tag_and_its_parameters_names() {
    let description = description();
    let signin = &description["paths"]["/api/v1/auths/signin"]["post"];
    assert_eq!(signin["operationId"], "signin_api_v1_auths_signin_post");
    assert_eq!(signin["tags"], json!(["auths"]));
    assert!(description["paths"]["/ollama/api/tags/{url_idx}"]["get"].is_object());

    let Some(reference) = reference() else { return };
    let ours: BTreeMap<String, &Value> = operations(&description).collect();
    let by_shape: BTreeMap<String, String> = ours.keys().map(|name| (shape(name), name.clone())).collect();
    let mut compared = 0;
    for (name, operation) in operations(&reference) {
        let Some(known) = by_shape.get(&shape(&name)) else { continue };
        assert_eq!(known, &name);
        assert_eq!(ours[known].get("tags"), operation.get("tags"), "{name}");
        // One handler serves four methods there under one id, which ids here must not.
        if !name.ends_with(" /openai/{path}") {
            assert_eq!(ours[known]["operationId"], operation["operationId"], "{name}");
        }
        compared += 1;
    }
    assert!(compared > 150, "{compared}");
}

/// The schema that an operation's body or answer is in one word, `None` where it has no name of its own.
fn schema_name(content: &Value) -> Option<&str> {
    let schema = &content["content"].as_object()?.values().next()?["schema"];
    let named = schema.get("$ref").or_else(|| schema["items"].get("$ref"));
    named?.as_str()?.rsplit('/').next()
}

#[test]
fn a_body_that_the_reference_names_has_the_same_name_here() {
    let description = description();
    let signin = &description["paths"]["/api/v1/auths/signin"]["post"];
    assert_eq!(schema_name(&signin["requestBody"]), Some("SigninForm"));
    assert_eq!(schema_name(&signin["responses"]["200"]), Some("SessionUserResponse"));

    let Some(reference) = reference() else { return };
    let theirs: BTreeMap<String, &Value> = operations(&reference).collect();
    // Forms of the reference that have the same members are one schema here, bodies that pass through have none, and the default
    // permissions are a form of their own.
    let other: BTreeSet<&str> =
        ["KnowledgeFileRequests", "ModelCall", "Object", "ObjectOrNull", "GroupForm", "ModelsImportForm", "DefaultPermissions"].into();
    let mut compared = 0;
    for (name, operation) in operations(&description) {
        let Some(known) = theirs.get(&name) else { continue };
        let pair = (schema_name(&operation["requestBody"]), schema_name(&known["requestBody"]));
        let (Some(ours), Some(theirs)) = pair else { continue };
        if !other.contains(ours) {
            assert_eq!(ours, theirs, "{name}");
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");
}

#[test]
fn every_operation_has_an_id_of_its_own_a_summary_known_tags_and_an_answer() {
    let description = description();
    let tags: Vec<&Value> = description["tags"].as_array().into_iter().flatten().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeMap::new();
    for (name, operation) in operations(&description) {
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.ends_with('.')), "{name}");
        // What the reference groups under no tag has none here either.
        assert!(operation["tags"].as_array().into_iter().flatten().all(|tag| tags.contains(&tag)), "{name}");
        assert!(operation["responses"]["200"]["description"].is_string(), "{name}");
        assert!(name.starts_with("head") || operation["responses"]["200"]["content"].is_object(), "{name}");
        if let Some(other) = ids.insert(operation["operationId"].to_string(), name.clone()) {
            panic!("{name} and {other} have the same id");
        }
    }
}

#[test]
fn what_is_mentioned_is_there() {
    let description = description();
    let mut mentioned = BTreeSet::new();
    mentions(&description, &mut mentioned);
    assert!(mentioned.len() > 50, "{mentioned:?}");
    for reference in mentioned {
        assert!(description.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    let text = description.to_string();
    assert!(!text.contains("x-carried") && !text.contains("#/definitions"));
}

fn mentions(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| mentions(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| mentions(value, found)),
        _ => {}
    }
}

#[test]
fn what_asks_for_a_credential_takes_either_and_says_how_it_refuses() {
    let description = description();
    for (name, operation) in operations(&description) {
        let Some(security) = operation.get("security") else { continue };
        let schemes: Vec<&String> = security
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|one| one.as_object().into_iter().flatten())
            .map(|(scheme, _)| scheme)
            .collect();
        assert_eq!(schemes, ["bearer", "key"], "{name}");
        assert!(operation["responses"]["401"].is_object() && operation["responses"]["403"].is_object(), "{name}");
    }
    let roles = |path: &str, method: &str| description["paths"][path][method]["security"][0]["bearer"].clone();
    assert_eq!(roles("/api/v1/users/", "get"), json!(["admin"]));
    assert_eq!(roles("/api/models", "get"), json!([]));
    assert!(description["paths"]["/api/v1/auths/signin"]["post"].get("security").is_none());
}

#[test]
fn streams_and_uploads_are_described_in_their_media_types() {
    let description = description();
    let chat = &description["paths"]["/api/chat/completions"]["post"]["responses"]["200"]["content"];
    assert!(chat["application/json"]["schema"].is_object() && chat["text/event-stream"].is_object(), "{chat}");
    let proxy = &description["paths"]["/ollama/api/generate"]["post"]["responses"]["200"]["content"];
    assert!(proxy["application/x-ndjson"].is_object(), "{proxy}");
    let upload = &description["paths"]["/api/v1/files/"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]["$ref"];
    let form = description.pointer(upload.as_str().unwrap_or_default().trim_start_matches('#'));
    assert_eq!(form.map(|form| &form["required"]), Some(&json!(["file"])));
}

/// Written anew with `UPDATE_BOOK=1`.
#[test]
#[allow(clippy::disallowed_methods, reason = "the variable is for whoever runs the test")]
fn the_description_in_the_book_is_this_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/openapi.json");
    let description = transom_api::description_text();
    if std::env::var_os("UPDATE_BOOK").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, &description).expect("it is written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == description, "docs/api/openapi.json is not what the code says; UPDATE_BOOK=1 cargo nextest run writes it");
}
