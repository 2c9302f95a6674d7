//! What each extractor and each answer says of an operation: what goes in and comes out, and what can be refused.

use paperclip::actix::OperationModifier;
use paperclip::v2::models::{DataType, DefaultOperationRaw, Either, Parameter, ParameterIn, Response};
use paperclip::v2::schema::{Apiv2Errors, Apiv2Schema};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::carry::{carry, content, define, mention, schema};
use crate::body::{Authorized, Form, Json, JsonObject, Raw, Streaming, UploadForm};
use crate::credentials::{AdminSession, Current};
use crate::description::wire::{ModelCall, ModelCallForm};
use crate::model_call::ModelCallBody;
use crate::openai::Passthrough;
use crate::params::{Path, Query};
use crate::public::Public;
use crate::reply::{Download, List, Relayed, Reply, Streamed};
use crate::table::Definitions;
use crate::{Admin, AdminInSession, ApiError, InSession, SignedIn, Visitor};

/// Implemented empty: paperclip asks it of whatever a handler takes or gives.
macro_rules! plain {
    ($($name:ident $(<$($type:ident),+>)?),+ $(,)?) => { $( impl $(<$($type),+>)? Apiv2Schema for $name $(<$($type),+>)? {} )+ };
}

plain!(SignedIn, Admin, Visitor, Current, InSession, AdminInSession, AdminSession, Passthrough, ModelCallBody);
plain!(Public<T>, Authorized<C, B>, Raw<T>, Streaming, JsonObject<T>, Json<T>, Form, Path<T>, Query<T>);
plain!(Reply<T>, List<T>, Streamed<T>, Relayed, Download);

/// What becomes of a call where an upstream is asked: too many calls, broken, or too slow.
const UPSTREAM: [u16; 3] = [429, 502, 504];

fn answers(operation: &mut DefaultOperationRaw, content: Value) {
    let response = Response { description: Some("OK".to_owned()), schema: Some(carry(content)), ..Response::default() };
    operation.responses.insert("200".to_owned(), Either::Right(response));
}

fn events() -> Value {
    json!({ "schema": { "description": "Server-Sent Events, each with a JSON object as its `data`" } })
}

/// The bodies of refusals are all alike and are put in by the rules.
fn refuses<const N: usize>(operation: &mut DefaultOperationRaw, statuses: [u16; N]) {
    for status in statuses {
        operation.responses.entry(status.to_string()).or_insert_with(|| Either::Right(Response::default()));
    }
}

fn takes(operation: &mut DefaultOperationRaw, content: Value, required: bool) {
    operation.parameters.push(Either::Right(Parameter {
        in_: ParameterIn::Body,
        name: "body".to_owned(),
        required,
        schema: Some(carry(content)),
        ..Parameter::default()
    }));
}

/// A credential that is asked for, with the role that it must have.
fn asks(operation: &mut DefaultOperationRaw, roles: &[&str]) {
    let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
    operation.security = super::CREDENTIALS.map(|scheme| [(scheme.to_owned(), roles.clone())].into()).into();
    refuses(operation, [401, 403]);
}

macro_rules! credential {
    ($($name:ident: $roles:expr),+) => { $(
        impl OperationModifier for $name {
            fn update_security(operation: &mut DefaultOperationRaw) {
                asks(operation, &$roles);
            }
        }
    )+ };
}

credential!(SignedIn: [], Admin: ["admin"], Visitor: [], Current: [], InSession: [], AdminInSession: ["admin"], AdminSession: ["admin"]);
credential!(Passthrough: ["admin"]);

impl<C: OperationModifier, B: OperationModifier> OperationModifier for Authorized<C, B> {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        B::update_parameter(operation);
    }

    fn update_definitions(definitions: &mut Definitions) {
        B::update_definitions(definitions);
    }

    fn update_security(operation: &mut DefaultOperationRaw) {
        C::update_security(operation);
    }
}

impl<T: ToSchema> OperationModifier for Json<T> {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        takes(operation, content("application/json", &mention::<T>()), true);
        refuses(operation, [400, 413, 422]);
    }

    fn update_definitions(definitions: &mut Definitions) {
        define::<T>(definitions);
    }
}

/// Anybody's, and refused where a foreign page sent it.
impl<T: ToSchema> OperationModifier for Public<T> {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        Json::<T>::update_parameter(operation);
        refuses(operation, [403]);
    }

    fn update_definitions(definitions: &mut Definitions) {
        define::<T>(definitions);
    }
}

impl<T: ToSchema> OperationModifier for JsonObject<T> {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        Json::<T>::update_parameter(operation);
    }

    fn update_definitions(definitions: &mut Definitions) {
        define::<T>(definitions);
    }
}

