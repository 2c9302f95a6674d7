//! The API describes itself: an OpenAPI description, made of the handlers that answer.
//!
//! paperclip reads each handler's types; `operations` says what an extractor or an answer means, `carry` brings schemas through, and
//! `rules` puts right what the conversion to OpenAPI 3 cannot say. All of it happens when somebody asks, once: a server that is not
//! asked pays nothing.

mod carry;
mod examples;
mod operations;
mod page;
mod reference;
mod rules;
mod schema_names;
pub(crate) mod shapes;
pub(crate) mod wire;

use actix_web::http::Method;
use paperclip::actix::OpenApiExt;
use paperclip::v2::models::{
    DataType, DefaultApiRaw, DefaultOperationRaw, DefaultPathItemRaw, Either, HttpMethod, Info, Parameter, ParameterIn,
};
use serde_json::Value;

pub use page::documentation;
use reference::Reference;

use crate::routes::table;
use crate::table::{Operation, Place, Table};

/// The security schemes, any of which opens what asks for a credential.
const CREDENTIALS: [&str; 2] = ["bearer", "key"];

/// The description of every route, in OpenAPI 3.1.
pub fn description() -> Value {
    let table = table();
    let mut description = converted(collect(&table));
    rules::apply(&mut description, &table);
    schema_names::apply(&mut description);
    description
}

/// The same to read and to compare, line by line.
pub fn description_text() -> String {
    format!("{:#}\n", description())
}

/// OpenAPI 3 of 2. paperclip converts for an application alone, so one is made that nobody runs.
fn converted(api: DefaultApiRaw) -> Value {
    let mut description = Value::Null;
    let keep = |app, converted| {
        description = converted;
        app
    };
    drop(actix_web::App::new().wrap_api_with_spec(api).with_raw_json_spec_v3(keep));
    description
}

fn collect(table: &Table) -> DefaultApiRaw {
    let info = Info { title: "Transom".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned(), ..Info::default() };
    let mut api = DefaultApiRaw { info, ..DefaultApiRaw::default() };
    for place in &table.places {
        for (path, clean) in described_paths(place) {
            for (index, operation) in place.operations.iter().enumerate() {
                let (mut described, definitions) = (operation.describe)();
                for (name, schema) in definitions {
                    let known = api.definitions.insert(name.clone(), schema.clone());
                    debug_assert!(known.is_none_or(|known| known.example == schema.example), "{name} is the name of two schemas");
                }
                let reference = reference::operation(operation.method.as_str(), &clean);
                // Parameters have one name under a path, also for methods that the reference does not have there.
                let described_path = reference::path(&clean).unwrap_or(&clean);
                complete(&mut described, table, place, index, path, described_path, reference);
                let item: &mut DefaultPathItemRaw = api.paths.entry(described_path.to_owned()).or_default();
                if let Some(method) = method(&operation.method) {
                    item.methods.insert(method, described);
                }
            }
        }
    }
    api
}

/// The paths of a place as they are registered and as they are described. What differs in a slash at the end is described once.
pub(crate) fn described_paths(place: &Place) -> Vec<(&str, String)> {
    let mut paths: Vec<(&str, String)> = Vec::new();
    for path in &place.paths {
        let clean = without_patterns(path);
        if paths.iter().all(|(_, known)| known.trim_end_matches('/') != clean.trim_end_matches('/')) {
            paths.push((path, clean));
        }
    }
    paths
}

/// Adds what the handler cannot know of itself: where it is mounted, and what the reference calls it.
fn complete(
    described: &mut DefaultOperationRaw,
    table: &Table,
    place: &Place,
    index: usize,
    path: &str,
    described_path: &str,
    reference: Option<&'static Reference>,
) {
    let operation = &place.operations[index];
    let (id, tag) = match reference {
        Some(reference) => (reference.operation_id.to_owned(), reference.tag),
        None => (operation_id(table, place, index, path), Some(place.tag)),
    };
    described.operation_id = Some(id);
    described.tags = tag.map(str::to_owned).into_iter().collect();
    for status in &operation.statuses {
        described.responses.entry(status.to_string()).or_insert_with(|| Either::Right(Default::default()));
    }
    let mut names = reference::parameters(described_path);
    for part in parts(path) {
        let (name, pattern) = part.split_once(':').unwrap_or((part, ""));
        let is_number = pattern == "\\d+" || name == "index";
        described.parameters.push(Either::Right(Parameter {
            name: names.next().unwrap_or(name).to_owned(),
            in_: ParameterIn::Path,
            required: true,
            data_type: Some(if is_number { DataType::Integer } else { DataType::String }),
            minimum: is_number.then_some(0.0),
            min_length: (!is_number).then_some(1),
            ..Parameter::default()
        }));
        described.responses.entry("404".to_owned()).or_insert_with(|| Either::Right(Default::default()));
    }
}

/// The id of an operation that the reference does not have: the handler's name. A handler with several methods or paths has them in
/// it, after the first.
fn operation_id(table: &Table, place: &Place, index: usize, path: &str) -> String {
    let Operation { name, method, .. } = &place.operations[index];
    let mut id = (*name).to_owned();
    let elsewhere = |other: &&Place| other.operations.iter().any(|operation| operation.name == *name);
    if table.places.iter().filter(elsewhere).count() > 1 {
        let below = place.paths[0].trim_start_matches("/api/v1");
        let words = below.split('/').filter(|part| !part.is_empty() && *part != place.tag && !part.starts_with('{'));
        id.extend(words.flat_map(|word| ["_", word]));
    }
    if place.operations[..index].iter().any(|before| before.name == *name) {
        id = format!("{id}_{}", method.as_str().to_ascii_lowercase());
    }
    match (path == place.paths[0], path.contains("{index")) {
        (true, _) => id,
        (false, true) => format!("{id}_of_connection"),
        (false, false) => format!("{id}_v1"),
    }
}

fn method(method: &Method) -> Option<HttpMethod> {
    Some(match *method {
        Method::GET => HttpMethod::Get,
        Method::HEAD => HttpMethod::Head,
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::DELETE => HttpMethod::Delete,
        _ => return None,
    })
}

/// The parts of a path that stand for something, `{id}` or `{index:\d+}`, without the braces.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

fn without_patterns(path: &str) -> String {
    let mut clean = path.to_owned();
    for part in parts(path) {
        let name = part.split(':').next().unwrap_or(part);
        clean = clean.replace(&format!("{{{part}}}"), &format!("{{{name}}}"));
    }
    clean
}
