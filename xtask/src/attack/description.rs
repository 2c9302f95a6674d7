//! The server's own description: every operation, and requests that fit it.

use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};

use super::http::Request;
use super::upstream::MODEL;

/// How deep samples follow schemas that hold themselves.
const DEPTH: usize = 6;

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: String,
    pub path: String,
    /// Whether it needs no credential.
    pub is_public: bool,
    /// Names of the query's parameters.
    query: Vec<String>,
    /// The body's media type and schema.
    body: Option<(String, Value)>,
}

/// What requests are aimed at.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    pub user: String,
    pub group: String,
    pub function: String,
    pub file: String,
    pub collection: String,
    pub preset: String,
    /// An address that only the server can reach.
    pub intranet: String,
}

/// The description that a server prints.
pub struct Description {
    pub operations: Vec<Operation>,
    whole: Value,
}

impl Description {
    pub fn of(server: &Path) -> Result<Self, String> {
        let output = Command::new(server).arg("openapi").output().map_err(|error| format!("{}: {error}", server.display()))?;
        let whole: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("the server's description: {error}"))?;
        let mut operations = Vec::new();
        for (path, item) in whole["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten().filter(|(_, operation)| operation["responses"].is_object()) {
                operations.push(Operation::new(method, path, operation, &whole));
            }
        }
        Ok(Self { operations, whole })
    }

    /// A request that fits the description and is aimed at the targets.
    pub fn request(&self, operation: &Operation, targets: &Targets) -> Request {
        let mut request = Request::new(&operation.method, &operation.target(targets));
        let Some((media, schema)) = &operation.body else { return request };
        if media.starts_with("multipart/") {
            let metadata = json!({"knowledge_id": targets.collection});
            let form = format!(
                "--x\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{metadata}\r\n--x\r\nContent-Disposition: form-data; \
                 name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nA short text.\r\n--x--\r\n"
            );
            request = request.body("multipart/form-data; boundary=x", form.into_bytes());
        } else if media == "application/json" {
            request = request.json(&self.body(operation, schema, targets));
        } else {
            request = request.body(media, b"bytes".to_vec());
        }
        request
    }

    fn body(&self, operation: &Operation, schema: &Value, targets: &Targets) -> Value {
        let mut body = self.sample(schema, "", operation, targets, 0);
        // Schemas of conversations are open: what matters in them is not all declared.
        let path = &operation.path;
        if let Some(body) =
            body.as_object_mut().filter(|_| path.contains("chat") || path.starts_with("/ollama/") || path.starts_with("/openai/"))
        {
            body.insert("model".into(), json!(MODEL));
            body.insert("messages".into(), json!([{"role": "user", "content": "What is in my documents?"}]));
            body.insert("prompt".into(), json!("What is in my documents?"));
            body.insert("stream".into(), json!(false));
            body.insert("files".into(), files(targets));
        }
        body
    }

    fn sample(&self, schema: &Value, name: &str, operation: &Operation, targets: &Targets, depth: usize) -> Value {
        if let Some(value) = aimed(name, operation, targets) {
            return if self.is_list(schema) && !value.is_array() { json!([value]) } else { value };
        }
        if depth > DEPTH {
            return Value::Null;
        }
        let within = |schema: &Value| self.sample(schema, name, operation, targets, depth + 1);
        if let Some(target) = self.resolve(schema) {
            return within(target);
        }
        if let Some(value) = schema.get("const").or_else(|| schema["enum"].get(0)).or_else(|| schema["examples"].get(0)) {
            return value.clone();
        }
        for parts in ["anyOf", "oneOf"] {
            let mut parts = schema[parts].as_array().into_iter().flatten();
            if let Some(part) = parts.find(|part| part["type"] != "null") {
                return within(part);
            }
        }
        let mut object = Map::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            object.extend(within(part).as_object().cloned().unwrap_or_default());
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            object.insert(name.clone(), self.sample(property, name, operation, targets, depth + 1));
        }
        match kind(schema) {
            "string" => json!("text"),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            "boolean" => json!(true),
            "array" => json!([within(&schema["items"])]),
            "null" => Value::Null,
            _ => Value::Object(object),
        }
    }

    fn resolve<'a>(&'a self, schema: &Value) -> Option<&'a Value> {
        schema["$ref"].as_str().and_then(|reference| self.whole.pointer(reference.trim_start_matches('#')))
    }

    fn is_list(&self, schema: &Value) -> bool {
        let alternatives = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
        kind(schema) == "array"
            || self.resolve(schema).is_some_and(|target| self.is_list(target))
            || alternatives.is_some_and(|alternatives| alternatives.iter().any(|alternative| self.is_list(alternative)))
    }
}

/// The type of a schema that may be null too.
fn kind(schema: &Value) -> &str {
    let types = &schema["type"];
    let first = || types.as_array()?.iter().filter_map(Value::as_str).find(|kind| *kind != "null");
    types.as_str().or_else(first).unwrap_or_default()
}