impl<T: ToSchema> OperationModifier for Raw<T> {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        // A body of which nothing is required may be left out.
        takes(operation, content("application/json", &mention::<T>()), schema::<T>()["required"].is_array());
        refuses(operation, [400, 413, 422]);
    }

    fn update_definitions(definitions: &mut Definitions) {
        define::<T>(definitions);
    }
}

impl OperationModifier for Streaming {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        takes(operation, content("application/octet-stream", &json!({})), false);
        refuses(operation, [400]);
    }
}

impl OperationModifier for Form {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        takes(operation, content("multipart/form-data", &mention::<UploadForm>()), true);
        refuses(operation, [400, 413, 422]);
    }

    fn update_definitions(definitions: &mut Definitions) {
        define::<UploadForm>(definitions);
    }
}

impl OperationModifier for ModelCallBody {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        let (json, form) = (mention::<ModelCall>(), mention::<ModelCallForm>());
        takes(operation, json!({ "application/json": { "schema": json }, "multipart/form-data": { "schema": form } }), true);
        refuses(operation, [400, 413, 422]);
    }

    fn update_definitions(definitions: &mut Definitions) {
        define::<ModelCall>(definitions);
        define::<ModelCallForm>(definitions);
    }
}

/// Which parts there are, the path itself says; they are put in where it is known.
impl<T> OperationModifier for Path<T> {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        refuses(operation, [404, 422]);
    }
}

impl<T: ToSchema> OperationModifier for Query<T> {
    fn update_parameter(operation: &mut DefaultOperationRaw) {
        let shape = schema::<T>();
        let required: Vec<&str> = shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, field) in shape["properties"].as_object().into_iter().flatten() {
            operation.parameters.push(Either::Right(parameter(name, field, required.contains(&name.as_str()))));
        }
        refuses(operation, [400, 422]);
    }
}

fn parameter(name: &str, field: &Value, required: bool) -> Parameter<paperclip::v2::models::DefaultSchemaRaw> {
    // What may be left out is `["string", "null"]` in a body; in a query it is left out.
    let named =
        field["type"].as_str().or_else(|| field["type"].as_array()?.iter().find_map(|one| one.as_str().filter(|one| *one != "null")));
    Parameter {
        name: name.to_owned(),
        in_: ParameterIn::Query,
        required,
        description: field["description"].as_str().map(str::to_owned),
        data_type: Some(match named {
            Some("integer") => DataType::Integer,
            Some("number") => DataType::Number,
            Some("boolean") => DataType::Boolean,
            _ => DataType::String,
        }),
        minimum: field["minimum"].as_f64().map(|least| least as f32),
        maximum: field["maximum"].as_f64().map(|most| most as f32),
        enum_: field["enum"].as_array().cloned().unwrap_or_default(),
        ..Parameter::default()
    }
}

impl<T: ToSchema> OperationModifier for Reply<T> {
    fn update_response(operation: &mut DefaultOperationRaw) {
        answers(operation, content("application/json", &mention::<T>()));
    }

    fn update_definitions(definitions: &mut Definitions) {
        define::<T>(definitions);
    }
}

impl<T: ToSchema> OperationModifier for List<T> {
    fn update_response(operation: &mut DefaultOperationRaw) {
        answers(operation, content("application/json", &json!({ "type": "array", "items": mention::<T>() })));
    }

    fn update_definitions(definitions: &mut Definitions) {
        define::<T>(definitions);
    }
}

impl<T: ToSchema> OperationModifier for Streamed<T> {
    fn update_response(operation: &mut DefaultOperationRaw) {
        answers(operation, json!({ "application/json": { "schema": mention::<T>() }, "text/event-stream": events() }));
        refuses(operation, UPSTREAM);
    }

    fn update_definitions(definitions: &mut Definitions) {
        define::<T>(definitions);
    }
}

impl OperationModifier for Relayed {
    fn update_response(operation: &mut DefaultOperationRaw) {
        let lines = json!({ "schema": { "description": "one JSON object a line" } });
        let any = json!({ "schema": {} });
        answers(operation, json!({ "application/json": any, "application/x-ndjson": lines, "text/event-stream": events(), "*/*": any }));
        refuses(operation, UPSTREAM);
    }
}

impl OperationModifier for Download {
    fn update_response(operation: &mut DefaultOperationRaw) {
        let bytes = json!({ "schema": { "type": "string", "format": "binary" } });
        answers(operation, json!({ "application/octet-stream": bytes, "*/*": { "schema": {} } }));
    }
}

impl Apiv2Errors for ApiError {
    fn update_error_definitions(operation: &mut DefaultOperationRaw) {
        refuses(operation, [500]);
    }
}
