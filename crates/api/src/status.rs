//! `/api/v1/transom/status`: how the server is, for administrators. Open WebUI has no such route.

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::Serialize;
use transom_app::App;
use transom_app::models::{ConnectionHealth, Kind};
use utoipa::ToSchema;

use crate::reply::Reply;
use crate::table::Table;
use crate::{Admin, ApiError};

/// The version of Transom itself; `/api/version` tells the one of the API that is spoken.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn routes(table: &mut Table) {
    table.at("/api/v1/transom/status").get(get_server_status);
}

/// How the server is.
#[derive(Serialize, ToSchema)]
struct ServerStatus {
    /// Transom's own version.
    version: &'static str,
    /// The version of Open WebUI's API that is spoken.
    #[schema(examples("0.12.4"))]
    api_version: String,
    /// How long the server runs.
    uptime_seconds: u64,
    /// The upstreams, as they did when they were last asked for their models.
    connections: Vec<ConnectionStatus>,
    /// Bytes on the disk.
    stores: StoreSizes,
    accounts: u64,
    collections: u64,
    /// Files by how far they are.
    files: FileCounts,
    jobs: JobCounts,
}

/// How an upstream did when it was last asked for its models.
#[derive(Serialize, ToSchema)]
struct ConnectionStatus {
    /// `openai`, `ollama`, or `own` for a provider that the program brings along.
    kind: &'static str,
    /// Its place among those of its kind, from 0.
    index: usize,
    address: String,
    answers: bool,
    /// Why it does not answer.
    failure: Option<String>,
    /// How many models it offers, or offered when it last answered.
    models: usize,
}

/// Bytes on the disk.
#[derive(Serialize, ToSchema)]
struct StoreSizes {
    database: u64,
    uploads: u64,
    vectors: u64,
}

/// Files by how far they are.
#[derive(Serialize, ToSchema)]
struct FileCounts {
    unprocessed: u64,
    pending: u64,
    processing: u64,
    completed: u64,
    failed: u64,
}

/// Background work.
#[derive(Serialize, ToSchema)]
struct JobCounts {
    waiting: u64,
    running: u64,
}

/// Shows how the server is
///
/// Its versions, since when it runs, which upstreams answer, how much is stored and what waits to be done. Administrators only.
#[api_v2_operation]
async fn get_server_status(app: Data<App>, Admin(caller): Admin) -> Result<Reply<ServerStatus>, ApiError> {
    let figures = app.status.figures(&caller).await?;
    let census = figures.census;
    let files = |status: &str| census.files.get(status).copied().unwrap_or(0);
    Ok(Reply::of(&ServerStatus {
        version: RELEASE,
        api_version: app.about.version.clone(),
        uptime_seconds: figures.uptime.as_secs(),
        connections: app.models.health().await.into_iter().map(ConnectionStatus::from).collect(),
        stores: StoreSizes { database: census.bytes, uploads: figures.uploads, vectors: figures.vectors },
        accounts: census.accounts,
        collections: census.collections,
        files: FileCounts {
            unprocessed: files("unprocessed"),
            pending: files("pending"),
            processing: files("processing"),
            completed: files("completed"),
            failed: files("failed"),
        },
        jobs: JobCounts { waiting: census.waiting, running: census.running },
    }))
}

impl From<ConnectionHealth> for ConnectionStatus {
    fn from(health: ConnectionHealth) -> Self {
        let kind = match health.kind {
            Kind::OpenAi => "openai",
            Kind::Ollama => "ollama",
            Kind::Own => "own",
            Kind::Function => "function",
        };
        let ConnectionHealth { index, address, answers, failure, models, .. } = health;
        Self { kind, index, address, answers, failure, models }
    }
}