/// What a field of this name is given.
fn aimed(name: &str, operation: &Operation, targets: &Targets) -> Option<Value> {
    Some(match name {
        "id" => json!(operation.subject(targets)),
        "file_id" => json!(targets.file),
        "file_ids" => json!([targets.file]),
        "knowledge_id" | "collection_id" => json!(targets.collection),
        "collection_name" if operation.path.contains("/process/") => json!(targets.collection),
        "collection_name" => json!(format!("file-{}", targets.file)),
        "collection_names" => json!([targets.collection, format!("file-{}", targets.file)]),
        "files" if operation.path.contains("/process/") => json!([{"id": targets.file}]),
        "files" => files(targets),
        "user_id" | "principal_id" => json!(targets.user),
        "user_ids" => json!([targets.user]),
        "group_id" => json!(targets.group),
        "model" | "base_model_id" => json!(MODEL),
        "role" => json!("admin"),
        "email" => json!("mallory@example.com"),
        "password" | "new_password" => json!("a password that nobody has"),
        "profile_image_url" => json!("/user.png"),
        "url" => json!(targets.intranet),
        "query" | "queries" => json!("canary"),
        "permission" => json!("write"),
        "principal_type" => json!("user"),
        _ => return None,
    })
}

/// Everything that a chat can name.
fn files(targets: &Targets) -> Value {
    json!([
        {"type": "file", "id": targets.file, "context": "full"},
        {"type": "collection", "id": targets.collection},
        {"type": "text", "collection_name": format!("file-{}", targets.file)},
        {"collection_names": [targets.collection]}
    ])
}

impl Operation {
    fn new(method: &str, path: &str, operation: &Value, whole: &Value) -> Self {
        let security = operation.get("security").unwrap_or(&whole["security"]);
        let asked = security
            .as_array()
            .is_some_and(|ways| !ways.is_empty() && ways.iter().all(|way| way.as_object().is_some_and(|way| !way.is_empty())));
        let query = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query");
        let content = operation["requestBody"]["content"].as_object();
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            is_public: !asked,
            query: query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect(),
            body: content.and_then(|content| content.iter().next()).map(|(media, content)| (media.clone(), content["schema"].clone())),
        }
    }

    /// Whether it may change something.
    pub fn changes(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }

    /// The kind of thing that `id` means here.
    fn subject<'a>(&self, targets: &'a Targets) -> &'a str {
        let of = [
            ("/files/", &targets.file),
            ("/knowledge/", &targets.collection),
            ("/functions/", &targets.function),
            ("/groups/", &targets.group),
            ("/users/", &targets.user),
        ];
        of.iter().find(|(part, _)| self.path.contains(part)).map_or(&targets.preset, |(_, id)| id)
    }

    /// Its path and query, aimed at the targets.
    fn target(&self, targets: &Targets) -> String {
        let filled = |part: &str| match part.trim_start_matches('{').trim_end_matches('}') {
            _ if !part.starts_with('{') => part.to_owned(),
            "id" => self.subject(targets).to_owned(),
            "file_name" => "a.txt".to_owned(),
            "digest" => format!("sha256:{}", "0".repeat(64)),
            "index" | "url_idx" => "0".to_owned(),
            "version" => "00000000-0000-0000-0000-000000000000".to_owned(),
            // What Open WebUI answers itself with every upstream's key in the body, and upstreams with what is their operator's.
            "path" if self.method == "GET" => "organization/admin_api_keys".to_owned(),
            "path" => "config/update".to_owned(),
            _ => "x".to_owned(),
        };
        let path: Vec<String> = self.path.split('/').map(filled).collect();
        let value = |name: &String| {
            let value = match name.as_str() {
                "id" => self.subject(targets),
                "query" | "filename" => "",
                "page" => "1",
                "skip" | "url_idx" => "0",
                "limit" => "100",
                "direction" => "asc",
                "order_by" => "created_at",
                "from_id" | "to_id" => "00000000-0000-0000-0000-000000000000",
                "stream" | "process_in_background" => "false",
                _ => "true",
            };
            Some(format!("{name}={value}")).filter(|_| !value.is_empty())
        };
        let query: Vec<String> = self.query.iter().filter_map(value).collect();
        if query.is_empty() { path.join("/") } else { format!("{}?{}", path.join("/"), query.join("&")) }
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_aimed_at_the_victim_in_path_query_and_body() {
        let whole = json!({
            "paths": {},
            "components": {"schemas": {"Ask": {"type": "object", "properties": {
                "collection_names": {"type": ["array", "null"], "items": {"type": "string"}}, "k": {"type": "integer", "minimum": 2}
            }}}}
        });
        let operation = json!({
            "security": [{"bearer": []}],
            "parameters": [{"in": "query", "name": "id"}, {"in": "query", "name": "content"}],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ask"}}}}
        });
        let operation = Operation::new("post", "/api/v1/files/{id}/ask", &operation, &whole);
        let description = Description { operations: Vec::new(), whole };
        let targets = Targets { file: "F".into(), collection: "C".into(), ..Targets::default() };
        let request = description.request(&operation, &targets);
        assert_eq!(request.target, "/api/v1/files/F/ask?id=F&content=true");
        assert_eq!(request.body, Some(br#"{"collection_names":["C","file-F"],"k":2}"#.to_vec()));
        assert!(!operation.is_public && operation.changes());
    }
}
