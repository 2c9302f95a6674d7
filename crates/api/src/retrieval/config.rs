//! How files are indexed and found: shown, and changed where that can be done while the server runs.

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use transom_app::App;
use transom_app::retrieval::Retrieval;
use utoipa::ToSchema;

use crate::body::{Authorized, Json};
use crate::description::shapes::{Object, ObjectOrNull};
use crate::reply::Reply;
use crate::{Admin, ApiError, unchanged};

/// How files are indexed and found.
#[derive(ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(dead_code, reason = "it is put together by name, so that a change can be compared with it; only its shape counts")]
pub(super) struct RetrievalConfig {
    #[serde(rename = "status")]
    status: bool,
    rag_template: String,
    top_k: usize,
    bypass_embedding_and_retrieval: bool,
    rag_full_context: bool,
    enable_rag_hybrid_search: bool,
    enable_rag_hybrid_search_enriched_texts: bool,
    top_k_reranker: usize,
    hybrid_bm25_weight: Option<f32>,
    rag_reranking_engine: String,
    rag_reranking_model: String,
    rag_external_reranker_url: String,
    relevance_threshold: f32,
    enable_retrieval_query_generation: bool,
    text_splitter: String,
    chunk_size: usize,
    chunk_overlap: usize,
    /// In megabytes; null where there is no limit.
    file_max_size: Option<f64>,
    file_max_count: Option<usize>,
    allowed_file_extensions: Vec<String>,
}

/// Which model makes vectors.
#[derive(ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(dead_code, reason = "it is put together by name, so that a change can be compared with it; only its shape counts")]
pub(super) struct EmbeddingConfig {
    #[serde(rename = "status")]
    status: bool,
    rag_embedding_engine: String,
    rag_embedding_model: String,
    rag_embedding_batch_size: usize,
    enable_async_embedding: bool,
    rag_embedding_concurrent_requests: usize,
    #[serde(rename = "openai_config")]
    openai: Object,
    #[serde(rename = "ollama_config")]
    ollama: Object,
    #[serde(rename = "azure_openai_config")]
    azure: Object,
}

/// The embedding model, as the settings have it already.
#[derive(Deserialize, ToSchema)]
pub(super) struct EmbeddingRequest {
    #[serde(rename = "RAG_EMBEDDING_ENGINE")]
    engine: String,
    #[serde(rename = "RAG_EMBEDDING_MODEL")]
    model: String,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// Shows how files are indexed and found
#[api_v2_operation]
pub(super) async fn get_retrieval_config(app: Data<App>, _caller: Admin) -> Result<Reply<RetrievalConfig>, ApiError> {
    Ok(Reply::shaped(&shown(&app)))
}

/// Changes how files are indexed and found
///
/// Takes the whole form that clients send back, and changes what is different in it.
#[api_v2_operation]
pub(super) async fn update_retrieval_config(
    app: Data<App>,
    Authorized(caller, body): Authorized<Admin, Json<Object>>,
) -> Result<Reply<RetrievalConfig>, ApiError> {
    let current = shown(&app);
    let mut changes = Map::new();
    for (name, value) in body.0.0 {
        if value.is_null() || current.get(&name) == Some(&value) {
            continue;
        }
        if Retrieval::is_changeable(&name) {
            changes.insert(name, value);
        } else {
            unchanged::check(&name, &value, &current)?;
        }
    }
    app.retrieval.change(&caller.0, &changes).await?;
    Ok(Reply::shaped(&shown(&app)))
}

/// Shows which model makes vectors
#[api_v2_operation]
pub(super) async fn get_embedding_config(app: Data<App>, _caller: Admin) -> Result<Reply<EmbeddingConfig>, ApiError> {
    Ok(Reply::shaped(&shown_embedding(&app)))
}

/// Takes what the settings say already
///
/// Every stored vector is the embedding model's, so it is chosen at start and nowhere else: what is the same is accepted.
#[api_v2_operation]
pub(super) async fn update_embedding_config(
    app: Data<App>,
    Authorized(_caller, Json(request)): Authorized<Admin, Json<EmbeddingRequest>>,
) -> Result<Reply<EmbeddingConfig>, ApiError> {
    let current = shown_embedding(&app);
    unchanged::check("RAG_EMBEDDING_ENGINE", &request.engine.into(), &current)?;
    unchanged::check("RAG_EMBEDDING_MODEL", &request.model.into(), &current)?;
    for (name, value) in &request.more {
        unchanged::check(name, value, &current)?;
    }
    Ok(Reply::shaped(&current))
}

/// Deletes every collection, and makes every vector anew from what was read
#[api_v2_operation]
pub(super) async fn reset_index(app: Data<App>, caller: Admin) -> Result<Reply<ObjectOrNull>, ApiError> {
    app.knowledge.delete_all(&caller.0).await?;
    app.retrieval.reset(&caller.0).await?;
    Ok(Reply::shaped(&Value::Null))
}

/// Deletes every file
#[api_v2_operation]
pub(super) async fn reset_uploads(app: Data<App>, caller: Admin) -> Result<Reply<bool>, ApiError> {
    app.files.delete_all(&caller.0).await?;
    Ok(Reply::of(&true))
}

fn shown(app: &App) -> Value {
    let settings = app.retrieval.settings();
    let files = app.files.config();
    json!({
        "status": true,
        "RAG_TEMPLATE": app.retrieval.template(),
        "TOP_K": settings.top_k,
        "BYPASS_EMBEDDING_AND_RETRIEVAL": settings.bypass,
        "RAG_FULL_CONTEXT": settings.full_context,
        "ENABLE_RAG_HYBRID_SEARCH": settings.hybrid,
        "ENABLE_RAG_HYBRID_SEARCH_ENRICHED_TEXTS": settings.enriched,
        "TOP_K_RERANKER": settings.top_k_reranker,
        "HYBRID_BM25_WEIGHT": settings.bm25_weight,
        "RAG_RERANKING_ENGINE": settings.reranking.engine,
        "RAG_RERANKING_MODEL": settings.reranking.model,
        "RAG_EXTERNAL_RERANKER_URL": settings.reranking.url,
        "RELEVANCE_THRESHOLD": settings.relevance_threshold,
        "ENABLE_RETRIEVAL_QUERY_GENERATION": settings.query_generation,
        "TEXT_SPLITTER": settings.indexing.splitter,
        "CHUNK_SIZE": settings.indexing.chunk_size,
        "CHUNK_OVERLAP": settings.indexing.chunk_overlap,
        "FILE_MAX_SIZE": files.max_megabytes(),
        "FILE_MAX_COUNT": files.max_count,
        "ALLOWED_FILE_EXTENSIONS": files.allowed_extensions,
    })
}

/// Addresses and keys of embedding upstreams are the environment's, and are not shown.
fn shown_embedding(app: &App) -> Value {
    let settings = app.retrieval.settings();
    let indexing = &settings.indexing;
    json!({
        "status": true,
        "RAG_EMBEDDING_ENGINE": indexing.engine,
        "RAG_EMBEDDING_MODEL": indexing.model,
        "RAG_EMBEDDING_BATCH_SIZE": indexing.batch_size,
        "ENABLE_ASYNC_EMBEDDING": true,
        "RAG_EMBEDDING_CONCURRENT_REQUESTS": indexing.concurrency,
        "openai_config": { "url": "", "key": "" },
        "ollama_config": { "url": "", "key": "" },
        "azure_openai_config": { "url": "", "key": "", "version": "" },
    })
}
