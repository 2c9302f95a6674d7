//! Somebody else's application with the gateway mounted in it, below `/ai`: `mounted ADDRESS`, where ADDRESS is that of an
//! OpenAI-compatible server, such as `http://localhost:8080/v1`. With a second one, that of an Ollama, its models are there too.
//!
//! It has routes of its own and its own way of knowing who calls; the gateway keeps no accounts, no documents and no database.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is how this program says where it listens")]

use std::process::ExitCode;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{App, HttpRequest, HttpServer, web};
use transom_api::ApiError;
use transom_app::Gateway;
use transom_app::models::{Connection, Kind};
use transom_domain::{Caller, Role};
use transom_provider_ollama::{OllamaConfig, OllamaModels};
use transom_provider_openai::{OpenAiConfig, OpenAiModels};
use transom_upstream::{ClientSettings, Limits, upstream_client};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The accounts of this application: a badge, a name, and what it may do here. Whoever is new waits.
const STAFF: [(&str, &str, Role); 3] =
    [("badge-of-ada", "ada", Role::Admin), ("badge-of-charles", "charles", Role::User), ("badge-of-george", "george", Role::Pending)];

#[actix_web::main]
async fn main() -> ExitCode {
    let addresses: Vec<String> = std::env::args().skip(1).collect();
    let served = match addresses.as_slice() {
        [openai] => serve(openai, None).await,
        [openai, ollama] => serve(openai, Some(ollama)).await,
        _ => Err("usage: mounted OPENAI-ADDRESS [OLLAMA-ADDRESS]".into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

// ANCHOR: mounted
async fn serve(openai: &str, ollama: Option<&String>) -> Outcome<()> {
    let gateway = Gateway::open(connections(openai, ollama)?);
    let server = HttpServer::new(move || {
        App::new().route("/hello", web::get().to(hello)).service(web::scope("/ai").configure(transom_api::gateway(gateway.clone(), who)))
    });
    let server = server.workers(2).bind(("127.0.0.1", 0))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    Ok(server.run().await?)
}

/// A route of the application itself.
async fn hello() -> &'static str {
    "Hello from the application."
}

/// Who calls, as this application knows it. What is refused here never reaches a model.
async fn who(request: HttpRequest) -> Result<Caller, ApiError> {
    let badge = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Badge "));
    let known = STAFF.iter().find(|(known, ..)| badge == Some(*known));
    let refused = || ApiError::new(StatusCode::UNAUTHORIZED, "show your badge: `Authorization: Badge …`");
    known.map(|(_, name, role)| Caller::new((*name).into(), *role)).ok_or_else(refused)
}
// ANCHOR_END: mounted

fn connections(openai: &str, ollama: Option<&String>) -> Outcome<Vec<Connection>> {
    let client = upstream_client(&ClientSettings::default())?;
    let config = OpenAiConfig { base_url: openai.to_owned(), key: None, limits: Limits::default() };
    let mut connections = vec![Connection::new(Kind::OpenAi, 0, Arc::new(OpenAiModels::new(config, client.clone())?))];
    if let Some(ollama) = ollama {
        let config = OllamaConfig { base_url: ollama.clone(), key: None, limits: Limits::default() };
        connections.push(Connection::new(Kind::Ollama, 0, Arc::new(OllamaModels::new(config, client)?)));
    }
    Ok(connections)
}
