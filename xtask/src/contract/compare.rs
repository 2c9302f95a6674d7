//! Our description of the API beside the reference's: which operations there are, and which fields they take and give.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Prints where the two differ, and in one line how much of the reference is there.
pub fn print(server: &Path, reference: &Path) -> Result<(), String> {
    let output = Command::new(server).arg("openapi").output().map_err(|error| format!("{}: {error}", server.display()))?;
    let ours = read(&output.stdout)?;
    let theirs = read(&std::fs::read(reference).map_err(|error| format!("{}: {error}", reference.display()))?)?;
    print!("{}", table(&ours, &theirs));
    Ok(())
}

fn read(json: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(json).map_err(|error| format!("a description of the API cannot be read: {error}"))
}

fn table(ours: &Value, theirs: &Value) -> String {
    let (mine, reference) = (operations(ours), operations(theirs));
    let mut text = format!("\n{:<63} beside the reference\n", "operation");
    let mut groups: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    let (mut differing, mut shared) = (0, 0);
    for (name, operation) in &reference {
        let group = groups.entry(group(name)).or_default();
        group[1] += 1;
        let Some(own) = mine.get(name) else { continue };
        group[0] += 1;
        shared += 1;
        let differences = differences((ours, own), (theirs, operation));
        if !differences.is_empty() {
            differing += 1;
            text += &format!("{name:<63} {}\n", differences.join("; "));
        }
    }
    for name in mine.keys().filter(|name| !reference.contains_key(*name)) {
        text += &format!("{name:<63} ours alone\n");
    }
    // What is missing whole is in the table of counts alone.
    for name in reference.keys().filter(|name| !mine.contains_key(*name) && groups.get(&group(name)).is_some_and(|[here, _]| *here > 0)) {
        text += &format!("{name:<63} not here\n");
    }
    text += &format!("\n{:<30} {:>6} {:>7}\n", "below", "here", "there");
    for (group, [here, there]) in &groups {
        text += &format!("{group:<30} {here:>6} {there:>7}\n");
    }
    let added = mine.len() - shared;
    let percent = 100 * shared / reference.len().max(1);
    text + &format!(
        "\ncoverage: {shared} of the reference's {} operations ({percent} %), {differing} of them with other fields; {added} more\n",
        reference.len()
    )
}

/// Each operation by its method and path, whatever the path's parts are called.
fn operations(description: &Value) -> BTreeMap<String, &Value> {
    let mut operations = BTreeMap::new();
    for (path, item) in description["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten().filter(|(_, operation)| operation["responses"].is_object()) {
            operations.insert(format!("{} {}", method.to_uppercase(), anonymous(path)), operation);
        }
    }
    operations
}

fn anonymous(path: &str) -> String {
    let parts = path.trim_end_matches('/').split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The first two parts that say something: `/api/v1/files`.
fn group(name: &str) -> String {
    let path = name.split(' ').nth(1).unwrap_or_default();
    let depth = if path.starts_with("/api/v1") { 3 } else { 1 };
    format!("/{}", path.split('/').skip(1).take(depth).collect::<Vec<_>>().join("/"))
}

fn differences((ours, own): (&Value, &Value), (theirs, operation): (&Value, &Value)) -> Vec<String> {
    let query = |operation: &Value| -> BTreeSet<String> {
        let parameters = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query");
        parameters.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
    };
    let schema = |description: &Value, body: &Value| -> Option<BTreeSet<String>> {
        let content = body["content"].as_object()?;
        let media = content.get("application/json").or_else(|| content.values().next())?;
        let mut fields = BTreeSet::new();
        collect(description, &media["schema"], &mut fields, 0);
        // What says nothing of its fields cannot be compared.
        Some(fields).filter(|fields| !fields.is_empty())
    };
    let mut found = Vec::new();
    compare("query", &query(own), &query(operation), &mut found);
    let bodies = [
        ("body", schema(ours, &own["requestBody"]), schema(theirs, &operation["requestBody"])),
        ("answer", schema(ours, &own["responses"]["200"]), schema(theirs, &operation["responses"]["200"])),
    ];
    for (what, own, other) in bodies {
        if let (Some(own), Some(other)) = (own, other) {
            compare(what, &own, &other, &mut found);
        }
    }
    found
}

fn compare(what: &str, own: &BTreeSet<String>, other: &BTreeSet<String>, found: &mut Vec<String>) {
    let list = |names: Vec<&String>| names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let (lacks, adds) = (list(other.difference(own).collect()), list(own.difference(other).collect()));
    if !lacks.is_empty() {
        found.push(format!("{what} lacks {lacks}"));
    }
    if !adds.is_empty() {
        found.push(format!("{what} adds {adds}"));
    }
}

/// The names of a schema's fields; of an array those of its items, and of alternatives all.
fn collect(description: &Value, schema: &Value, fields: &mut BTreeSet<String>, depth: usize) {
    if depth > 8 {
        return;
    }
    if let Some(target) = schema["$ref"].as_str().and_then(|reference| description.pointer(reference.trim_start_matches('#'))) {
        return collect(description, target, fields, depth + 1);
    }
    fields.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
    for parts in ["allOf", "anyOf", "oneOf"] {
        schema[parts].as_array().into_iter().flatten().for_each(|part| collect(description, part, fields, depth + 1));
    }
    if schema["items"].is_object() {
        collect(description, &schema["items"], fields, depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn described(path: &str, body: Value, answer: Value) -> Value {
        let content = |schema| json!({ "content": { "application/json": { "schema": schema } } });
        json!({ "paths": { path: { "post": { "requestBody": content(body), "responses": { "200": content(answer) } } } } })
    }

    fn object(fields: &[&str]) -> Value {
        json!({ "type": "object", "properties": fields.iter().map(|field| (*field, json!({}))).collect::<BTreeMap<_, _>>() })
    }

    #[test]
    fn what_one_of_two_descriptions_says_is_listed() {
        let ours = described("/api/v1/files/{id}/rename", object(&["filename"]), object(&["id", "path"]));
        let answer = json!({ "anyOf": [object(&["id"]), { "type": "array", "items": object(&["user"]) }] });
        let mut theirs = described("/api/v1/files/{file_id}/rename/", object(&["filename"]), answer);
        theirs["paths"]["/api/v1/chats"] = theirs["paths"]["/api/v1/files/{file_id}/rename/"].clone();
        let text = table(&ours, &theirs);
        assert!(text.contains("POST /api/v1/files/{}/rename") && text.contains("answer lacks user; answer adds path"), "{text}");
        assert!(text.contains("coverage: 1 of the reference's 2 operations (50 %), 1 of them with other fields; 0 more"), "{text}");
    }
}
