//! Routes of retrieval.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use serde::Deserialize;
use serde_json::json;
use transom_app::App;
use transom_app::retrieval::Question;
use transom_domain::{FileId, KnowledgeId};

use crate::body::{Authorized, Json};
use crate::{Admin, ApiError, SignedIn};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/api/v1/retrieval/query/doc", web::post().to(query_doc))
        .route("/api/v1/retrieval/query/collection", web::post().to(query_collection))
        .route("/api/v1/retrieval/process/file", web::post().to(process_file))
        .route("/api/v1/retrieval/config", web::get().to(get_config))
        .route("/api/v1/retrieval/embedding", web::get().to(get_embedding));
}

type Answer = Result<HttpResponse, ApiError>;

#[derive(Deserialize)]
struct QueryDocRequest {
    collection_name: String,
    #[serde(flatten)]
    question: QuestionRequest,
}

#[derive(Deserialize)]
struct QueryCollectionRequest {
    collection_names: Vec<String>,
    #[serde(flatten)]
    question: QuestionRequest,
}

#[derive(Deserialize)]
struct QuestionRequest {
    query: String,
    #[serde(default)]
    k: Option<usize>,
    #[serde(default)]
    k_reranker: Option<usize>,
    #[serde(default)]
    r: Option<f32>,
    #[serde(default)]
    hybrid: Option<bool>,
    #[serde(default)]
    hybrid_bm25_weight: Option<f32>,
}

impl From<QuestionRequest> for Question {
    fn from(request: QuestionRequest) -> Self {
        Question {
            text: request.query,
            limit: request.k,
            reranked: request.k_reranker,
            threshold: request.r,
            hybrid: request.hybrid,
            bm25_weight: request.hybrid_bm25_weight,
        }
    }
}

async fn query_doc(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<QueryDocRequest>>) -> Answer {
    let passages = app.retrieval.query(&caller.0, &[body.0.collection_name], &body.0.question.into()).await?;
    Ok(HttpResponse::Ok().json(passages))
}

async fn query_collection(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<QueryCollectionRequest>>) -> Answer {
    let passages = app.retrieval.query(&caller.0, &body.0.collection_names, &body.0.question.into()).await?;
    Ok(HttpResponse::Ok().json(passages))
}

#[derive(Deserialize)]
struct ProcessFileRequest {
    file_id: FileId,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    collection_name: Option<String>,
}

/// Reads a file (again), or takes the text that is sent for it, and puts it into a collection where one is named.
async fn process_file(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<ProcessFileRequest>>) -> Answer {
    let ProcessFileRequest { file_id, content, collection_name } = body.0;
    let own = format!("file-{file_id}");
    let file = match content {
        Some(content) => app.files.replace_text(&caller.0, &file_id, content).await?,
        None => app.files.process(&caller.0, &file_id).await?,
    };
    transom_app::files::readable(&file)?;
    let collection = collection_name.filter(|name| *name != own);
    if let Some(collection) = &collection {
        app.knowledge.add(&caller.0, &KnowledgeId::from(collection.as_str()), std::slice::from_ref(&file_id)).await?;
    }
    let text = app.files.text(&caller.0, &file_id).await?;
    Ok(HttpResponse::Ok().json(json!({
        "status": true,
        "collection_name": collection.unwrap_or(own),
        "filename": file.filename,
        "content": text,
    })))
}

async fn get_config(app: Data<App>, _caller: Admin) -> Answer {
    let settings = app.retrieval.settings();
    let files = app.files.config();
    Ok(HttpResponse::Ok().json(json!({
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
    })))
}

async fn get_embedding(app: Data<App>, _caller: Admin) -> Answer {
    let indexing = &app.retrieval.settings().indexing;
    Ok(HttpResponse::Ok().json(json!({
        "status": true,
        "RAG_EMBEDDING_ENGINE": indexing.engine,
        "RAG_EMBEDDING_MODEL": indexing.model,
        "RAG_EMBEDDING_BATCH_SIZE": indexing.batch_size,
    })))
}
