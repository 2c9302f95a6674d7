//! How files are indexed and found: shown, and changed where that can be done while the server runs.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::{Map, Value, json};
use transom_app::retrieval::Retrieval;
use transom_app::{App, Error};

use super::Answer;
use crate::Admin;
use crate::body::{Authorized, Json};

pub(super) async fn get_config(app: Data<App>, _caller: Admin) -> Answer {
    Ok(HttpResponse::Ok().json(shown(&app)))
}

/// Takes the whole form that clients send back, and changes what is different in it.
pub(super) async fn update_config(app: Data<App>, Authorized(caller, body): Authorized<Admin, Json<Map<String, Value>>>) -> Answer {
    let current = shown(&app);
    let mut changes = Map::new();
    for (name, value) in body.0 {
        if value.is_null() || current.get(&name) == Some(&value) {
            continue;
        }
        if Retrieval::is_changeable(&name) {
            changes.insert(name, value);
        } else {
            check_unchanged(&name, &value, &current)?;
        }
    }
    app.retrieval.change(&caller.0, &changes).await?;
    Ok(HttpResponse::Ok().json(shown(&app)))
}

pub(super) async fn get_embedding(app: Data<App>, _caller: Admin) -> Answer {
    Ok(HttpResponse::Ok().json(shown_embedding(&app)))
}

/// Every stored vector is the embedding model's, so it is chosen at start and nowhere else: what is the same is accepted.
pub(super) async fn update_embedding(app: Data<App>, Authorized(_caller, body): Authorized<Admin, Json<Map<String, Value>>>) -> Answer {
    let current = shown_embedding(&app);
    for name in ["RAG_EMBEDDING_ENGINE", "RAG_EMBEDDING_MODEL"] {
        if !body.0.get(name).is_some_and(Value::is_string) {
            return Err(Error::Malformed(format!("the body needs a text {name}")).into());
        }
    }
    for (name, value) in &body.0 {
        check_unchanged(name, value, &current)?;
    }
    Ok(HttpResponse::Ok().json(current))
}

/// Deletes every collection, and makes every vector anew from what was read.
pub(super) async fn reset_db(app: Data<App>, caller: Admin) -> Answer {
    app.knowledge.delete_all(&caller.0).await?;
    app.retrieval.reset(&caller.0).await?;
    Ok(HttpResponse::Ok().json(Value::Null))
}

pub(super) async fn reset_uploads(app: Data<App>, caller: Admin) -> Answer {
    app.files.delete_all(&caller.0).await?;
    Ok(HttpResponse::Ok().json(true))
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

/// Refuses to change what cannot be changed. What says nothing (null, empty, off) changes nothing.
fn check_unchanged(name: &str, value: &Value, current: &Value) -> Result<(), Error> {
    match current.get(name) {
        Some(known) if known == value || says_nothing(value) && says_nothing(known) || value.is_null() => Ok(()),
        Some(_) => {
            Err(Error::Invalid(format!("{name} is read when the server starts: set it in the environment and start the server again")))
        }
        None if says_nothing(value) => Ok(()),
        None => Err(Error::Invalid(format!("{name} is no setting of this server"))),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(values) => values.values().all(says_nothing),
        Value::Bool(true) | Value::Number(_) => false,
    }
}
