//! What Open WebUI's requests may hold, against what ours declare: nothing of it is taken and dropped without a reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use transom_api::description;

/// The members of requests by Open WebUI's own description, a line each operation.
const REFERENCE: &str = include_str!("reference_fields.txt");

/// Bodies of which every member is looked at, kept, refused or passed on, though few are declared by name.
const TAKEN_WHOLE: [(&str, &str); 11] = [
    ("POST /api/v1/auths/admin/config", "settings that cannot be changed are refused"),
    ("POST /api/v1/retrieval/config/update", "settings that cannot be changed are refused"),
    ("POST /api/v1/retrieval/embedding/update", "settings that cannot be changed are refused"),
    ("POST /api/v1/users/default/permissions", "a tree of switches, all of which are kept"),
    ("POST /api/v1/users/user/settings/update", "an object, all of which is kept"),
    ("POST /api/v1/users/user/info/update", "an object, all of which is kept"),
    ("POST /api/chat/", "an upstream's request, which is passed on"),
    ("POST /api/v1/chat/", "an upstream's request, which is passed on"),
    ("POST /openai/", "an upstream's request, which is passed on"),
    ("POST /ollama/", "an upstream's request, which is passed on"),
    ("DELETE /ollama/", "an upstream's request, which is passed on"),
];

/// Members that are not taken, and why that harms nobody.
const PASSED_OVER: [(&str, &str, &str); 12] = [
    ("GET /api/v1/groups", "share", "every group that the caller may see is listed"),
    ("GET /api/v1/groups/id/{}/members", "membership", "all members are direct ones: groups hold no groups"),
    ("GET /api/v1/users/groups", "include_inherited", "groups inherit nothing"),
    ("GET /api/v1/users/{}/groups", "include_inherited", "groups inherit nothing"),
    ("GET /api/v1/users/user/settings", "raw", "there are no defaults that are laid under the settings"),
    ("GET /api/v1/knowledge/search", "source", "no collection is elsewhere"),
    ("GET /api/v1/knowledge/{}/files", "directory_id", "collections have no folders"),
    ("POST /api/v1/knowledge/{}/reset", "include_directories", "collections have no folders"),
    ("POST /api/v1/models/create", "commit_message", "no history of records is kept"),
    ("POST /api/v1/models/model/update", "commit_message", "no history of records is kept"),
    ("POST /api/v1/retrieval/process/files/batch", "db", "a fault of the reference's description: it is no parameter"),
    ("GET /openai/models", "url_idx", "`/openai/models/{index}` lists the models of one upstream"),
];

/// The members of an object, however its schema is put together.
fn members(description: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = description.pointer(reference.trim_start_matches('#')).expect("what is mentioned is there");
        return members(description, target, found);
    }
    found.extend(schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys().cloned()));
    for several in ["allOf", "anyOf", "oneOf"] {
        schema[several].as_array().into_iter().flatten().for_each(|one| members(description, one, found));
    }
    if schema["items"].is_object() {
        members(description, &schema["items"], found);
    }
}

/// A path whose parts that vary have no names.
fn nameless(path: &str) -> String {
    let pieces: Vec<&str> = path.trim_end_matches('/').split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
    pieces.join("/")
}

/// What each of our operations declares.
fn declared() -> BTreeMap<String, BTreeSet<String>> {
    let description = description();
    let mut declared = BTreeMap::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let found: &mut BTreeSet<String> = declared.entry(format!("{} {}", method.to_uppercase(), nameless(path))).or_default();
            for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(|content| content.values()) {
                members(&description, &content["schema"], found);
            }
            let queries = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query");
            found.extend(queries.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned));
        }
    }
    declared
}

/// The members of each operation of the reference.
fn reference() -> Vec<(&'static str, Vec<&'static str>)> {
    let lines = REFERENCE.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split_once(':').expect("an operation and its members"))
        .map(|(operation, all)| (operation, all.split([' ', ';']).filter(|name| !name.is_empty()).collect()))
        .collect()
}

#[test]
fn every_member_that_a_request_of_the_reference_may_hold_is_declared_or_has_a_reason() {
    let declared = declared();
    let (mut compared, mut needed) = (0, BTreeSet::new());
    for (operation, members) in reference() {
        let Some(ours) = declared.get(operation) else { panic!("{operation} is not here: take it out of the list") };
        let is_whole = TAKEN_WHOLE.iter().any(|(start, _)| operation.starts_with(start));
        for member in members {
            compared += 1;
            let excuse = PASSED_OVER.iter().find(|(of, name, _)| *of == operation && *name == member);
            match (ours.contains(member), excuse) {
                (true, None) => {}
                (true, Some(_)) => panic!("{operation} takes {member}, and needs no reason not to"),
                (false, Some(_)) => _ = needed.insert((operation, member)),
                (false, None) => assert!(is_whole, "{operation} takes no {member}: keep it, use it, refuse it, or say why not"),
            }
        }
    }
    assert!(compared > 300, "{compared}");
    assert_eq!(needed.len(), PASSED_OVER.len(), "a reason is given for what no request holds");
}
