//! What the log says when the server starts: what runs where, and what is set in vain.

use transom_app::App;
use transom_app::models::Kind;
use transom_config::{Config, Notice};

/// Version, folder and connections, and what has no effect.
pub fn start(config: &Config, app: &App) {
    let database = if config.database.url.is_some() { "DATABASE_URL" } else { "transom.db" };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), data = %config.database.folder.display(), database, "transom starts");
    for connection in app.models.connections() {
        if let Some(kind) = kind(connection.kind) {
            tracing::info!(kind, address = connection.models.name(), "an upstream is connected");
        }
    }
    for notice in &config.notices {
        match notice {
            Notice::Unused(names) => {
                tracing::warn!(variables = names.join(", "), "variables of Open WebUI are set that have no effect here");
            }
            Notice::Unknown { name, nearest } => {
                tracing::warn!(variable = name, nearest, "a variable is set that nobody knows, and has no effect");
            }
            Notice::SpareKeys { keys, addresses } => {
                tracing::warn!(keys, addresses, "OPENAI_API_KEYS has more keys than there are addresses; the last ones are not used");
            }
        }
    }
}

/// Where the first account is made, at one of these addresses.
pub fn first_account(config: &Config, addresses: &[std::net::SocketAddr]) {
    let Some(address) = addresses.first() else { return };
    let page = if config.server.console { "open that address" } else { "POST /api/v1/auths/signup" };
    tracing::info!(
        address = %format_args!("http://{address}"),
        "there is no account yet: {page}, or run `transom user create EMAIL --role admin`; whoever comes first is the administrator"
    );
}

fn kind(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::OpenAi => Some("openai"),
        Kind::Ollama => Some("ollama"),
        Kind::Own => Some("program"),
        Kind::Function => None,
    }
}
